"""Verification of the clip store: reads clips, compares every byte with their checksums, and reports the damaged ones.

A run notices a clip whose size, time or ETag has changed, and a delivery one that it reads. Only a verification finds
silent damage (a failing disk) in clips that nothing reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from f5_pipeline.errors import BatchMissing, IndexDamaged, NotSpokenYet
from f5_pipeline.results.batches import known_batches
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import clips_by_column
from f5_pipeline.results.provenance import index_version, record_damage
from f5_pipeline.storage.layout import BATCHES, CLIPS, batch_of_object, clip_key_of, is_index
from f5_pipeline.storage.object_store import ObjectStore, check_slug

_AT_ONCE = 1000  # clips between two reports of progress

Progress = Callable[[int], object]  # the number of clips that are verified so far


@dataclass(frozen=True)
class VerificationReport:
    """The result of a verification."""

    checked: int  # clips that were read
    damaged: dict[str, str]  # clip key → what is wrong with it
    missing: tuple[str, ...]  # clips of lines that the store does not have
    damaged_indexes: dict[str, str]  # batch → why its index cannot be read; its next run writes it again
    batches: dict[str, int]  # the number of damaged and missing clips of each batch that names some
    repaired: bool  # True if the damaged clips were deleted, so that the next run of their batches speaks them again

    @property
    def intact(self) -> bool:
        return not (self.damaged or self.missing or self.damaged_indexes)


def verify_clips(
    store: ObjectStore, batch: str | None = None, *, repair: bool = False, progress: Progress = lambda checked: None
) -> VerificationReport:
    """Read all clips of a batch, or of the store, and verify them.

    Args:
        repair: delete the damaged clips, and mark their batches as in need of a run.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        BatchMissing, NotSpokenYet: there is no such batch, or it has no index.
        IndexDamaged: the index of ``batch`` cannot be read.
        StoreUnusable: the store cannot be read or written.
    """
    clips = ClipStore(store)
    named, of_lines, damaged_indexes = _named(store, batch)
    stored = _stored(store, batch, named, clips)
    missing = of_lines - stored  # a chunk or an unchosen take may be missing
    damaged: dict[str, str] = {}
    checked = 0
    for keys in _groups(stored):
        damaged |= clips.damaged(keys)
        checked += len(keys)
        progress(checked)
    affected = {name: len(keys & {*damaged, *missing}) for name, keys in named.items()}
    batches = {name: count for name, count in affected.items() if count}
    if repair:
        for key in damaged:
            clips.discard(key)
        for name, count in (batches | dict.fromkeys(damaged_indexes, 1)).items():
            record_damage(store, name, count)
    return VerificationReport(checked, damaged, tuple(sorted(missing)), damaged_indexes, batches, repair)


def _named(store: ObjectStore, batch: str | None) -> tuple[dict[str, set[str]], set[str], dict[str, str]]:
    """The clips that the index of each batch names, those of lines, and why an index cannot be read: it names none."""
    if batch is not None and not index_version(store, check_slug("batch", batch)):
        batches = known_batches(store)
        raise NotSpokenYet(batch, "results") if batch in batches else BatchMissing(batch, store.url, batches)
    named: dict[str, set[str]] = {}
    of_lines: set[str] = set()
    damaged: dict[str, str] = {}
    indexed = [batch_of_object(info.key) for info in store.list(BATCHES) if is_index(info.key)]
    for name in indexed if batch is None else [batch]:
        try:
            columns = clips_by_column(store, name)
        except IndexDamaged as error:
            if batch is not None:
                raise
            damaged[name] = str(error)
            continue
        named[name] = {key.hex() for keys in columns.values() for key in keys}
        of_lines |= {key.hex() for key in columns.get("key", ())}
    return named, of_lines, damaged


def _stored(store: ObjectStore, batch: str | None, named: dict[str, set[str]], clips: ClipStore) -> set[str]:
    """The clips to read: those of the batch, or all."""
    if batch is not None:
        return set(clips.existing(named.get(batch, ())))
    return {key for info in store.list(CLIPS) if info.key.endswith(".flac") and (key := clip_key_of(info.key))}


def _groups(keys: set[str]) -> Iterator[Sequence[str]]:
    remaining = iter(sorted(keys))
    while group := list(islice(remaining, _AT_ONCE)):
        yield group
