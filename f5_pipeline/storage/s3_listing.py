"""Finding many known keys in a bucket with few requests. The requests themselves are ``s3``'s."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from f5_pipeline.storage.object_store import ObjectInfo


@dataclass(frozen=True)
class Page:
    """One answer to a listing."""

    infos: Sequence[ObjectInfo]  # in key order
    token: str  # where the next page begins; "": this is the last one


GetPage = Callable[..., Page]  # (prefix, after="", token="")


def leap(get_page: GetPage, wanted: Sequence[str]) -> Iterator[ObjectInfo]:
    """Those of the wanted keys that exist, from pages that each begin just before the next wanted key.

    No more requests than wanted keys, and no more than the pages of a full listing; whichever is less.

    Args:
        get_page: a page of the objects with a prefix, after a key or at a token.
        wanted: keys in order, without repetition.
    """
    prefix = os.path.commonprefix([wanted[0], wanted[-1]])  # noqa: RUF071 - characters are what a listing compares
    keys, position, after = set(wanted), 0, ""
    while position < len(wanted):
        after = max(after, wanted[position][:-1])  # a key's own beginning comes before it, and little in between
        page = get_page(prefix, after=after)
        if page.infos and page.infos[0].key <= after:  # a server that does not know how to begin elsewhere
            yield from _walk(get_page, prefix, keys)
            return
        yield from (info for info in page.infos if info.key in keys)
        if not page.token or not page.infos:
            return
        after = page.infos[-1].key
        while position < len(wanted) and wanted[position] <= after:
            position += 1


def _walk(get_page: GetPage, prefix: str, keys: set[str]) -> Iterator[ObjectInfo]:
    page = get_page(prefix)
    while True:
        yield from (info for info in page.infos if info.key in keys)
        if not page.token:
            return
        page = get_page(prefix, token=page.token)
