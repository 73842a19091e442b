"""The time line of a batch: which voice speaks a cue, and how much time each utterance has until the next one."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.row_values import RowRejected, RowValues
from f5_pipeline.manifests.utterance import RejectedRow, TimeSlot, Utterance
from f5_pipeline.text.tag_syntax import voice_tag


def slot_of(values: RowValues, settings: BatchSettings) -> TimeSlot | None:
    """The time of a row; None if it has none, or the batch ignores times.

    Raises:
        RowRejected: it ends before it starts, or has no start.
    """
    if values.start is None:
        if values.end is not None:
            raise RowRejected("The row has an end, but no start")
        return None
    if values.end is not None and values.end <= values.start:
        raise RowRejected(f"The row ends at {values.end:g} s, but starts at {values.start:g} s")
    return None if settings.fit == "none" else TimeSlot(values.start, values.end, fit=settings.fit == "speed")


def text_by_voice(
    turns: Sequence[tuple[str, str]], voices: Iterable[str], voice: str | None
) -> tuple[str | None, str, list[str]]:
    """The voice and the text of a row from its turns, and notes. A change of voice becomes a tag.

    Args:
        turns: the text by speaker. A speaker has the voice of the same name, if there is one.
        voices: the names of all voices.
        voice: of the other speakers.

    Raises:
        RowRejected: a speaker has no voice.
    """
    known = {_folded(name): name for name in voices if _folded(name)}
    others = [speaker for speaker, _ in turns if _folded(speaker) not in known]
    if voice is None and others:
        subject = f"There is no voice {others[0]!r}" if others[0] else "A speaker has no name"
        raise RowRejected(f"{subject}, and the batch settings give no voice for other speakers")
    spoken = [(known.get(_folded(speaker), voice), text) for speaker, text in turns]
    first = current = spoken[0][0]
    parts = []
    for name, text in spoken:
        parts.append(text if name in (current, None) else f"{voice_tag(str(name))} {text}")
        current = name
    names = dict.fromkeys(filter(None, others))
    return first, " ".join(parts), [f"The name {name!r} is not spoken; no voice has it." for name in names]


def with_next_starts(
    utterances: Sequence[Utterance], settings: BatchSettings, batch: str
) -> tuple[list[Utterance], list[RejectedRow]]:
    """The utterances with the start of the next one in their section, and those that a time line cannot place.

    Without a joined file, a row may have no time. Rows without a section form one named like the batch.
    """
    starts: dict[str, list[float]] = {}
    for utterance in utterances:
        if utterance.slot is not None:
            starts.setdefault(utterance.section or batch, []).append(utterance.slot.start)
    if not starts:
        return list(utterances), []
    for times in starts.values():
        times.sort()
    is_joined = settings.join_sections or settings.audiobook
    placed: list[Utterance] = []
    rejected: list[RejectedRow] = []
    for each in utterances:
        if is_joined and each.slot is None and (each.section or batch) in starts:
            rejected.append(_without_time(each))
        else:
            placed.append(_before_next(each, starts.get(each.section or batch, ())))
    return placed, rejected


def _before_next(utterance: Utterance, starts: Sequence[float]) -> Utterance:
    if utterance.slot is None:
        return utterance
    position = bisect_right(starts, utterance.slot.start)
    if position == len(starts):
        return utterance
    return replace(utterance, slot=replace(utterance.slot, next_start=starts[position]))


def _without_time(utterance: Utterance) -> RejectedRow:
    u = utterance
    reason = "The row has no start, but other rows of its section have one."
    return RejectedRow(u.id, u.row, u.text, u.voice, reason, u.columns, u.section, u.voices)


@lru_cache(maxsize=8192)
def _folded(name: str) -> str:
    """A name as it is compared: "Mr. Anna" and "mr-anna" are one."""
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")
