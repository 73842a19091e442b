"""The listening page for people without access to the store: presigned links in place of the files beside it.

Presigned links are secrets until they expire, so the delivered ``report.html`` has none; a page with links is made on
request. ``delivery.report_page`` renders pages.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.delivery.report_page import with_links
from f5_pipeline.errors import NotSpokenYet, ObjectMissing, PageDamaged
from f5_pipeline.results.lookup import batch_results
from f5_pipeline.storage import layout
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.partial import atomic_write


@dataclass(frozen=True)
class SharedPage:
    """A listening page with presigned links."""

    location: str  # path of the page, or a link that opens it
    expires: int | None  # when its links expire, in seconds since 1970; None: never


def save_page(store: ObjectStore, batch: str, seconds: int, path: Path) -> SharedPage:
    """Write a page whose links are valid for ``seconds`` to a file on this machine, readable only by this user.

    Raises:
        BatchMissing, NotSpokenYet: there is no such batch, or it has no delivery.
        PageDamaged: the delivered page is damaged or from another version.
        BadSetting: links cannot be valid for so long.
        FileUnusable: the file cannot be written.
    """
    text, expires = _page(store, batch, seconds)
    with translate_os_errors(path), atomic_write(path) as file:
        with suppress(PermissionError):  # the file is ours, so its file system has no permissions that could be set
            Path(file.name).chmod(0o600)
        file.write(text.encode())
    return SharedPage(str(path), expires)


def publish_page(store: ObjectStore, batch: str, seconds: int) -> SharedPage:
    """Write a page whose links are valid for ``seconds`` to the store, beside the delivered page, and link to it.

    Raises:
        StoreUnusable: the store cannot be written.
        BatchMissing, NotSpokenYet, PageDamaged, BadSetting: as :func:`save_page`.
    """
    text, expires = _page(store, batch, seconds)
    key = layout.shared_report_object(batch)
    store.write(key, text.encode())
    return SharedPage(store.share(key, seconds), expires)


def _page(store: ObjectStore, batch: str, seconds: int) -> tuple[str, int | None]:
    """The page, and when its links expire."""
    folder = layout.batch_folder(batch)
    key, now = layout.report_object(batch), int(time.time())
    try:
        text = store.read(key).decode()
    except ObjectMissing:
        batch_results(store, batch)  # raises BatchMissing if there is no such batch
        raise NotSpokenYet(batch, "listening page") from None
    except UnicodeDecodeError:
        raise PageDamaged(store.location(key), batch) from None
    expires = now + seconds if store.share(key, seconds).startswith("http") else None
    try:
        return with_links(text, lambda name: store.share(folder + name, seconds), expires), expires
    except (ValueError, KeyError, TypeError, AttributeError):
        raise PageDamaged(store.location(key), batch) from None
