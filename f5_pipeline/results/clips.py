"""The clip store: the sound of every utterance, under its key. It is the cache of results; there is no other.

A clip that exists is never written again. What is in a clip is ``flac``'s business, what a key means is ``keys``'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from f5_pipeline.audio import flac
from f5_pipeline.audio.flac import Facts
from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.storage.layout import clip_object
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore

_SMALLEST = 64  # bytes; no FLAC file is smaller, so what is was cut short


@dataclass(frozen=True)
class ClipInfo:
    """A clip that is in the store, and what it says of itself."""

    key: str
    clip: str  # its object key, clips/KK/KEY.flac
    size: int  # bytes
    audio_seconds: float
    facts: Facts


@dataclass(frozen=True)
class Clip:
    """A clip with its sound."""

    info: ClipInfo
    samples: np.ndarray  # float32, mono, 24 kHz, shape (n,)


class ClipStore:
    """Clips in a store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def save(self, key: str, samples: np.ndarray, facts: Facts) -> ClipInfo:
        """Store a clip, unless it is there, whole: then that one stays and is what is returned.

        Args:
            key: the clip key.
            samples: float, mono, 24 kHz, shape (n,), in [-1, 1].
            facts: what to remember of the clip (seed, attempt, verdict, measures, …); numbers must be finite.

        Raises:
            ClipDamaged: there are no samples, or some are not finite; nothing is stored.
            StoreUnusable: the disk is full, the bucket refuses, ….
        """
        name = clip_object(key)
        try:
            data = flac.encode(key, samples, facts)
        except flac.NotWhole as error:
            raise ClipDamaged(key, str(error)) from None
        if self._store.create(name, data) is None:  # there is one, or a damaged one is in the way
            if (there := self._whole(key)) is not None:
                return there
            self._store.write(name, data)
        return ClipInfo(key, name, len(data), samples.size / SAMPLE_RATE, dict(facts))

    def load(self, key: str) -> Clip:
        """A clip and its sound, proven to be as it was stored.

        Raises:
            ObjectMissing: there is none.
            ClipDamaged: it is cut short or altered.
        """
        name = clip_object(key)
        data = self._store.read(name)
        try:
            samples, head = flac.decode(data)
        except flac.NotWhole as error:
            raise ClipDamaged(self._store.location(name), str(error)) from None
        return Clip(self._info(key, head, len(data)), samples)

    def facts(self, key: str, size: int | None = None) -> ClipInfo:
        """What a clip says of itself, from its first kilobytes; its length is checked, its sound is not.

        Args:
            key: the clip key.
            size: the stored length in bytes, if the caller knows it (from ``existing``): saves a request.

        Raises:
            ObjectMissing: there is none.
            ClipDamaged: it is cut short, or no clip.
        """
        name = clip_object(key)
        if size is None:
            if (stored := self._store.stat(name)) is None:
                raise ObjectMissing(self._store.location(name))
            size = stored.size
        try:
            head = flac.read_head(self._store.read(name, first=flac.HEAD_BYTES))
            if head is None:
                head = flac.read_head(self._store.read(name))
        except flac.NotWhole as error:
            raise ClipDamaged(self._store.location(name), str(error)) from None
        if head is None:
            raise ClipDamaged(self._store.location(name), f"it has only {size} bytes")
        return self._info(key, head, size)

    def existing(self, keys: Iterable[str], sizes: Mapping[str, int] | None = None) -> dict[str, ObjectInfo]:
        """Which of these clips are in the store, by clip key, without reading them.

        Args:
            keys: any number of clip keys.
            sizes: the lengths in bytes that are known (from an index); a clip of another length is damaged, and so
                left out, as is one too short to be a clip.
        """
        expected = sizes or {}
        names = {clip_object(key): key for key in keys}
        stored = self._store.stat_many(names)
        return {
            key: info
            for name, info in stored.items()
            if info.size >= _SMALLEST and info.size == expected.get(key := names[name], info.size)
        }

    def discard(self, key: str) -> None:
        """Remove a clip; one that is missing is fine."""
        self._store.delete(clip_object(key))

    def location(self, key: str) -> str:
        """Where a person finds a clip."""
        return self._store.location(clip_object(key))

    def _whole(self, key: str) -> ClipInfo | None:
        try:
            return self.facts(key)
        except (ObjectMissing, ClipDamaged):
            return None

    def _info(self, key: str, head: flac.Head, size: int) -> ClipInfo:
        name = clip_object(key)
        if head.key != key:
            raise ClipDamaged(self._store.location(name), f"it is the clip {head.key[:80]}")
        if head.size != size:
            raise ClipDamaged(self._store.location(name), f"it has {size} bytes instead of {head.size}")
        return ClipInfo(key, name, size, head.frames / SAMPLE_RATE, head.facts)
