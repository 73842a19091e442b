"""From the store to this machine: each version of an object once, for any number of processes and threads.

A copy lives under the version it is of, so that a newer one never takes its place under a reader's eyes:

    CACHE/store/STORE/voices/anna.wav/VERSION/anna.wav      a copy, whole (STORE and VERSION are hashes)
    CACHE/store/STORE/locks/GROUP                           who fetches; nothing depends on it

Whether a copy is there is all that counts; there is no other record. Everything may be deleted at any time.
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
from f5_pipeline.storage.parallel import in_parallel
from f5_pipeline.storage.retry import ATTEMPTS


@dataclass(frozen=True)
class LocalCopy:
    """An object of the store on this machine."""

    info: ObjectInfo  # the version that this is a copy of
    path: Path


def fetch(store: ObjectStore, wanted: Sequence[ObjectInfo], cache: Path) -> list[LocalCopy]:
    """Local copies of objects that belong together (a voice's audio and text), all as they were at one moment.

    What is here already is not asked for again: a listing tells the versions, and copies of these are good. If an
    object was replaced since it was listed, the newest versions of all are taken.

    Args:
        store: where they are.
        wanted: the objects, as listed.
        cache: the folder of this machine's copies.

    Raises:
        ObjectMissing: one was deleted meanwhile.
        KeepsChanging: they were replaced three times while being copied.
        StoreUnusable, FileUnusable: the store or this machine's disk fails.
    """
    for _ in range(ATTEMPTS):
        copies = [LocalCopy(info, _place(store, info, cache)) for info in wanted]
        if all(map(_is_here, copies)):
            return copies
        with hold(_lock(store, wanted, cache), f"fetching {wanted[0].key}"):
            missing = [copy for copy in copies if not _is_here(copy)]  # less, if another process was faster
            with suppress(ObjectChanged):
                for copy in missing:
                    store.download(copy.info.key, copy.path, copy.info.etag)
        if all(map(_is_here, copies)) and (len(copies) == 1 or not missing):
            return copies
        newest = _newest(store, wanted)
        if all(map(_is_here, copies)) and [info.etag for info in newest] == [info.etag for info in wanted]:
            return copies
        wanted = newest
    raise KeepsChanging([store.location(info.key) for info in wanted])


def fetch_all(store: ObjectStore, groups: Sequence[Sequence[ObjectInfo]], cache: Path) -> list[list[LocalCopy]]:
    """``fetch`` for many groups, several at once, in their order. Raises what the first failure raises."""
    return in_parallel(lambda group: fetch(store, group, cache), groups)


def _is_here(copy: LocalCopy) -> bool:
    return copy.path.is_file() and copy.path.stat().st_size == copy.info.size


def _newest(store: ObjectStore, wanted: Sequence[ObjectInfo]) -> list[ObjectInfo]:
    found = store.stat_many([info.key for info in wanted])
    for info in wanted:
        if info.key not in found:
            raise ObjectMissing(store.location(info.key), "It was deleted a moment ago.")
    return [found[info.key] for info in wanted]


def _place(store: ObjectStore, info: ObjectInfo, cache: Path) -> Path:
    name = info.key.rpartition("/")[2]
    return _home(store, cache) / info.key / _hash(info.etag) / name


def _lock(store: ObjectStore, wanted: Sequence[ObjectInfo], cache: Path) -> Path:
    return _home(store, cache) / "locks" / _hash("\n".join(info.key for info in wanted))


def _home(store: ObjectStore, cache: Path) -> Path:
    return cache / "store" / _hash(store.url)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
