"""Delivering a batch: named files, joined sections, subtitles and the listening page, from clips that exist already.

Which files there are and what each is made of is decided here; what has to be written at all, in ``workshop``; what it
sounds like, in ``shape``. Nothing is ever spoken.

    batches/BATCH/audio/ID.FORMAT            one file for each line that was spoken
    batches/BATCH/SECTION.FORMAT, .srt, .vtt joined, if the batch wants it (if not: audio/ID.srt, audio/ID.vtt)
    batches/BATCH/report.html                the listening page
    batches/BATCH/delivery.json              what was delivered, made of what
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from f5_pipeline.delivery.edges import Edges
from f5_pipeline.delivery.encode import Samples, encode, open_writer
from f5_pipeline.delivery.ledger import Delivered, recipe
from f5_pipeline.delivery.listening import Page, PageRow, PageSection, render, waveform
from f5_pipeline.delivery.loudness import Programme
from f5_pipeline.delivery.sections import Line, Section, pieces, plan_sections, starts
from f5_pipeline.delivery.shape import Shape, shape_clip, shape_of
from f5_pipeline.delivery.subtitles import Cue, clip_cues, to_srt, to_vtt
from f5_pipeline.delivery.workshop import Job, Progress, Workshop
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.flac import SAMPLE_RATE
from f5_pipeline.results.index import IndexRow
from f5_pipeline.speech.manifests.batch_settings import BatchSettings
from f5_pipeline.speech.utterance import Utterance
from f5_pipeline.storage.object_store import ObjectStore, check_slug

_SUBTITLES = {"none": (), "srt": ("srt",), "vtt": ("vtt",), "both": ("srt", "vtt")}
_WRITERS = {"srt": to_srt, "vtt": to_vtt}
_MOST_MISSING_LU = 4.0
_GIVEN = ("language", "section", "pause_after_seconds")  # of an utterance, for a manifest that speaks it again
_GIVEN_SAMPLING = ("speed", "nfe_step", "cfg_strength")


@dataclass(frozen=True)
class DeliveryReport:
    """What was delivered."""

    files: int  # audio files, sections and subtitles; not the page
    audio_seconds: float  # of the lines' files
    bytes: int  # of all files and the page
    report_key: str  # the listening page
    written: int  # files made in this run, the page included
    skipped_unchanged: int  # files that were there already, the page included
    removed: int  # files of lines, sections or formats that are no longer wanted
    sections: tuple[str, ...] = ()  # object keys
    incomplete_sections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name → ids without a clip


def deliver_batch(
    store: ObjectStore,
    batch: str,
    settings: BatchSettings,
    rows: Sequence[IndexRow],
    utterances: Iterable[Utterance] = (),
    *,
    edges: Edges | None = Edges(),  # noqa: B008 - frozen
    segments: Mapping[str, Sequence[Cue]] | None = None,
    progress: Progress | None = None,
) -> DeliveryReport:
    """Deliver what a batch's settings ask for. Repeating it costs one listing; changed settings encode again.

    Args:
        rows: the batch's index, in the manifest's order. Lines that are ok or suspect are delivered.
        utterances: for sections and pauses, and for what the page exports.
        edges: how the silent ends of clips are trimmed; None: not at all.
        segments: timed parts of clips, by id, where the engine knows them: for subtitles.
        progress: is told how many of the lines' files are done, of how many that have to be made.

    Raises:
        UnsafeName: ``batch``, an id or a section is not a slug.
        BadEncoding, EncoderMissing: the format cannot be written like that, or not here.
        ObjectMissing, ClipDamaged: a clip that the index names is not in the store, or not whole.
        StoreUnusable: the store cannot be written. What was finished is kept.
    """
    delivery = _Delivery(store, batch, settings, rows, {each.id: each for each in utterances}, edges, segments or {})
    return delivery.run(progress)


class _Delivery:
    """One delivery, step by step."""

    def __init__(
        self,
        store: ObjectStore,
        batch: str,
        settings: BatchSettings,
        rows: Sequence[IndexRow],
        utterances: Mapping[str, Utterance],
        edges: Edges | None,
        segments: Mapping[str, Sequence[Cue]],
    ) -> None:
        self._shape: Shape = shape_of(settings, edges)
        self._store, self._batch, self._settings = store, batch, settings
        self._clips = ClipStore(store)
        self._rows, self._utterances, self._segments = rows, utterances, segments
        self._spoken = {check_slug("id", row.id): row for row in rows if row.key and row.status in ("ok", "suspect")}
        self._workshop = Workshop(store, batch)
        self._sections = plan_sections(self._lines(), batch, settings.pause_seconds) if settings.join_sections else []

    def run(self, progress: Progress | None) -> DeliveryReport:
        files = self._workshop
        clips = [self._clip_job(row) for row in self._spoken.values()]
        files.run(clips, progress)
        files.run([self._section_job(section) for section in self._sections])
        subtitles = self._subtitle_jobs()
        files.run(subtitles)
        page = self._text_job("report.html", render(self._page()))
        files.run([page])
        removed = files.finish()
        count = len(files.files)
        return DeliveryReport(
            files=count - 1,
            audio_seconds=sum(self._clip(id).seconds for id in self._spoken),
            bytes=sum(file.size for file in files.files.values()),
            report_key=page.key,
            written=files.written,
            skipped_unchanged=count - files.written,
            removed=removed,
            sections=tuple(self._section_key(section) for section in self._sections),
            incomplete_sections={section.name: section.missing for section in self._sections if section.missing},
        )

    # --- the lines' own files ---------------------------------------------------------------------------------

    def _clip_name(self, id: str) -> str:
        return f"audio/{id}.{self._settings.format}"

    def _clip(self, id: str) -> Delivered:
        return self._workshop.files[self._workshop.prefix + self._clip_name(id)]

    def _clip_recipe(self, id: str) -> str:
        return recipe("clip", self._spoken[id].key, self._shape.ingredients())

    def _clip_job(self, row: IndexRow) -> Job:
        key, made_of = self._workshop.prefix + self._clip_name(row.id), self._clip_recipe(row.id)

        def make() -> Delivered:
            shaped = shape_clip(self._clips.load(row.key).samples, SAMPLE_RATE, self._shape)
            rate = self._shape.encoding.sample_rate
            info = self._store.write(key, encode(shaped.samples, rate, self._shape.encoding))
            seconds, peaks = shaped.samples.size / rate, waveform(shaped.samples)
            return Delivered(made_of, info.size, info.etag, seconds, shaped.cut_before, peaks)

        return Job(key, made_of, make)

    # --- sections and subtitles -------------------------------------------------------------------------------

    def _lines(self) -> list[Line]:
        lines = []
        divided = any(utterance.section for utterance in self._utterances.values())
        for row in self._rows:
            utterance = self._utterance(row)
            if utterance is not None:
                lines.append(Line(row.id, utterance.section, utterance.pause_after_seconds, self._is_spoken(row)))
            elif self._is_spoken(row) or not divided:  # of a rejected line nobody knows which section it was for
                lines.append(Line(row.id, None, None, self._is_spoken(row)))
        return lines

    def _is_spoken(self, row: IndexRow) -> bool:
        """Whether this row has a file; another row of the same id, rejected for that, has none."""
        return self._spoken.get(row.id) is row

    def _utterance(self, row: IndexRow) -> Utterance | None:
        return None if row.status == "rejected" else self._utterances.get(row.id)

    def _section_key(self, section: Section) -> str:
        return f"{self._workshop.prefix}{check_slug('section', section.name)}.{self._settings.format}"

    def _starts(self, section: Section) -> tuple[dict[str, float], float]:
        seconds = {part.id: self._clip(part.id).seconds for part in section.parts}
        return starts(section, seconds, self._shape.encoding.sample_rate)

    def _section_job(self, section: Section) -> Job:
        key = self._section_key(section)
        made_of = recipe("section", [[self._clip_recipe(part.id), part.pause_after] for part in section.parts])

        def make() -> Delivered:
            shape = self._section_shape(section)
            with tempfile.TemporaryDirectory(prefix="f5-section-") as folder:
                path = Path(folder) / "section"
                with path.open("w+b") as file, open_writer(file, shape.encoding) as writer:
                    for piece in self._pieces(section, shape):
                        writer.write(piece)
                info = self._store.upload(path, key)
            return Delivered(made_of, info.size, info.etag, self._starts(section)[1])

        return Job(key, made_of, make)

    def _pieces(self, section: Section, shape: Shape) -> Iterator[Samples]:
        def clip(id: str) -> Samples:
            return shape_clip(self._clips.load(self._spoken[id].key).samples, SAMPLE_RATE, shape).samples

        return pieces(section, clip, shape.encoding.sample_rate)

    def _section_shape(self, section: Section) -> Shape:
        """Clips of the wanted loudness make a section that is a little quieter, with its pauses: by how much?"""
        wanted = self._shape.loudness
        if wanted is None:
            return self._shape
        programme = Programme(self._shape.encoding.sample_rate)
        for piece in self._pieces(section, self._shape):
            programme.add(piece)
        missing = wanted.target_lufs - programme.loudness()
        if abs(missing) > _MOST_MISSING_LU:  # silence, or clips that are too quiet to be raised
            return self._shape
        return replace(self._shape, loudness=replace(wanted, target_lufs=wanted.target_lufs + missing))

    def _subtitle_jobs(self) -> list[Job]:
        kinds = _SUBTITLES[self._settings.subtitles]
        if self._settings.join_sections:
            cues = {section.name: self._section_cues(section) for section in self._sections}
        else:
            cues = {f"audio/{id}": self._cues(id, 0.0) for id in self._spoken}
        return [self._text_job(f"{name}.{kind}", _WRITERS[kind](each)) for name, each in cues.items() for kind in kinds]

    def _section_cues(self, section: Section) -> list[Cue]:
        return [cue for id, start in self._starts(section)[0].items() for cue in self._cues(id, start)]

    def _cues(self, id: str, start: float) -> list[Cue]:
        clip = self._clip(id)
        return clip_cues(self._spoken[id].text, start, clip.seconds, self._segments.get(id, ()), clip.cut_before)

    def _text_job(self, name: str, text: str) -> Job:
        key, made_of = self._workshop.prefix + name, recipe("text", text)

        def make() -> Delivered:
            info = self._store.write(key, text.encode("utf-8", "replace"))
            return Delivered(made_of, info.size, info.etag)

        return Job(key, made_of, make)

    # --- the listening page -----------------------------------------------------------------------------------

    def _page(self) -> Page:
        sections = [self._page_section(section) for section in self._sections]
        return Page(self._batch, self._shape.about(), [self._page_row(row) for row in self._rows], sections)

    def _page_row(self, row: IndexRow) -> PageRow:
        clip = self._clip(row.id) if self._is_spoken(row) else Delivered("")
        utterance = self._utterance(row)
        return PageRow(
            id=row.id,
            text=row.text,
            spoken=row.spoken_text,
            voice=row.voice,
            model=row.model,
            status=row.status,
            reason=row.reason,
            section=(utterance.section or "") if utterance else "",
            audio=self._clip_name(row.id) if self._is_spoken(row) else "",
            seconds=clip.seconds,
            peaks=clip.peaks,
            seed=row.seed,
            attempts=row.attempts,
            measures=row.quality,
            given=_given(utterance) if utterance else {},
            columns=row.columns,
        )

    def _page_section(self, section: Section) -> PageSection:
        return PageSection(
            name=section.name,
            audio=f"{section.name}.{self._settings.format}",
            seconds=self._starts(section)[1],
            lines=len(section.parts),
            subtitles=tuple(f"{section.name}.{kind}" for kind in _SUBTITLES[self._settings.subtitles]),
            missing=section.missing,
        )


def _given(utterance: Utterance) -> dict[str, str]:
    """The columns of a manifest in which this utterance would be the same."""
    values = {name: getattr(utterance, name) for name in _GIVEN}
    values |= {name: getattr(utterance.sampling, name) for name in _GIVEN_SAMPLING}
    return {
        name: f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in values.items()
        if value is not None
    }
