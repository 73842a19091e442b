"""Removing what nobody needs any more: partial files of dead writers, and clips that no batch names.

Nothing that a living process is writing is touched: a partial file goes only when its writer is proven dead
(``storage.partial``), a clip only when neither an index nor a claim names it (``index``, ``claims``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from f5_pipeline.errors import ObjectMissing, StoreUnusable
from f5_pipeline.results.clips import PREFIX
from f5_pipeline.results.index import OTHERS, read_table
from f5_pipeline.results.leases import claimed_keys, is_claim, is_left_over
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore
from f5_pipeline.storage.parallel import in_parallel
from f5_pipeline.storage.partial import PartialFile, partial_files, remove_if_dead
from f5_pipeline.storage.pinned import clean_downloads

_AT_ONCE = 500  # clips that are deleted before it is looked again which are named


@dataclass(frozen=True)
class CleanReport:
    """What ``clean`` removed, or would remove, and what it left alone."""

    dry_run: bool
    partial_files: tuple[PartialFile, ...]  # of dead writers, and folders of downloads that nobody continues: removed
    kept_partial_files: tuple[PartialFile, ...]  # of writers that live, or that nobody can judge from here
    clips: int  # that no batch names: removed
    clip_bytes: int
    unfinished_uploads: tuple[tuple[str, datetime], ...] = ()  # in a bucket: only a lifecycle rule may remove these

    @property
    def bytes_freed(self) -> int:
        return self.clip_bytes + sum(partial.size for partial in self.partial_files)


def clean(store: ObjectStore, folders: Iterable[Path], *, dry_run: bool = False) -> CleanReport:
    """Remove dead partial files and downloads under some folders (a cache) and in the store, and unnamed clips.

    Args:
        store: the store; where it is a folder, its partial files count too.
        folders: other folders to look through.
        dry_run: only say what would be removed.

    Raises:
        IndexDamaged: an index cannot be read, so that it is not known which clips it names; no clip is removed.
        StoreUnusable: the store cannot be listed, read or written.
    """
    caches = list(folders)
    downloads = {each.path: each for cache in caches for each in clean_downloads(cache, dry_run=dry_run)}
    roots = [*caches, *([Path(store.url)] if isinstance(store, LocalStore) else [])]
    found = {partial.path: partial for root in roots for partial in partial_files(root)}
    partials = [each for path, each in found.items() if downloads.keys().isdisjoint(path.parents)]
    removed = [partial for partial in partials if partial.dead and (dry_run or remove_if_dead(partial))]
    forgotten = unnamed_clips(store, named := _Named())
    if not dry_run:
        forgotten = _delete_unnamed(store, forgotten, named)
        in_parallel(store.delete, named.left_over)
    return CleanReport(
        dry_run=dry_run,
        partial_files=(*downloads.values(), *removed),
        kept_partial_files=tuple(set(partials) - set(removed)),
        clips=sum(info.key.endswith(".flac") for info in forgotten),
        clip_bytes=sum(info.size for info in forgotten),
        unfinished_uploads=_unfinished_uploads(store),
    )


def unnamed_clips(store: ObjectStore, named: _Named | None = None) -> list[ObjectInfo]:
    """The clips that no index and no claim of any batch names, and what was heard in them.

    What is named is read before the clips are listed, and what changed meanwhile is read again afterwards: a batch
    that begins in between has its claim, and one that ends its index. ``named`` learns what is named.

    Raises:
        IndexDamaged: an index cannot be read.
    """
    named = named or _Named()
    named.read(store)
    clips = [info for info in store.list(PREFIX) if not named.has(info)]
    named.read(store)
    return [info for info in clips if not named.has(info)]


def _delete_unnamed(store: ObjectStore, clips: Sequence[ObjectInfo], named: _Named) -> list[ObjectInfo]:
    """Delete clips, some hundreds at a time; those that a batch has claimed in the meantime stay. What was deleted.

    A batch that claims a clip in the second in which its turn comes may lose it; its next run speaks it again.
    """
    deleted: list[ObjectInfo] = []
    for start in range(0, len(clips), _AT_ONCE):
        named.read(store)
        chosen = [info for info in clips[start : start + _AT_ONCE] if not named.has(info)]
        in_parallel(lambda info: store.delete(info.key), chosen)
        deleted += chosen
    return deleted


@dataclass
class _Named:
    """The keys that are named, and which versions of which objects named them."""

    keys: set[bytes] = field(default_factory=set)
    seen: dict[str, str] = field(default_factory=dict)
    left_over: set[str] = field(default_factory=set)  # claims that name nothing any more

    def read(self, store: ObjectStore) -> None:
        """Read what is new or has changed since it was read last."""
        naming = [info for info in store.list("batches/") if is_claim(info.key) or _is_index(info.key)]
        indexes = {_batch(info): info for info in naming if _is_index(info.key)}
        for info in naming:
            if is_claim(info.key) and is_left_over(info, indexes.get(_batch(info))):
                self.left_over.add(info.key)
            elif self.seen.get(info.key) != info.etag:
                self.keys |= _indexed(store, _batch(info)) if _is_index(info.key) else _claimed(store, info.key)
                self.seen[info.key] = info.etag

    def has(self, info: ObjectInfo) -> bool:
        """Whether a clip is named. What is under ``clips/`` and no clip of ours counts as named: it is not ours."""
        name = info.key.rpartition("/")[2].partition(".")[0]  # what was heard in a clip goes with it
        try:
            return len(name) != 64 or bytes.fromhex(name) in self.keys
        except ValueError:
            return True


def _is_index(key: str) -> bool:
    return key.endswith("/index.parquet")


def _batch(info: ObjectInfo) -> str:
    return info.key.split("/")[1]


def _indexed(store: ObjectStore, batch: str) -> set[bytes]:
    """The clips that an index names: of its lines, of the pieces of long ones, and of takes that were not kept."""
    table = read_table(store, batch, columns=["key", "pieces", OTHERS])
    if table is None:
        return set()
    named = (text for column in table.columns for text in column.to_pylist() if text)
    return {bytes.fromhex(key) for text in named for key in text.split()}


def _claimed(store: ObjectStore, key: str) -> set[bytes]:
    try:
        return claimed_keys(store.read(key))
    except ObjectMissing:  # its batch has just ended, and its index is read next time round
        return set()


@runtime_checkable
class _InParts(Protocol):
    def unfinished_uploads(self) -> list[tuple[str, datetime]]: ...


def _unfinished_uploads(store: ObjectStore) -> tuple[tuple[str, datetime], ...]:
    if not isinstance(store, _InParts):
        return ()
    try:
        return tuple(store.unfinished_uploads())
    except (ObjectMissing, StoreUnusable):  # not every server can list them
        return ()
