"""Joined files: one for each section, and the audiobook with a chapter for each section.

``delivery.sections`` plans the sections, ``delivery.clip_files`` provides the clips. Clips are read one at a time and
written immediately, so a book of any length needs the memory of one clip.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from f5_pipeline.audio.encode import open_writer
from f5_pipeline.audio.loudness import LoudnessMeter
from f5_pipeline.audio.samples import Samples
from f5_pipeline.audio.tags import Chapter, Tags, image_codec
from f5_pipeline.audio.writer import AudioWriter
from f5_pipeline.delivery.audio_profile import AudioProfile
from f5_pipeline.delivery.builder import DeliveryBuilder, Job
from f5_pipeline.delivery.clip_files import ClipFiles
from f5_pipeline.delivery.delivery_record import Delivered, fingerprint_of
from f5_pipeline.delivery.file_tags import FileTags
from f5_pipeline.delivery.sections import ClipSpan, Section, clip_spans, section_audio
from f5_pipeline.delivery.time_line import TIME_LINE_VERSION
from f5_pipeline.errors import BadCover, SectionTooLong
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore, check_slug

_MAX_CORRECTION_LU = 4.0
_MAX_WAV_BYTES = 2**32 - 2**16  # the header of a WAV file counts its bytes in 32 bits


@dataclass(frozen=True)
class Book:
    """The metadata of an audiobook and the pause between its chapters."""

    profile: AudioProfile  # at the sample rate of the sections
    title: str
    author: str
    cover: ObjectInfo | None  # a JPEG or PNG in the store
    pause: float  # seconds between two chapters
    chapters: tuple[str, ...]  # titles, one for each section


class JoinedFiles:
    """The joined files of one batch: its sections and its audiobook."""

    def __init__(
        self,
        store: ObjectStore,
        builder: DeliveryBuilder,
        clips: ClipFiles,
        sections: Sequence[Section],
        profile: AudioProfile,
        tags: FileTags,
    ) -> None:
        self._store, self._builder, self._clips, self._profile, self._tags = store, builder, clips, profile, tags
        self._corrections: dict[str, float] = {}  # LU, by section
        self.sections = sections

    def key(self, section: Section) -> str:
        """The object key of a section's file."""
        return f"{self._builder.prefix}{check_slug('section', section.name)}.{self._profile.encoding.format}"

    def spans(self, section: Section) -> dict[str, ClipSpan]:
        """Where each clip of a section is heard, by id."""
        return self._layout(section)[0]

    def seconds(self, section: Section) -> float:
        """The length of a section."""
        return self._layout(section)[1]

    def section_jobs(self) -> list[Job]:
        """The jobs for the files of all sections."""
        return [self._section_job(section, number) for number, section in enumerate(self.sections, start=1)]

    def book_job(self, key: str, book: Book) -> Job:
        """The job for one file of all sections. Each section is a chapter, which lasts until the next begins."""
        parts = [self._fingerprint_parts(section, book.profile) for section in self.sections]
        cover = book.cover and book.cover.etag
        fingerprint = fingerprint_of("book", book.title, book.author, cover, book.pause, book.chapters, parts)

        def build() -> Delivered:
            chapters, encoding = self._chapters(book), book.profile.encoding
            tags = Tags(book.title, book.title, book.author, image=self._cover(book.cover), chapters=chapters)
            info = self._write(key, lambda file: open_writer(file, encoding, tags), self._book_audio(book, chapters))
            return Delivered(fingerprint, info.size, info.etag, chapters[-1].end / encoding.sample_rate)

        return Job(key, fingerprint, build)

    def _section_job(self, section: Section, number: int) -> Job:
        key, cover = self.key(section), self._tags.cover
        tags, parts = self._tags.section(section.name, number, len(self.sections)), self._fingerprint_parts
        fingerprint = fingerprint_of("section", parts(section, self._profile), tags.texts, cover and cover.etag)

        def build() -> Delivered:
            self._check_length(section)
            audio, complete = self._section_audio(section, self._profile), replace(tags, image=self._cover(cover))
            info = self._write(key, lambda file: open_writer(file, self._profile.encoding, complete), audio)
            return Delivered(fingerprint, info.size, info.etag, self.seconds(section))

        return Job(key, fingerprint, build)

    def _layout(self, section: Section) -> tuple[dict[str, ClipSpan], float]:
        seconds = {part.id: self._clips.delivered(part.id).seconds for part in section.parts}
        return clip_spans(section, seconds, self._profile.encoding.sample_rate)

    def _fingerprint_parts(self, section: Section, profile: AudioProfile) -> list[list[object]]:
        parts = [(part, self._clips.fingerprint(part.id, profile)) for part in section.parts]
        if not section.has_times:
            return [[fingerprint, part.pause_after] for part, fingerprint in parts]
        placed: list[list[object]] = [
            [fingerprint, part.slot.start, part.slot.limit_seconds] for part, fingerprint in parts if part.slot
        ]
        return [*placed, [TIME_LINE_VERSION, section.least_seconds]]

    def _write(self, key: str, writer: Callable[[BinaryIO], AudioWriter], audio: Iterable[Samples]) -> ObjectInfo:
        """Write a file block by block to this machine's temporary folder, since not every store can; upload it."""
        with translate_os_errors(Path(tempfile.tempdir or os.environ.get("TMPDIR", "/tmp"))):
            temporary = tempfile.TemporaryDirectory(prefix="f5-joined-")
        with temporary as folder:
            path = Path(folder) / "joined"
            with translate_os_errors(path), path.open("w+b") as file, writer(file) as open_file:
                for block in audio:
                    open_file.write(block)
            return self._store.upload(path, key)

    def _section_audio(self, section: Section, profile: AudioProfile) -> Iterator[Samples]:
        """The audio of a section at the target loudness."""
        return self._joined_audio(section, self._corrected(section, profile))

    def _joined_audio(self, section: Section, profile: AudioProfile) -> Iterator[Samples]:
        peak = profile.loudness.true_peak_db if profile.loudness else 0.0
        clip = partial(self._clips.samples, profile=profile)
        return section_audio(section, clip, profile.encoding.sample_rate, peak)

    def _corrected(self, section: Section, profile: AudioProfile) -> AudioProfile:
        """The profile that brings the section to the target: with its pauses it is a little quieter than its clips."""
        if profile.loudness is None:
            return profile
        if section.name not in self._corrections:
            self._corrections[section.name] = self._correction(section, profile)
        target = profile.loudness.target_lufs + self._corrections[section.name]
        return replace(profile, loudness=replace(profile.loudness, target_lufs=target))

    def _correction(self, section: Section, profile: AudioProfile) -> float:
        """The loudness in LU that the section lacks if its clips have the target loudness."""
        assert profile.loudness is not None
        meter = LoudnessMeter(profile.encoding.sample_rate)
        for block in self._joined_audio(section, profile):
            meter.add(block)
        missing = profile.loudness.mono_lufs - meter.loudness()
        return missing if abs(missing) <= _MAX_CORRECTION_LU else 0.0  # else silence, or clips too quiet to raise

    def _check_length(self, section: Section) -> None:
        encoding = self._profile.encoding
        seconds = self.seconds(section)
        size = seconds * encoding.sample_rate * encoding.channels * (encoding.bit_depth or 16) / 8
        if encoding.format == "wav" and size > _MAX_WAV_BYTES:
            raise SectionTooLong(section.name, encoding.format, seconds, round(_MAX_WAV_BYTES * seconds / size))

    # --- the book ---------------------------------------------------------------------------------------------

    def _chapters(self, book: Book) -> list[Chapter]:
        rate, start, chapters = book.profile.encoding.sample_rate, 0, []
        for number, (section, title) in enumerate(zip(self.sections, book.chapters, strict=True), start=1):
            pause = book.pause if number < len(self.sections) else 0.0
            end = start + round(self.seconds(section) * rate) + round(pause * rate)
            chapters.append(Chapter(title, start, end))
            start = end
        return chapters

    def _book_audio(self, book: Book, chapters: Sequence[Chapter]) -> Iterator[Samples]:
        """The audio of all chapters; silence fills each chapter to its end."""
        for section, chapter in zip(self.sections, chapters, strict=True):
            rest = chapter.end - chapter.start
            for block in self._section_audio(section, book.profile):
                yield block
                rest -= block.size
            yield np.zeros(rest, dtype=np.float32)

    def _cover(self, cover: ObjectInfo | None) -> bytes:
        if cover is None:
            return b""
        image = self._store.read(cover.key)
        if image_codec(image) is None:
            raise BadCover(self._store.location(cover.key))
        return image
