"""The listening page for people without access to the store: its files behind links that need no credentials.

Such links are secrets while they last, so the delivered ``report.html`` has none; a page with links is made on request.
"""

from __future__ import annotations

import time
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
    """A page with links."""

    location: str  # where it is: a file, or a link that opens it
    expires: int | None  # when it and its links end, in seconds since 1970; None: never


def save_page(store: ObjectStore, batch: str, seconds: int, path: Path) -> SharedPage:
    """Write a page whose links live for so many seconds to a file of this machine, for this user's eyes only.

    Raises:
        BatchMissing, NotSpokenYet: there is no such batch, or nothing was delivered.
        PageDamaged: what was delivered is no page of this version.
        BadSetting: links cannot live so long.
        FileUnusable: the file cannot be written.
    """
    text, expires = _page(store, batch, seconds)
    with translate_os_errors(path), atomic_write(path) as file:
        Path(file.name).chmod(0o600)
        file.write(text.encode())
    return SharedPage(str(path), expires)


def publish_page(store: ObjectStore, batch: str, seconds: int) -> SharedPage:
    """Put a page whose links live for so many seconds into the store, beside the delivered one, and link to it.

    Raises as :func:`save_page`; ``StoreUnusable`` if the store cannot be written.
    """
    text, expires = _page(store, batch, seconds)
    key = layout.shared_report_object(batch)
    store.write(key, text.encode())
    return SharedPage(store.share(key, seconds), expires)


def _page(store: ObjectStore, batch: str, seconds: int) -> tuple[str, int | None]:
    """The page, and when its links end."""
    folder = layout.batch_folder(batch)
    key, now = layout.report_object(batch), int(time.time())
    try:
        text = store.read(key).decode()
    except ObjectMissing:
        batch_results(store, batch)  # says so if there is no such batch
        raise NotSpokenYet(batch, "listening page") from None
    except UnicodeDecodeError:
        raise PageDamaged(store.location(key), batch) from None
    expires = now + seconds if store.share(key, seconds).startswith("http") else None
    try:
        return with_links(text, lambda name: store.share(folder + name, seconds), expires), expires
    except (ValueError, KeyError, TypeError, AttributeError):
        raise PageDamaged(store.location(key), batch) from None
