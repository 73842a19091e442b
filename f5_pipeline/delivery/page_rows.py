"""The content of the listening page: its rows and joined files. ``delivery.report_page`` renders the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from f5_pipeline.delivery.clip_files import ClipFiles
from f5_pipeline.delivery.delivery_record import Delivered
from f5_pipeline.delivery.joined import JoinedFiles
from f5_pipeline.delivery.page_words import page_words
from f5_pipeline.delivery.report_page import PageDecision, PageRow, PageSection, PageTake
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.take_list import DECISION, TAKES, chosen_take


def page_rows(rows: Sequence[IndexRow], utterances: Mapping[str, Utterance], clips: ClipFiles) -> list[PageRow]:
    """The rows of the page, in the order of the index."""
    return [_row(row, None if row.status == "rejected" else utterances.get(row.id), clips) for row in rows]


def page_sections(joined: JoinedFiles, format: str, subtitles: Sequence[str]) -> list[PageSection]:
    """The joined sections with their subtitle files. ``subtitles``: ``srt``, ``vtt`` or both."""
    return [
        PageSection(
            name=section.name,
            audio=f"{section.name}.{format}",
            seconds=joined.seconds(section),
            lines=len(section.parts),
            subtitles=tuple(f"{section.name}.{kind}" for kind in subtitles),
            missing=section.missing,
            spans=tuple(
                (id, round(span.start, 3), round(span.start + span.seconds, 3))
                for id, span in joined.spans(section).items()
            ),
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
    chosen = chosen_take(row)
    return PageRow(
        id=row.id,
        text=row.text,
        spoken=row.spoken_text,
        voice=row.voice,
        model=row.model,
        status=row.status,
        reason=row.reason,
        notes=row.notes,
        section=(utterance.section or "") if utterance else "",
        audio=clips.name(row.id) if has_audio else "",
        seconds=clip.seconds,
        peaks=clip.peaks,
        spectrogram=clip.spectrogram,
        words=page_words(row, clip.words) if has_audio else (),
        key=row.key,
        take=chosen.take if chosen else row.attempts,
        takes=_other_takes(row, clips) if has_audio else (),
        decision=_decision(row, utterance),
        seed=row.seed,
        attempts=row.attempts,
        measures={name: value for name, value in row.quality.items() if name not in (TAKES, DECISION)},
        columns=row.columns,
    )


def _other_takes(row: IndexRow, clips: ClipFiles) -> list[PageTake]:
    pairs = [(take, clips.delivered_take(row.id, take)) for take in clips.other_takes(row.id)]
    return [
        PageTake(
            take=take.take,
            key=take.key,
            status=take.status,
            reason=take.reason,
            audio=clips.take_name(row.id, take),
            seconds=file.seconds,
            peaks=file.peaks,
            spectrogram=file.spectrogram,
        )
        for take, file in pairs
        if file.seconds
    ]


def _decision(row: IndexRow, utterance: Utterance | None) -> PageDecision | None:
    """What a listener decided before, and if it has been carried out."""
    if utterance is None or utterance.decision is None:
        return None
    decision = utterance.decision
    return PageDecision(
        action=decision.action,
        take=decision.take,
        key=decision.key,
        note=decision.note,
        original=decision.original_text,
        in_force=bool(decision.action) and row.quality.get(DECISION) == decision.action,
    )
