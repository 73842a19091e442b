"""Sections: the clips of one joined file and their places in it.

In manifest order with pauses, or, if its lines have times, each clip at its start on a time line (``time_line``).
Clips arrive one at a time from the caller, so a section of any length needs the memory of one clip.
``delivery.joined`` writes the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from f5_pipeline.audio.samples import Samples
from f5_pipeline.delivery.time_line import FADE_SECONDS, PlacedClip, time_line_audio
from f5_pipeline.manifests.utterance import TimeSlot


@dataclass(frozen=True)
class Line:
    """One line of a section."""

    id: str
    section: str | None  # None: the section named like the batch
    pause_after: float | None  # seconds; None: the batch's default pause
    spoken: bool  # True if there is a clip
    slot: TimeSlot | None = None  # its time; all lines of a section have one, or none has


@dataclass(frozen=True)
class Part:
    """A clip of a section, with the pause after it, or with its time."""

    id: str
    pause_after: float  # seconds; ignored if it has a time
    slot: TimeSlot | None = None


@dataclass(frozen=True)
class Section:
    """One joined file."""

    name: str
    parts: tuple[Part, ...]
    missing: tuple[str, ...]  # ids of lines without a clip
    least_seconds: float = 0.0  # silence fills the file to this length: the end of the last line

    @property
    def has_times(self) -> bool:
        """True if its clips are placed on a time line."""
        return any(part.slot is not None for part in self.parts)


@dataclass(frozen=True)
class ClipSpan:
    """Where a clip is heard in a joined file, in seconds."""

    start: float
    seconds: float


def plan_sections(lines: Sequence[Line], batch: str, pause_seconds: float) -> list[Section]:
    """The sections of a batch, in the order of their first lines. Omits sections without a clip.

    The default pause is not added after a section's last clip; a pause of the line itself is.
    """
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.section or batch, []).append(line)
    sections = [_section(name, group, pause_seconds) for name, group in groups.items()]
    return [section for section in sections if section.parts]


def _section(name: str, lines: Sequence[Line], pause_seconds: float) -> Section:
    spoken = [line for line in lines if line.spoken]
    missing = tuple(line.id for line in lines if not line.spoken)
    slots = [line.slot for line in lines if line.slot is not None]
    if slots:
        parts = [Part(line.id, 0.0, line.slot) for line in spoken]
        parts.sort(key=lambda part: part.slot.start if part.slot else 0.0)
        return Section(name, tuple(parts), missing, max(slot.end or slot.start for slot in slots))
    parts = [Part(line.id, pause_seconds if line.pause_after is None else line.pause_after) for line in spoken]
    if spoken and spoken[-1].pause_after is None:
        parts[-1] = Part(parts[-1].id, 0.0)
    return Section(name, tuple(parts), missing)


def clip_spans(section: Section, seconds: Mapping[str, float], sample_rate: int) -> tuple[dict[str, ClipSpan], float]:
    """The span of each clip by id, and the length of the section in seconds, exact to the sample.

    Args:
        seconds: the length of each clip by id.
        sample_rate: Hz, of the section.
    """
    at, longest, spans = 0, round(section.least_seconds * sample_rate), {}
    for part in section.parts:
        size = round(seconds[part.id] * sample_rate)
        if part.slot is not None:
            at, size = round(part.slot.start * sample_rate), min(size, _longest(part.slot, sample_rate, size))
        spans[part.id] = ClipSpan(at / sample_rate, size / sample_rate)
        at += size + round(part.pause_after * sample_rate)
        longest = max(longest, at)
    return spans, longest / sample_rate


def section_audio(
    section: Section, clip: Callable[[str], Samples], sample_rate: int, true_peak_db: float = 0.0
) -> Iterator[Samples]:
    """The audio of a section: each clip followed by its pause, or at its time.

    Args:
        clip: returns the samples of an id.
        sample_rate: Hz.
        true_peak_db: the limit where clips overlap on a time line, in dBTP.
    """
    if section.has_times:
        placed = (_placed(part.slot, clip(part.id), sample_rate) for part in section.parts if part.slot)
        least = round(section.least_seconds * sample_rate)
        yield from time_line_audio(placed, least, sample_rate, true_peak_db)
        return
    for part in section.parts:
        yield np.pad(clip(part.id), (0, round(part.pause_after * sample_rate)))


def _placed(slot: TimeSlot, samples: Samples, sample_rate: int) -> PlacedClip:
    first, size = round(slot.start * sample_rate), samples.size
    return PlacedClip(first, samples, _longest(slot, sample_rate, size))


def _longest(slot: TimeSlot, sample_rate: int, size: int) -> int:
    """The samples of a clip that are heard: until the next line starts, and a fade-out."""
    if slot.limit_seconds is None:
        return size
    return round((slot.start + slot.limit_seconds + FADE_SECONDS) * sample_rate) - round(slot.start * sample_rate)
