"""The content of the listening page: its rows and joined files. ``delivery.report_page`` renders the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from f5_pipeline.delivery.clip_files import ClipFiles
from f5_pipeline.delivery.delivery_record import Delivered
from f5_pipeline.delivery.joined import JoinedFiles
from f5_pipeline.delivery.report_page import PageRow, PageSection
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.results.index import IndexRow

_GIVEN = ("language", "section", "pause_after_seconds")  # columns of a manifest that would speak the utterance again
_GIVEN_SAMPLING = ("speed", "nfe_step", "cfg_strength")


def page_rows(rows: Sequence[IndexRow], utterances: Mapping[str, Utterance], clips: ClipFiles) -> list[PageRow]:
    """The rows of the page, in the order of the index."""
    return [_row(row, None if row.status == "rejected" else utterances.get(row.id), clips) for row in rows]


def page_sections(joined: JoinedFiles, format: str, subtitles: Sequence[str]) -> list[PageSection]:
    """The joined sections with their subtitle files. ``subtitles``: ``srt``, ``vtt`` or both."""
    return [
        PageSection(
            name=section.name,
            audio=f"{section.name}.{format}",
            seconds=joined.starts(section)[1],
            lines=len(section.parts),
            subtitles=tuple(f"{section.name}.{kind}" for kind in subtitles),
            missing=section.missing,
        )
        for section in joined.sections
    ]


def page_book(joined: JoinedFiles, name: str, seconds: float) -> PageSection:
    """The audiobook as one of the joined files."""
    lines = sum(len(section.parts) for section in joined.sections)
    missing = tuple(id for section in joined.sections for id in section.missing)
    return PageSection(name, name, seconds, lines, (), missing)


def _row(row: IndexRow, utterance: Utterance | None, clips: ClipFiles) -> PageRow:
    has_audio = clips.has(row)
    clip = clips.delivered(row.id) if has_audio else Delivered("")
    return PageRow(
        id=row.id,
        text=row.text,
        spoken=row.spoken_text,
        voice=row.voice,
        model=row.model,
        status=row.status,
        reason=row.reason,
        section=(utterance.section or "") if utterance else "",
        audio=clips.name(row.id) if has_audio else "",
        seconds=clip.seconds,
        peaks=clip.peaks,
        seed=row.seed,
        attempts=row.attempts,
        measures=dict(row.quality),
        given=_given(utterance) if utterance else {},
        columns=row.columns,
    )


def _given(utterance: Utterance) -> dict[str, str]:
    """The columns of a manifest row that reproduces this utterance."""
    values = {name: getattr(utterance, name) for name in _GIVEN}
    values |= {name: getattr(utterance.sampling, name) for name in _GIVEN_SAMPLING}
    for name in ("language", "speed"):
        if len({getattr(passage, name) for passage in utterance.passages}) > 1:  # its passages have voices of their own
            del values[name]
    return {
        name: f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in values.items()
        if value is not None
    }
