"""Delivering a batch: named files, joined sections, the audiobook, subtitles and the listening page, from clips.

This module decides which files a batch has. ``delivery.builder`` builds those that are missing or outdated,
``clip_files``, ``joined`` and ``subtitle_files`` define their content, ``audio_profile`` their sound. No synthesis.

    batches/BATCH/audio/ID.FORMAT            one file for each line with a clip
    batches/BATCH/SECTION.FORMAT, .srt, .vtt joined, with join_sections (without: audio/ID.srt, audio/ID.vtt)
    batches/BATCH/BATCH.m4b                  all sections as an audiobook with chapters, with audiobook
    batches/BATCH/report.html                the listening page
    batches/BATCH/delivery.json              the delivered files with their fingerprints
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from f5_pipeline.audio.formats import FORMATS
from f5_pipeline.delivery.audio_profile import AudioProfile, check_encoders, profile_of
from f5_pipeline.delivery.builder import DeliveryBuilder, Job, Progress
from f5_pipeline.delivery.clip_files import ClipFiles
from f5_pipeline.delivery.delivery_record import Delivered, fingerprint_of
from f5_pipeline.delivery.file_tags import FileTags
from f5_pipeline.delivery.joined import Book, JoinedFiles
from f5_pipeline.delivery.page_rows import page_book, page_rows, page_sections
from f5_pipeline.delivery.page_words import look_up_words
from f5_pipeline.delivery.references import References
from f5_pipeline.delivery.report_page import Page, render
from f5_pipeline.delivery.sections import ClipSpan, Line, Section, plan_sections
from f5_pipeline.delivery.subtitle_files import SubtitleFiles
from f5_pipeline.errors import NothingToDeliver
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.utterance import RejectedRow, Utterance
from f5_pipeline.results.index import IndexRow
from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore

_SUBTITLES = {"none": (), "srt": ("srt",), "vtt": ("vtt",), "both": ("srt", "vtt")}


@dataclass(frozen=True)
class DeliveryReport:
    """The result of a delivery."""

    files: int  # audio files, sections and subtitles, without the page
    audio_seconds: float  # of the lines' files
    bytes: int  # of all files, with the page
    report_key: str  # the listening page
    written: int  # files built in this run, with the page
    skipped_unchanged: int  # files that were up to date, with the page
    removed: int  # files of lines, sections or formats that the batch no longer has
    sections: tuple[str, ...] = ()  # object keys
    incomplete_sections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name → ids without a clip
    audiobook: str = ""  # object key; "": none


def deliver_batch(
    store: ObjectStore,
    batch: str,
    settings: BatchSettings,
    rows: Sequence[IndexRow],
    utterances: Iterable[Utterance] = (),
    rejected: Iterable[RejectedRow] = (),
    *,
    progress: Progress | None = None,
) -> DeliveryReport:
    """Deliver the files that a batch's settings ask for. A repeated delivery costs one listing.

    Args:
        rows: the batch's index, in manifest order. Lines that are ok or suspect are delivered.
        utterances: give sections, pauses, and the columns that the page exports.
        rejected: the rejected rows; their sections report them as missing.
        progress: called with the number of finished files of lines, and of those to build.

    Raises:
        UnsafeName: ``batch``, an id or a section is not a slug.
        NothingToDeliver: no line has a clip. Nothing is removed.
        EncoderMissing: this machine cannot write the format.
        SectionTooLong: a section is too long for its format.
        BadCover: the cover is not a JPEG or PNG image.
        ObjectMissing, ClipDamaged: a clip of the index is not in the store, or damaged.
        StoreUnusable, FileUnusable: the store or the temporary folder cannot be written. Finished files are kept.
    """
    if not any(row.status in ("ok", "suspect") for row in rows):
        raise NothingToDeliver(batch, len(rows))
    utterances_by_id, rejected_by_id = {each.id: each for each in utterances}, {each.id: each for each in rejected}
    return _Delivery(store, batch, settings, rows, utterances_by_id, rejected_by_id).run(progress)


class _Delivery:
    """One delivery of a batch."""

    def __init__(
        self,
        store: ObjectStore,
        batch: str,
        settings: BatchSettings,
        rows: Sequence[IndexRow],
        utterances: Mapping[str, Utterance],
        rejected: Mapping[str, RejectedRow],
    ) -> None:
        check_encoders(settings)
        self._store, self._batch, self._settings = store, batch, settings
        self._rows, self._utterances, self._rejected = rows, utterances, rejected
        self._profile: AudioProfile = profile_of(settings)
        self._builder = DeliveryBuilder(store, batch)
        pauses = {id: utterance.end_pauses for id, utterance in utterances.items()}
        self._cover = self._find_cover()
        tags = FileTags.of(settings, batch, self._cover)
        self._clips = ClipFiles(store, self._builder, rows, self._profile, pauses, tags)
        self._references = References(store, self._builder, {row.voice for row in self._clips.spoken.values()})
        self._joined = JoinedFiles(store, self._builder, self._clips, self._plan(), self._profile, tags)
        self._sections = self._joined.sections if settings.join_sections else ()

    def run(self, progress: Progress | None) -> DeliveryReport:
        builder = self._builder
        builder.run(self._clips.jobs(), progress)
        builder.run(self._joined.section_jobs() if self._settings.join_sections else [])
        book = self._book_job()
        builder.run([book] if book else [])
        builder.run(self._subtitle_jobs())
        builder.run(self._clips.take_jobs(), progress)
        builder.run(self._references.jobs())
        look_up_words(self._store, builder, self._clips)
        page = self._text_job(layout.REPORT, render(self._page(book)))
        builder.run([page])
        removed = builder.finish()
        count = len(builder.files)
        return DeliveryReport(
            files=count - 1,
            audio_seconds=sum(self._clips.delivered(id).seconds for id in self._clips.spoken),
            bytes=sum(file.size for file in builder.files.values()),
            report_key=page.key,
            written=builder.written,
            skipped_unchanged=count - builder.written,
            removed=removed,
            sections=tuple(self._joined.key(section) for section in self._sections),
            incomplete_sections={each.name: each.missing for each in self._joined.sections if each.missing},
            audiobook=book.key if book else "",
        )

    # --- sections and the book --------------------------------------------------------------------------------

    def _find_cover(self) -> ObjectInfo | None:
        """The image beside the manifest; only if the batch has joined files."""
        if not (self._settings.join_sections or self._settings.audiobook):
            return None
        covers = self._store.stat_many(layout.manifest_object(self._batch, kind) for kind in layout.COVERS)
        return next(iter(covers.values()), None)

    def _plan(self) -> list[Section]:
        if not (self._settings.join_sections or self._settings.audiobook):
            return []
        return plan_sections(self._lines(), self._batch, self._settings.pause_seconds)

    def _lines(self) -> list[Line]:
        return [self._line(row) for row in self._rows]

    def _line(self, row: IndexRow) -> Line:
        if row.id in self._rejected and not self._clips.has(row):
            return Line(row.id, self._rejected[row.id].section, None, spoken=False)
        if (utterance := self._utterances.get(row.id)) is not None:
            u = utterance
            return Line(row.id, u.section, u.pause_after_seconds, self._clips.has(row), u.slot)
        return Line(row.id, None, None, self._clips.has(row))

    def _book_job(self) -> Job | None:
        encoding, sections = self._settings.book_encoding, self._joined.sections
        if encoding is None or not sections:
            return None
        book = Book(
            profile=profile_of(self._settings, encoding),
            title=self._settings.title or self._batch,
            author=self._settings.author or "",
            cover=self._cover,
            pause=self._settings.chapter_pause_seconds,
            chapters=tuple(self._settings.section_titles.get(each.name, each.name) for each in sections),
        )
        return self._joined.book_job(f"{self._builder.prefix}{self._batch}.m4b", book)

    # --- subtitles and the listening page ---------------------------------------------------------------------

    def _subtitle_jobs(self) -> list[Job]:
        kinds = _SUBTITLES[self._settings.subtitles]
        if self._settings.join_sections:
            spans = {section.name: self._joined.spans(section) for section in self._sections}
        else:
            spans = {
                f"{layout.AUDIO}{id}": {id: ClipSpan(0.0, self._clips.delivered(id).seconds)}
                for id in self._clips.spoken
            }
        subtitles = SubtitleFiles(self._store, self._builder.prefix, self._clips, self._settings)
        return [subtitles.job(f"{name}.{kind}", kind, lines) for name, lines in spans.items() for kind in kinds]

    def _page(self, book: Job | None) -> Page:
        rows = page_rows(self._rows, self._utterances, self._clips)
        joined = []
        if book is not None:
            name = book.key.removeprefix(self._builder.prefix)
            joined.append(page_book(self._joined, name, self._builder.files[book.key].seconds))
        if self._settings.join_sections:
            joined += page_sections(self._joined, self._settings.format, _SUBTITLES[self._settings.subtitles])
        about, format = self._profile.describe(), self._settings.format
        if FORMATS[format].played_by_browsers:
            return Page(self._batch, about, rows, joined, references=self._references.names())
        about += ". Browsers do not play this format"
        return Page(self._batch, about, rows, joined, format, self._references.names())

    def _text_job(self, name: str, text: str) -> Job:
        key, fingerprint = self._builder.prefix + name, fingerprint_of("text", text)

        def build() -> Delivered:
            info = self._store.write(key, text.encode("utf-8", "replace"))
            return Delivered(fingerprint, info.size, info.etag)

        return Job(key, fingerprint, build)
