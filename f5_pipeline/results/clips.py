"""The clip store: the audio of every utterance under its clip key. It is the only result cache.

A clip that exists is never overwritten. The file format is in ``audio.flac``; what a key means, in ``keys``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from f5_pipeline.audio import flac
from f5_pipeline.audio.flac import Facts
from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.results.chunk_spans import ChunkSpan, decode_spans, encode_spans
from f5_pipeline.storage.layout import clip_object
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore
from f5_pipeline.storage.parallel import in_parallel

_SMALLEST = 64  # bytes: a smaller object is a truncated clip
# Facts of a joined clip, as text: the names are part of the file format.
_CHUNK_KEYS, _CHUNK_SPANS = "pieces", "segments"


@dataclass(frozen=True)
class ClipInfo:
    """A clip in the store, with the facts that its file carries."""

    key: str
    clip: str  # its object key, clips/KK/KEY.flac
    size: int  # bytes
    audio_seconds: float
    facts: Facts  # seed, attempt, measures
    chunk_keys: tuple[str, ...] = ()  # the clips that it is joined from
    chunk_spans: tuple[ChunkSpan, ...] = ()  # where they are in it
    etag: str = field(default="", compare=False)  # of its object; "": not known


@dataclass(frozen=True)
class Clip:
    """A clip with its samples."""

    info: ClipInfo
    samples: np.ndarray  # float32, mono, 24 kHz, shape (n,)


class ClipStore:
    """Clips in a store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def save(
        self,
        key: str,
        samples: np.ndarray,
        facts: Facts,
        chunk_keys: tuple[str, ...] = (),
        chunk_spans: tuple[ChunkSpan, ...] = (),
    ) -> ClipInfo:
        """Store a clip. If the store has it already, undamaged, that one stays and is returned.

        Args:
            key: the clip key.
            samples: float, mono, 24 kHz, shape (n,), in [-1, 1].
            facts: seed, attempt, measures, …; numbers must be finite.
            chunk_keys: the clips that it is joined from, if it is.
            chunk_spans: where they are in it.

        Raises:
            ClipDamaged: there are no samples, or some are not finite numbers; nothing is stored.
            StoreUnusable: the disk is full, the bucket refuses, ….
        """
        name = clip_object(key)
        try:
            data = flac.encode(key, samples, _with_chunks(facts, chunk_keys, chunk_spans))
        except flac.NotWhole as error:
            raise ClipDamaged(key, str(error)) from None
        if (stored := self._store.create(name, data)) is None:  # it exists, perhaps damaged
            if (existing := self._undamaged(key)) is not None:
                return existing
            stored = self._store.write(name, data)
        seconds = samples.size / SAMPLE_RATE
        return ClipInfo(key, name, len(data), seconds, dict(facts), chunk_keys, chunk_spans, stored.etag)

    def load(self, key: str) -> Clip:
        """A clip with its samples, every byte verified against the checksums that its file carries.

        Raises:
            ObjectMissing: the store does not have it.
            ClipDamaged: it is truncated or altered.
        """
        name = clip_object(key)
        data = self._store.read(name)
        try:
            samples, head = flac.decode(data)
        except flac.NotWhole as error:
            raise ClipDamaged(self._store.location(name), str(error)) from None
        return Clip(self._info(key, head, len(data)), samples)

    def facts(self, key: str, size: int | None = None, etag: str = "") -> ClipInfo:
        """The facts of a clip, from its first kilobytes; its length is verified, its samples are not.

        Args:
            key: the clip key.
            size: the stored length in bytes, if it is known (from ``existing``); this saves a request.
            etag: of the object, if ``size`` is given.

        Raises:
            ObjectMissing: the store does not have it.
            ClipDamaged: it is truncated, or not a clip.
        """
        name = clip_object(key)
        if size is None:
            if (stored := self._store.stat(name)) is None:
                raise ObjectMissing(self._store.location(name))
            size, etag = stored.size, stored.etag
        try:
            head = flac.read_head(self._store.read(name, first=flac.HEAD_BYTES))
            if head is None:
                head = flac.read_head(self._store.read(name))
        except flac.NotWhole as error:
            raise ClipDamaged(self._store.location(name), str(error)) from None
        if head is None:
            raise ClipDamaged(self._store.location(name), f"it has only {size} bytes")
        return self._info(key, head, size, etag)

    def existing(self, keys: Iterable[str], sizes: Mapping[str, int] | None = None) -> dict[str, ObjectInfo]:
        """Which of these clips are in the store, by clip key, without reading them.

        Args:
            keys: any number of clip keys.
            sizes: known lengths in bytes (from an index). A clip of another length, or too short to be a clip, is
                damaged and left out.
        """
        expected = sizes or {}
        names = {clip_object(key): key for key in keys}
        stored = self._store.stat_many(names)
        return {
            key: info
            for name, info in stored.items()
            if info.size >= _SMALLEST and info.size == expected.get(key := names[name], info.size)
        }

    def damaged(self, keys: Iterable[str]) -> dict[str, str]:
        """Read clips and verify every byte; returns what is wrong with those that are damaged, by clip key.

        Reads ``storage.parallel.PARALLEL`` clips at a time. A clip that is missing is not damaged.
        """
        found = list(keys)
        reasons = in_parallel(self._damage, found)
        return {key: reason for key, reason in zip(found, reasons, strict=True) if reason}

    def _damage(self, key: str) -> str:
        try:
            self.load(key)
        except ObjectMissing:
            return ""
        except ClipDamaged as error:
            return error.damage
        return ""

    def discard(self, key: str) -> None:
        """Delete a clip, if the store has it."""
        self._store.delete(clip_object(key))

    def location(self, key: str) -> str:
        """The location of a clip, for users."""
        return self._store.location(clip_object(key))

    def _undamaged(self, key: str) -> ClipInfo | None:
        try:
            return self.facts(key)
        except (ObjectMissing, ClipDamaged):
            return None

    def _info(self, key: str, head: flac.Head, size: int, etag: str = "") -> ClipInfo:
        name = clip_object(key)
        if head.key != key:
            raise ClipDamaged(self._store.location(name), f"it is the clip {head.key[:80]}")
        if head.size != size:
            raise ClipDamaged(self._store.location(name), f"it has {size} bytes instead of {head.size}")
        facts = dict(head.facts)
        chunk_keys = tuple(str(facts.pop(_CHUNK_KEYS, "")).split())
        chunk_spans = decode_spans(facts.pop(_CHUNK_SPANS, "[]"))
        return ClipInfo(key, name, size, head.frames / SAMPLE_RATE, facts, chunk_keys, chunk_spans, etag)


def _with_chunks(facts: Facts, chunk_keys: tuple[str, ...], chunk_spans: tuple[ChunkSpan, ...]) -> Facts:
    """The facts of a clip file: those of a joined clip name its chunks."""
    if not chunk_keys:
        return facts
    return {**facts, _CHUNK_KEYS: " ".join(chunk_keys), _CHUNK_SPANS: encode_spans(chunk_spans)}
