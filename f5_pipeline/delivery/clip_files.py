"""The audio files of single lines, ``batches/BATCH/audio/ID.FORMAT``, and their samples for joined files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from f5_pipeline.audio.encode import encode
from f5_pipeline.audio.samples import SAMPLE_RATE, Samples
from f5_pipeline.delivery.audio_profile import AudioProfile, apply_profile
from f5_pipeline.delivery.builder import DeliveryBuilder, Job
from f5_pipeline.delivery.delivery_record import Delivered, fingerprint_of
from f5_pipeline.delivery.report_page import waveform
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.storage.layout import AUDIO
from f5_pipeline.storage.object_store import ObjectStore, check_slug

_LONG_SECONDS = 60.0


class ClipFiles:
    """The files of the lines that have a clip, ok or suspect."""

    def __init__(
        self,
        store: ObjectStore,
        builder: DeliveryBuilder,
        rows: Sequence[IndexRow],
        profile: AudioProfile,
        pauses: Mapping[str, tuple[float, float]],  # by id: seconds of silence that the text asks for at both ends
    ) -> None:
        self._store, self._clips, self._builder, self._profile = store, ClipStore(store), builder, profile
        self._pauses = pauses
        self.spoken = {check_slug("id", row.id): row for row in rows if row.key and row.status in ("ok", "suspect")}

    def has(self, row: IndexRow) -> bool:
        """True if this row has a file; a row that was rejected for a duplicate id has none."""
        return self.spoken.get(row.id) is row

    def name(self, id: str) -> str:
        """The file's key relative to the batch's folder."""
        return f"{AUDIO}{id}.{self._profile.encoding.format}"

    def delivered(self, id: str) -> Delivered:
        """The record entry of a file that was built."""
        return self._builder.files[self._builder.prefix + self.name(id)]

    def fingerprint(self, id: str, profile: AudioProfile | None = None) -> str:
        """The fingerprint of a line's audio, in the profile of its file or in another."""
        return fingerprint_of("clip", self.spoken[id].key, (profile or self._profile).fingerprint_parts())

    def jobs(self) -> list[Job]:
        """The jobs for all files."""
        return [self._job(id) for id in self.spoken]

    def samples(self, id: str, profile: AudioProfile) -> Samples:
        """The audio of a line in a given profile, shape [samples]; as long as its file."""
        with self._clip(id) as clip:
            return apply_profile(clip, SAMPLE_RATE, self._with_pauses(id, profile)).samples

    def _with_pauses(self, id: str, profile: AudioProfile) -> AudioProfile:
        """The profile that keeps pauses at the ends of a line. (The clip key covers them, so fingerprints do too.)"""
        return replace(profile, trim=profile.trim.with_pauses(*self._pauses.get(id, (0.0, 0.0))))

    @contextmanager
    def _clip(self, id: str) -> Iterator[Samples]:
        """The samples of a clip, with a CPU slot held.

        A short clip is fetched before it waits for the slot, a long clip after: memory never holds more long clips
        than there are cores.
        """
        row = self.spoken[id]
        fetched = None if (row.audio_seconds or 0) > _LONG_SECONDS else self._clips.load(row.key)
        with self._builder.cpu_slots:
            yield (fetched or self._clips.load(row.key)).samples

    def _job(self, id: str) -> Job:
        key, fingerprint, profile = self._builder.prefix + self.name(id), self.fingerprint(id), self._profile

        def build() -> Delivered:
            rate = profile.encoding.sample_rate
            with self._clip(id) as clip:
                processed = apply_profile(clip, SAMPLE_RATE, self._with_pauses(id, profile))
                data = encode(processed.samples, rate, profile.encoding)
            info = self._store.write(key, data)
            seconds, peaks = processed.samples.size / rate, waveform(processed.samples)
            return Delivered(fingerprint, info.size, info.etag, seconds, processed.cut_before, peaks)

        return Job(key, fingerprint, build)
