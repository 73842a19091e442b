"""The lines' own files, ``batches/BATCH/audio/ID.FORMAT``, and the lines' sound for whoever joins it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from f5_pipeline.audio.encode import encode
from f5_pipeline.audio.samples import SAMPLE_RATE, Samples
from f5_pipeline.delivery.audio_profile import AudioProfile, apply_profile
from f5_pipeline.delivery.builder import DeliveryBuilder, Job
from f5_pipeline.delivery.delivery_record import Delivered, recipe
from f5_pipeline.delivery.report_page import waveform
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.storage.object_store import ObjectStore, check_slug

_LONG_SECONDS = 60.0


class ClipFiles:
    """The files of the lines that were spoken: those that are ok or suspect."""

    def __init__(
        self,
        store: ObjectStore,
        workshop: DeliveryBuilder,
        rows: Sequence[IndexRow],
        shape: AudioProfile,
        pauses: Mapping[str, tuple[float, float]],  # by id: silence at both ends that was asked for, in seconds
    ) -> None:
        self._store, self._clips, self._workshop, self._shape = store, ClipStore(store), workshop, shape
        self._pauses = pauses
        self.spoken = {check_slug("id", row.id): row for row in rows if row.key and row.status in ("ok", "suspect")}

    def has(self, row: IndexRow) -> bool:
        """Whether this row has a file; another row of the same id, rejected for that, has none."""
        return self.spoken.get(row.id) is row

    def name(self, id: str) -> str:
        """The file's key within the batch's folder."""
        return f"audio/{id}.{self._shape.encoding.format}"

    def delivered(self, id: str) -> Delivered:
        """What is known of a file that was made."""
        return self._workshop.files[self._workshop.prefix + self.name(id)]

    def recipe(self, id: str, shape: AudioProfile | None = None) -> str:
        """What a line's sound is made of, in the shape of its file or in another."""
        return recipe("clip", self.spoken[id].key, (shape or self._shape).ingredients())

    def jobs(self) -> list[Job]:
        return [self._job(id) for id in self.spoken]

    def sound(self, id: str, shape: AudioProfile) -> Samples:
        """A line as it sounds in a given shape; as long as its file is."""
        with self._clip(id) as clip:
            return apply_profile(clip, SAMPLE_RATE, self._shape_for(id, shape)).samples

    def _shape_for(self, id: str, shape: AudioProfile) -> AudioProfile:
        """Silence that a line asked for at its ends is not trimmed. (Its recipe has it already, in the clip's key.)"""
        return replace(shape, edges=shape.edges.around(*self._pauses.get(id, (0.0, 0.0))))

    @contextmanager
    def _clip(self, id: str) -> Iterator[Samples]:
        """A clip as it was spoken, while something is computed of it.

        Short clips are fetched before it is their turn to be computed, long ones only then: there are never more of
        them in memory than there are cores.
        """
        row = self.spoken[id]
        fetched = None if (row.audio_seconds or 0) > _LONG_SECONDS else self._clips.load(row.key)
        with self._workshop.computing:
            yield (fetched or self._clips.load(row.key)).samples

    def _job(self, id: str) -> Job:
        key, made_of, shape = self._workshop.prefix + self.name(id), self.recipe(id), self._shape

        def make() -> Delivered:
            rate = shape.encoding.sample_rate
            with self._clip(id) as clip:
                shaped = apply_profile(clip, SAMPLE_RATE, self._shape_for(id, shape))
                data = encode(shaped.samples, rate, shape.encoding)
            info = self._store.write(key, data)
            seconds, peaks = shaped.samples.size / rate, waveform(shaped.samples)
            return Delivered(made_of, info.size, info.etag, seconds, shaped.cut_before, peaks)

        return Job(key, made_of, make)
