"""Looks up many known keys in a bucket with few listing requests. The requests themselves are made in ``s3``."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from f5_pipeline.storage.object_store import ObjectInfo


@dataclass(frozen=True)
class Page:
    """One page of a listing."""

    infos: Sequence[ObjectInfo]  # in key order
    token: str  # of the next page; "" on the last page


GetPage = Callable[..., Page]  # (prefix, after="", token="")


def find_keys(get_page: GetPage, wanted: Sequence[str]) -> Iterator[ObjectInfo]:
    """The wanted keys that exist, from pages that each start just before the next wanted key (a skip scan).

    Takes no more requests than there are wanted keys, and no more than a full listing.

    Args:
        get_page: returns a page of the objects with a prefix, after a key or at a token.
        wanted: sorted keys without duplicates.
    """
    prefix = os.path.commonprefix([wanted[0], wanted[-1]])  # noqa: RUF071 - a listing compares characters
    keys, position, after = set(wanted), 0, ""
    while position < len(wanted):
        after = max(after, wanted[position][:-1])  # sorts before the key, with little in between
        page = get_page(prefix, after=after)
        if page.infos and page.infos[0].key <= after:  # the server ignores StartAfter
            yield from _scan(get_page, prefix, keys)
            return
        yield from (info for info in page.infos if info.key in keys)
        if not page.token or not page.infos:
            return
        after = page.infos[-1].key
        while position < len(wanted) and wanted[position] <= after:
            position += 1


def _scan(get_page: GetPage, prefix: str, keys: set[str]) -> Iterator[ObjectInfo]:
    page = get_page(prefix)
    while True:
        yield from (info for info in page.infos if info.key in keys)
        if not page.token:
            return
        page = get_page(prefix, token=page.token)
