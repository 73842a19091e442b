"""Garbage collection: removes partial files of dead writers, and orphaned clips, which no index and no lease names.

Nothing that a live process writes is touched: a partial file is removed only if its writer is proven dead
(``storage.partial``), a clip only if it is orphaned (``index``, ``leases``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from f5_pipeline.errors import ObjectMissing, StoreUnusable
from f5_pipeline.results.index import referenced_clips
from f5_pipeline.results.leases import is_stale, leased_keys
from f5_pipeline.storage.layout import BATCHES, CLIPS, batch_of_object, clip_key_of, is_index, is_lease
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore
from f5_pipeline.storage.parallel import in_parallel
from f5_pipeline.storage.partial import PartialFile, partial_files, remove_if_dead
from f5_pipeline.storage.pinned import clean_downloads

_AT_ONCE = 500  # clips that are deleted before the references are read again


@dataclass(frozen=True)
class CleanReport:
    """What ``clean`` removed, or would remove, and what it kept."""

    dry_run: bool
    partial_files: tuple[PartialFile, ...]  # removed: of dead writers, and abandoned downloads
    kept_partial_files: tuple[PartialFile, ...]  # of writers that are alive, or on another machine
    clips: int  # removed: orphaned
    clip_bytes: int
    unfinished_uploads: tuple[tuple[str, datetime], ...] = ()  # in a bucket: only a lifecycle rule may remove these

    @property
    def bytes_freed(self) -> int:
        return self.clip_bytes + sum(partial.size for partial in self.partial_files)


def clean(store: ObjectStore, folders: Iterable[Path], *, dry_run: bool = False) -> CleanReport:
    """Remove dead partial files and downloads from folders (a cache) and from the store, and orphaned clips.

    Args:
        store: the store; if it is a folder, its partial files are removed too.
        folders: further folders to search.
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
    orphaned = orphaned_clips(store, references := _References())
    if not dry_run:
        orphaned = _delete_orphaned(store, orphaned, references)
        in_parallel(store.delete, references.stale_leases)
    return CleanReport(
        dry_run=dry_run,
        partial_files=(*downloads.values(), *removed),
        kept_partial_files=tuple(set(partials) - set(removed)),
        clips=sum(info.key.endswith(".flac") for info in orphaned),
        clip_bytes=sum(info.size for info in orphaned),
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
    read_versions: dict[str, str] = field(default_factory=dict)  # object key → ETag
    stale_leases: set[str] = field(default_factory=set)

    def read(self, store: ObjectStore) -> None:
        """Read what is new or has changed since the last read."""
        objects = [info for info in store.list(BATCHES) if is_lease(info.key) or is_index(info.key)]
        indexes = {batch_of_object(info.key): info for info in objects if is_index(info.key)}
        for info in objects:
            if is_lease(info.key) and is_stale(info, indexes.get(batch_of_object(info.key))):
                self.stale_leases.add(info.key)
            elif self.read_versions.get(info.key) != info.etag:
                self.keys |= _referenced(store, info.key)
                self.read_versions[info.key] = info.etag

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
