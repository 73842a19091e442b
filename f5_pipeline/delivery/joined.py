"""Joined files: one for each section, and the audiobook with a chapter for each.

Which clips a section has is in ``sections``, the lines' own sound in ``clip_files``. Clips are read one at a time and
written at once, so a book of any length needs the memory of one clip.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from f5_pipeline.audio.aac import AacWriter, Chapter, Tags, image_codec
from f5_pipeline.audio.encode import open_writer
from f5_pipeline.audio.loudness import LoudnessMeter
from f5_pipeline.audio.samples import Samples
from f5_pipeline.audio.writer import AudioWriter
from f5_pipeline.delivery.audio_profile import AudioProfile
from f5_pipeline.delivery.builder import DeliveryBuilder, Job
from f5_pipeline.delivery.clip_files import ClipFiles
from f5_pipeline.delivery.delivery_record import Delivered, recipe
from f5_pipeline.delivery.sections import Section, pieces, starts
from f5_pipeline.errors import BadCover, SectionTooLong
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore, check_slug

_MOST_MISSING_LU = 4.0
_WAV_BYTES = 2**32 - 2**16  # a WAV file counts its bytes in 32 bits


@dataclass(frozen=True)
class Book:
    """What an audiobook is called, looks like, and how its chapters follow each other."""

    shape: AudioProfile  # of the sections' sample rate
    title: str
    author: str
    cover: ObjectInfo | None  # a JPEG or PNG in the store
    pause: float  # seconds between two chapters
    chapters: tuple[str, ...]  # their titles, one for each section


class JoinedFiles:
    """The sections of one batch, and the book of them."""

    def __init__(
        self,
        store: ObjectStore,
        workshop: DeliveryBuilder,
        clips: ClipFiles,
        sections: Sequence[Section],
        shape: AudioProfile,
    ) -> None:
        self._store, self._workshop, self._clips, self._shape = store, workshop, clips, shape
        self._missing: dict[str, float] = {}  # LU, by section
        self.sections = sections

    def key(self, section: Section) -> str:
        return f"{self._workshop.prefix}{check_slug('section', section.name)}.{self._shape.encoding.format}"

    def starts(self, section: Section) -> tuple[dict[str, float], float]:
        """When each clip of a section is heard, by id, and how long the whole is, in seconds."""
        seconds = {part.id: self._clips.delivered(part.id).seconds for part in section.parts}
        return starts(section, seconds, self._shape.encoding.sample_rate)

    def section_jobs(self) -> list[Job]:
        return [self._section_job(section) for section in self.sections]

    def book_job(self, key: str, book: Book) -> Job:
        """All sections as one file, each of them a chapter, which lasts until the next begins."""
        parts = [self._ingredients(section, book.shape) for section in self.sections]
        cover = book.cover and book.cover.etag
        made_of = recipe("book", book.title, book.author, cover, book.pause, book.chapters, parts)

        def make() -> Delivered:
            chapters = self._chapters(book)
            tags = Tags(book.title, book.author, self._image(book.cover), chapters)
            info = self._write(
                key, lambda file: AacWriter(file, book.shape.encoding, tags), self._book_pieces(book, chapters)
            )
            return Delivered(made_of, info.size, info.etag, chapters[-1].end / book.shape.encoding.sample_rate)

        return Job(key, made_of, make)

    def _section_job(self, section: Section) -> Job:
        key, made_of = self.key(section), recipe("section", self._ingredients(section, self._shape))

        def make() -> Delivered:
            self._check_length(section)
            info = self._write(
                key, lambda file: open_writer(file, self._shape.encoding), self._pieces(section, self._shape)
            )
            return Delivered(made_of, info.size, info.etag, self.starts(section)[1])

        return Job(key, made_of, make)

    def _ingredients(self, section: Section, shape: AudioProfile) -> list[list[object]]:
        return [[self._clips.recipe(part.id, shape), part.pause_after] for part in section.parts]

    def _write(self, key: str, writer: Callable[[BinaryIO], AudioWriter], sound: Iterable[Samples]) -> ObjectInfo:
        """By way of a file in this machine's temporary folder: not every store takes a file piece by piece."""
        with translate_os_errors(Path(tempfile.tempdir or os.environ.get("TMPDIR", "/tmp"))):
            made = tempfile.TemporaryDirectory(prefix="f5-joined-")
        with made as folder:
            path = Path(folder) / "joined"
            with translate_os_errors(path), path.open("w+b") as file, writer(file) as open_file:
                for piece in sound:
                    open_file.write(piece)
            return self._store.upload(path, key)

    def _pieces(self, section: Section, shape: AudioProfile) -> Iterator[Samples]:
        """The sound of a section at the wanted loudness."""
        levelled = self._levelled(section, shape)
        return pieces(section, lambda id: self._clips.sound(id, levelled), shape.encoding.sample_rate)

    def _levelled(self, section: Section, shape: AudioProfile) -> AudioProfile:
        """Clips of the wanted loudness make a section that is a little quieter, with its pauses: raise them by that."""
        if shape.loudness is None:
            return shape
        if section.name not in self._missing:
            self._missing[section.name] = self._measure(section, shape)
        missing = self._missing[section.name]
        return replace(shape, loudness=replace(shape.loudness, target_lufs=shape.loudness.target_lufs + missing))

    def _measure(self, section: Section, shape: AudioProfile) -> float:
        """How many LU a section of such clips lacks."""
        assert shape.loudness is not None
        programme = LoudnessMeter(shape.encoding.sample_rate)
        for piece in pieces(section, lambda id: self._clips.sound(id, shape), shape.encoding.sample_rate):
            programme.add(piece)
        missing = shape.loudness.mono_lufs - programme.loudness()
        return missing if abs(missing) <= _MOST_MISSING_LU else 0.0  # else: silence, or clips too quiet to be raised

    def _check_length(self, section: Section) -> None:
        encoding = self._shape.encoding
        seconds = self.starts(section)[1]
        size = seconds * encoding.sample_rate * encoding.channels * (encoding.bit_depth or 16) / 8
        if encoding.format == "wav" and size > _WAV_BYTES:
            raise SectionTooLong(section.name, encoding.format, seconds, round(_WAV_BYTES * seconds / size))

    # --- the book ---------------------------------------------------------------------------------------------

    def _chapters(self, book: Book) -> list[Chapter]:
        rate, at, chapters = book.shape.encoding.sample_rate, 0, []
        for number, (section, title) in enumerate(zip(self.sections, book.chapters, strict=True), start=1):
            pause = book.pause if number < len(self.sections) else 0.0
            end = at + round(self.starts(section)[1] * rate) + round(pause * rate)
            chapters.append(Chapter(title, at, end))
            at = end
        return chapters

    def _book_pieces(self, book: Book, chapters: Sequence[Chapter]) -> Iterator[Samples]:
        for section, chapter in zip(self.sections, chapters, strict=True):
            rest = chapter.end - chapter.start
            for piece in self._pieces(section, book.shape):
                yield piece
                rest -= piece.size
            yield np.zeros(rest, dtype=np.float32)

    def _image(self, cover: ObjectInfo | None) -> bytes:
        if cover is None:
            return b""
        image = self._store.read(cover.key)
        if image_codec(image) is None:
            raise BadCover(self._store.location(cover.key))
        return image
