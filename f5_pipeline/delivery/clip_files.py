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
from f5_pipeline.delivery.file_tags import FileTags
from f5_pipeline.delivery.report_page import waveform
from f5_pipeline.delivery.spectrogram import spectrogram
from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.results.clips import Clip, ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.take_list import ListedTake, takes_of
from f5_pipeline.storage.layout import AUDIO, TAKES
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.utterance_ids import check_id

_LONG_SECONDS = 60.0
_MAX_SPECTROGRAMS = 2_000  # of lines and their other takes, suspect lines first: about 5 MB of the listening page


class ClipFiles:
    """The files of the lines that have a clip, ok or suspect."""

    def __init__(
        self,
        store: ObjectStore,
        builder: DeliveryBuilder,
        rows: Sequence[IndexRow],
        profile: AudioProfile,
        pauses: Mapping[str, tuple[float, float]],  # by id: seconds of silence that the text asks for at both ends
        tags: FileTags,
    ) -> None:
        self._store, self._clips, self._builder, self._profile = store, ClipStore(store), builder, profile
        self._pauses, self._tags = pauses, tags
        self.spoken = {check_id(row.id): row for row in rows if row.key and row.status in ("ok", "suspect")}
        self._pictured = self._choose_pictured()

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

    def _choose_pictured(self) -> set[str]:
        """The lines with spectrograms, of the chosen take and of the others."""
        pictured: set[str] = set()
        left = _MAX_SPECTROGRAMS
        for row in sorted(self.spoken.values(), key=lambda row: row.status == "ok"):
            left -= 1 + len(self.other_takes(row.id))
            if left < 0:
                break
            pictured.add(row.id)
        return pictured

    # --- takes that were not chosen, for the listening page ---------------------------------------------------

    def other_takes(self, id: str) -> list[ListedTake]:
        """The takes of a line that were not chosen."""
        row = self.spoken[id]
        return [take for take in takes_of(row) if take.key != row.key]

    def take_name(self, id: str, take: ListedTake) -> str:
        """The key of a take's file relative to the batch's folder."""
        return f"{TAKES}{id}.{take.take}.{self._profile.encoding.format}"

    def delivered_take(self, id: str, take: ListedTake) -> Delivered:
        """The record entry of a take's file; without a length if its clip is gone."""
        return self._builder.files[self._builder.prefix + self.take_name(id, take)]

    def take_jobs(self) -> list[Job]:
        """The jobs for the files of the takes that were not chosen: as loud as the others, for a fair comparison."""
        return [self._take_job(id, take) for id in self.spoken for take in self.other_takes(id)]

    def _take_job(self, id: str, take: ListedTake) -> Job:
        key = self._builder.prefix + self.take_name(id, take)
        fingerprint = fingerprint_of("clip", take.key, self._profile.fingerprint_parts())

        def build() -> Delivered:
            try:
                with self._builder.cpu_slots:
                    return self._write(key, id, self._load(take.key).samples, fingerprint, id in self._pictured)
            except (ObjectMissing, ClipDamaged):  # removed by garbage collection
                return Delivered("")

        return Job(key, fingerprint, build)

    # --- samples ----------------------------------------------------------------------------------------------

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
        fetched = None if (row.audio_seconds or 0) > _LONG_SECONDS else self._load(row.key)
        with self._builder.cpu_slots:
            yield (fetched or self._load(row.key)).samples

    def _load(self, key: str) -> Clip:
        """A clip. A damaged one is deleted, so that the next run of the batch speaks it again."""
        try:
            return self._clips.load(key)
        except ClipDamaged:
            self._clips.discard(key)
            raise

    def _job(self, id: str) -> Job:
        key = self._builder.prefix + self.name(id)
        fingerprint = fingerprint_of("line", self.fingerprint(id), self._tags.line(id).texts)

        def build() -> Delivered:
            with self._clip(id) as clip:
                return self._write(key, id, clip, fingerprint, id in self._pictured)

        return Job(key, fingerprint, build)

    def _write(self, key: str, id: str, clip: Samples, fingerprint: str, pictured: bool) -> Delivered:
        """Process, encode and store a clip of a line."""
        encoding = self._profile.encoding
        processed = apply_profile(clip, SAMPLE_RATE, self._with_pauses(id, self._profile))
        info = self._store.write(key, encode(processed.samples, encoding.sample_rate, encoding, self._tags.line(id)))
        return Delivered(
            fingerprint,
            info.size,
            info.etag,
            processed.samples.size / encoding.sample_rate,
            processed.cut_before,
            waveform(processed.samples),
            spectrogram(processed.samples, encoding.sample_rate) if pictured else "",
        )
