"""Sections: the clips of one joined file, in manifest order, with their pauses, and the section's audio.

Clips arrive one at a time from the caller, so a section of any length needs the memory of one clip.
``delivery.joined`` writes the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from f5_pipeline.audio.samples import Samples


@dataclass(frozen=True)
class Line:
    """One line of a section."""

    id: str
    section: str | None  # None: the section named like the batch
    pause_after: float | None  # seconds; None: the batch's default pause
    spoken: bool  # True if there is a clip


@dataclass(frozen=True)
class Part:
    """A clip of a section and the pause after it."""

    id: str
    pause_after: float  # seconds


@dataclass(frozen=True)
class Section:
    """One joined file."""

    name: str
    parts: tuple[Part, ...]
    missing: tuple[str, ...]  # ids of lines without a clip


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
    parts = [Part(line.id, pause_seconds if line.pause_after is None else line.pause_after) for line in spoken]
    if spoken and spoken[-1].pause_after is None:
        parts[-1] = Part(parts[-1].id, 0.0)
    return Section(name, tuple(parts), tuple(line.id for line in lines if not line.spoken))


def start_times(section: Section, seconds: Mapping[str, float], sample_rate: int) -> tuple[dict[str, float], float]:
    """The start of each clip by id, and the length of the section, in seconds, exact to the sample.

    Args:
        seconds: the length of each clip by id.
        sample_rate: Hz, of the section.
    """
    at, starts = 0, {}
    for part in section.parts:
        starts[part.id] = at / sample_rate
        at += round(seconds[part.id] * sample_rate) + round(part.pause_after * sample_rate)
    return starts, at / sample_rate


def section_audio(section: Section, clip: Callable[[str], Samples], sample_rate: int) -> Iterator[Samples]:
    """The audio of a section: each clip followed by its pause. ``clip`` returns the samples of an id."""
    for part in section.parts:
        yield np.pad(clip(part.id), (0, round(part.pause_after * sample_rate)))
