"""Garbage collection: removes partial files of dead writers, and orphaned clips, which no index and no lease names.

Nothing that a live process writes is touched: a partial file is removed only if its writer is proven dead
(``storage.partial``). A clip costs compute time, so it is removed only if it is orphaned (``index``, ``leases``), older
than a grace period, and every batch with a manifest has an index: where indexes were lost, all clips look orphaned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Protocol, runtime_checkable

from f5_pipeline.errors import ClipDamaged, ObjectMissing, StoreUnusable
from f5_pipeline.results.batches import known_batches
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import referenced_clips
from f5_pipeline.results.leases import delete_lease, is_abandoned, is_stale, leased_keys
from f5_pipeline.storage.layout import BATCHES, CLIPS, batch_of_object, clip_key_of, is_index, is_lease
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore
from f5_pipeline.storage.parallel import in_parallel
from f5_pipeline.storage.partial import PartialFile, partial_files, remove_if_dead
from f5_pipeline.storage.pinned import clean_downloads

_AT_ONCE = 500  # clips that are deleted before the references are read again
_SAMPLE = 200  # clips whose durations are read for an estimate


@dataclass(frozen=True)
class CleanReport:
    """What ``clean`` removed, or would remove, and what it kept."""

    dry_run: bool
    partial_files: tuple[PartialFile, ...]  # removed: of dead writers, and abandoned downloads
    kept_partial_files: tuple[PartialFile, ...]  # of writers that are alive, or on another machine
    clips: int  # removed: orphaned
    clip_bytes: int
    clip_seconds: float = 0.0  # of speech in them, estimated
    recent_clips: int = 0  # kept: orphaned, within the grace period
    unindexed: tuple[str, ...] = ()  # batches with a manifest and no index: because of them no clip is removed
    leases: int = 0  # removed: of runs that are proven dead or over
    unfinished_uploads: tuple[tuple[str, datetime], ...] = ()  # in a bucket: only a lifecycle rule may remove these

    @property
    def bytes_freed(self) -> int:
        return self.clip_bytes + sum(partial.size for partial in self.partial_files)


def clean(
    store: ObjectStore, folders: Iterable[Path], *, grace: timedelta = timedelta(), dry_run: bool = False
) -> CleanReport:
    """Remove dead partial files and downloads from folders (a cache) and from the store, and orphaned clips.

    Args:
        store: the store; if it is a folder, its partial files are removed too.
        folders: further folders to search: caches of this machine.
        grace: the least age of a clip that is removed.
        dry_run: report only; remove nothing.

    Raises:
        IndexDamaged: an index cannot be read, so the clips that it names are unknown; no clip is removed.
        StoreUnusable: the store cannot be listed, read or written.
    """
    caches = list(folders)
    downloads = {each.path: each for cache in caches for each in clean_downloads(cache, dry_run=dry_run)}
    roots = [*caches, *([Path(store.url)] if isinstance(store, LocalStore) else [])]
    found = {partial.path: partial for root in roots for partial in partial_files(root)}
    partials = [each for path, each in found.items() if downloads.keys().isdisjoint(path.parents)]
    removed = [partial for partial in partials if partial.dead and (dry_run or remove_if_dead(partial))]
    orphaned = orphaned_clips(store, references := _References(machines=tuple(caches)))
    unindexed = tuple(batch for batch in known_batches(store) if batch not in references.indexed)
    orphaned = [] if unindexed else orphaned
    old = [info for info in orphaned if info.modified <= datetime.now(timezone.utc) - grace]
    seconds = _speech_seconds(store, old)
    if not dry_run:
        old = _delete_orphaned(store, old, references)
        in_parallel(lambda lease: delete_lease(store, lease, caches), references.dead_leases)
    return CleanReport(
        dry_run=dry_run,
        partial_files=(*downloads.values(), *removed),
        kept_partial_files=tuple(set(partials) - set(removed)),
        clips=_count_clips(old),
        clip_bytes=sum(info.size for info in old),
        clip_seconds=seconds,
        recent_clips=_count_clips(orphaned) - _count_clips(old),
        unindexed=unindexed,
        leases=len(references.dead_leases),
        unfinished_uploads=_unfinished_uploads(store),
    )


def orphaned_clips(store: ObjectStore, references: _References | None = None) -> list[ObjectInfo]:
    """The clips that no index and no lease of any batch names, and their transcripts.

    References are read before the clips are listed, and what changed is read again afterwards: a batch that begins in
    between has its lease, and one that ends has its index. ``references`` keeps what was read.

    Raises:
        IndexDamaged: an index cannot be read.
    """
    references = references or _References()
    references.read(store)
    clips = [info for info in store.list(CLIPS) if not references.keep(info)]
    references.read(store)
    return [info for info in clips if not references.keep(info)]


def _delete_orphaned(store: ObjectStore, clips: Sequence[ObjectInfo], references: _References) -> list[ObjectInfo]:
    """Delete clips in groups, except those that a batch has leased in the meantime; returns the deleted ones.

    A batch that leases a clip while its group is being deleted may lose it; its next run speaks it again.
    """
    deleted: list[ObjectInfo] = []
    for start in range(0, len(clips), _AT_ONCE):
        references.read(store)
        chosen = [info for info in clips[start : start + _AT_ONCE] if not references.keep(info)]
        in_parallel(lambda info: store.delete(info.key), chosen)
        deleted += chosen
    return deleted


@dataclass
class _References:
    """The clip keys that indexes and leases name, and the versions of the objects that were read."""

    keys: set[bytes] = field(default_factory=set)
    machines: tuple[Path, ...] = ()  # caches of this machine, where its runs advertise that they are alive
    read_versions: dict[str, str] = field(default_factory=dict)  # object key → ETag
    indexed: set[str] = field(default_factory=set)  # the batches that have an index
    dead_leases: set[str] = field(default_factory=set)  # of runs that are proven dead or over

    def read(self, store: ObjectStore) -> None:
        """Read what is new or has changed since the last read."""
        objects = [info for info in store.list(BATCHES) if is_lease(info.key) or is_index(info.key)]
        indexes = {batch_of_object(info.key): info for info in objects if is_index(info.key)}
        self.indexed |= indexes.keys()
        for info in objects:
            if is_lease(info.key) and self._is_dead(info, indexes.get(batch_of_object(info.key))):
                self.dead_leases.add(info.key)
            elif self.read_versions.get(info.key) != info.etag:
                self.keys |= _referenced(store, info.key)
                self.read_versions[info.key] = info.etag

    def _is_dead(self, lease: ObjectInfo, index: ObjectInfo | None) -> bool:
        return is_stale(lease, index) or any(is_abandoned(lease.key, machine) for machine in self.machines)

    def keep(self, info: ObjectInfo) -> bool:
        """True for a clip that is named, or its transcript; and for every object that is not ours."""
        key = clip_key_of(info.key)
        return key is None or bytes.fromhex(key) in self.keys


def _referenced(store: ObjectStore, key: str) -> set[bytes]:
    """The clips that an index or a lease names."""
    if is_index(key):
        return referenced_clips(store, batch_of_object(key))
    try:
        return leased_keys(store.read(key))
    except ObjectMissing:  # its batch has just finished; its index is read next time
        return set()


def _count_clips(objects: Iterable[ObjectInfo]) -> int:
    """The number of clips, without their transcripts."""
    return sum(info.key.endswith(".flac") for info in objects)


def _speech_seconds(store: ObjectStore, objects: Sequence[ObjectInfo]) -> float:
    """Seconds of speech in clips, estimated from their sizes and the durations of some."""
    found = {key: info for info in objects if info.key.endswith(".flac") and (key := clip_key_of(info.key))}
    sample = list(found.items())[:: max(1, len(found) // _SAMPLE)]
    known = [each for each in in_parallel(lambda pair: _duration(store, *pair), sample) if each is not None]
    sampled_bytes = sum(size for size, _ in known)
    rate = sum(seconds for _, seconds in known) / sampled_bytes if sampled_bytes else 0.0
    return rate * sum(info.size for info in found.values())


def _duration(store: ObjectStore, key: str, info: ObjectInfo) -> tuple[int, float] | None:
    """Bytes and seconds of a clip; None if it is damaged or gone."""
    try:
        return info.size, ClipStore(store).facts(key, info.size).audio_seconds
    except (ClipDamaged, ObjectMissing):
        return None


@runtime_checkable
class _ListsUploads(Protocol):
    def unfinished_uploads(self) -> list[tuple[str, datetime]]: ...


def _unfinished_uploads(store: ObjectStore) -> tuple[tuple[str, datetime], ...]:
    if not isinstance(store, _ListsUploads):
        return ()
    try:
        return tuple(store.unfinished_uploads())
    except (ObjectMissing, StoreUnusable):  # not every server can list them
        return ()
