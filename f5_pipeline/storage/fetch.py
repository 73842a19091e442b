"""Copies objects of the store to this machine: each version once, for any number of processes and threads.

Each version has a folder of its own, so that a newer one never replaces a file that a process is reading:

    CACHE/store/STORE/voices/anna.wav/VERSION/anna.wav      a complete copy (STORE and VERSION are hashes)
    CACHE/store/STORE/locks/GROUP                           held while fetching; correctness does not depend on it

A copy is valid if it exists with the right size; there is no other record. Everything may be deleted at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.errors import KeepsChanging, ObjectChanged, ObjectMissing
from f5_pipeline.storage.locks import hold
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore
from f5_pipeline.storage.retry import with_retries


@dataclass(frozen=True)
class LocalCopy:
    """An object of the store on this machine."""

    info: ObjectInfo  # the version that was copied
    path: Path


def fetch(store: ObjectStore, wanted: Sequence[ObjectInfo], cache: Path) -> list[LocalCopy]:
    """Local copies of objects that belong together (a voice's audio and text), all from the same moment.

    Cached versions cost no request. If an object was replaced since it was listed, the newest versions of all are
    taken.

    Args:
        store: the store that has the objects.
        wanted: the objects, as listed.
        cache: the cache folder of this machine.

    Raises:
        ObjectMissing: an object was deleted meanwhile.
        KeepsChanging: the objects were replaced at every attempt to copy them, for ``F5_RETRY_SECONDS``.
        StoreUnusable, FileUnusable: the store or this machine's disk fails.
    """
    newest = list(wanted)

    def once() -> list[LocalCopy]:
        copies = _fetch_versions(store, newest, cache)
        if copies is None:
            raise KeepsChanging([store.location(info.key) for info in wanted])
        return copies

    return with_retries(once)


def _fetch_versions(store: ObjectStore, wanted: list[ObjectInfo], cache: Path) -> list[LocalCopy] | None:
    """Local copies of these versions; None if they are not of the same moment: then ``wanted`` has the newest ones."""
    copies = [LocalCopy(info, _cache_path(store, info, cache)) for info in wanted]
    if all(map(_is_cached, copies)):
        return copies
    with hold(_lock_path(store, wanted, cache), f"fetching {wanted[0].key}"):
        missing = [copy for copy in copies if not _is_cached(copy)]  # fewer if another process was faster
        with suppress(ObjectChanged):
            for copy in missing:
                store.download(copy.info.key, copy.path, copy.info.etag)
    if all(map(_is_cached, copies)) and (len(copies) == 1 or not missing):
        return copies
    newest = _newest(store, wanted)
    if all(map(_is_cached, copies)) and [info.etag for info in newest] == [info.etag for info in wanted]:
        return copies
    wanted[:] = newest
    return None


def _is_cached(copy: LocalCopy) -> bool:
    return copy.path.is_file() and copy.path.stat().st_size == copy.info.size


def _newest(store: ObjectStore, wanted: Sequence[ObjectInfo]) -> list[ObjectInfo]:
    found = store.stat_many([info.key for info in wanted])
    for info in wanted:
        if info.key not in found:
            raise ObjectMissing(store.location(info.key), "It was deleted a moment ago.")
    return [found[info.key] for info in wanted]


def _cache_path(store: ObjectStore, info: ObjectInfo, cache: Path) -> Path:
    name = info.key.rpartition("/")[2]
    return _store_folder(store, cache) / info.key / _hash(info.etag) / name


def _lock_path(store: ObjectStore, wanted: Sequence[ObjectInfo], cache: Path) -> Path:
    return _store_folder(store, cache) / "locks" / _hash("\n".join(info.key for info in wanted))


def _store_folder(store: ObjectStore, cache: Path) -> Path:
    return cache / "store" / _hash(store.url)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
