"""Lines with a time slot: the speech rate at which a line ends in time, and the verdict on one that does not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from f5_pipeline.engine.protocol import seconds_of
from f5_pipeline.manifests.utterance import TimeSlot, Utterance
from f5_pipeline.quality.signal import weigh
from f5_pipeline.quality.thresholds import Thresholds
from f5_pipeline.results.index import IndexRow
from f5_pipeline.settings.fields import HIGHEST_SPEED
from f5_pipeline.synthesis.request import Speaker, SynthesisRequest, planned_seconds

MAX_SPEED_UP = 1.4  # times the speech rate that the line would have without a slot; beyond it speech is hard to follow


def in_time(utterance: Utterance, speakers: Sequence[Speaker]) -> Utterance:
    """The utterance at the lowest speech rate at which it ends in time, at most ``MAX_SPEED_UP`` times its own.

    It is never spoken more slowly. A line that does not ask for it is returned unchanged.
    """
    slot = utterance.slot
    if slot is None or not slot.fit:
        return utterance
    factor = _speed_up(utterance, speakers, slot)
    sampling = replace(utterance.sampling, speed=_faster(utterance.sampling.speed, factor))
    passages = tuple(replace(each, speed=_faster(each.speed, factor)) for each in utterance.passages)
    return replace(utterance, sampling=sampling, passages=passages, slot=replace(slot, fit=False))


def place_row(request: SynthesisRequest, row: IndexRow, thresholds: Thresholds, lead: float | None) -> IndexRow:
    """The index row of a line, suspect if it is spoken beyond its slot. Other rows are returned unchanged.

    Lines may share a clip and have different slots, so this is no part of the verdict on a take.

    Args:
        lead: seconds of silence that the delivery keeps before the first sound; None: all.
    """
    slot = request.utterance.slot
    if slot is None or row.status not in ("ok", "suspect"):
        return row
    quality = {**row.quality, "speed": request.utterance.sampling.speed}
    overrun = overrun_seconds(request, row, lead)
    if overrun > 0:
        quality["overrun_seconds"] = round(overrun, 4)
    verdict = weigh({"overrun_seconds": overrun}, thresholds)
    if verdict.status == "ok" or request.is_accepted:
        return replace(row, quality=quality)
    return replace(row, quality=quality, status="suspect", reason="; ".join(filter(None, (row.reason, verdict.reason))))


def overrun_seconds(request: SynthesisRequest, row: IndexRow, lead: float | None) -> float:
    """How long a line still speaks when it should be over; at most 0 if it is over in time."""
    slot = request.utterance.slot
    if slot is None or slot.limit_seconds is None:
        return 0.0
    silence, tail = (float(row.quality.get(f"{end}_silence_seconds") or 0.0) for end in ("lead", "tail"))
    cut = 0.0 if lead is None else max(0.0, silence - lead)
    pause_after = request.utterance.end_pauses[1]
    return (row.audio_seconds or 0.0) - cut - tail - pause_after - slot.limit_seconds


def _speed_up(utterance: Utterance, speakers: Sequence[Speaker], slot: TimeSlot) -> float:
    """The factor of the speech rate at which the planned duration fits the slot."""
    pauses = sum(each.pause_before_seconds + each.pause_after_seconds for each in utterance.passages)
    speech = planned_seconds(utterance, speakers) - pauses
    rounding = 0.5 * seconds_of(1) * max(1, len(utterance.passages))  # durations are whole mel frames
    available = (math.inf if slot.seconds is None else slot.seconds) - pauses - rounding
    needed = speech / available if available > 0 else math.inf
    return min(max(needed, 1.0), MAX_SPEED_UP)


def _faster(speed: float, factor: float) -> float:
    """A speech rate times a factor, rounded up to three decimals."""
    return speed if factor == 1.0 else min(math.ceil(speed * factor * 1000) / 1000, max(HIGHEST_SPEED, speed))
