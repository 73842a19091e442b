"""Sections: which clips one joined file is made of, in manifest order, with which pauses, and how they sound.

Clips come one at a time from whoever calls, so an audiobook of any length needs the memory of one clip.
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
    pause_after: float | None  # seconds; None: the batch's usual pause
    spoken: bool  # whether there is a clip


@dataclass(frozen=True)
class Part:
    """A clip of a section and the silence after it."""

    id: str
    pause_after: float  # seconds


@dataclass(frozen=True)
class Section:
    """One joined file."""

    name: str
    parts: tuple[Part, ...]
    missing: tuple[str, ...]  # ids of lines without a clip


def plan_sections(lines: Sequence[Line], batch: str, pause_seconds: float) -> list[Section]:
    """The sections of a batch, in the order of their first lines. One without a single clip is left out.

    The usual pause is not put after a section's last clip, one that the line itself asks for is.
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


def starts(section: Section, seconds: Mapping[str, float], sample_rate: int) -> tuple[dict[str, float], float]:
    """When each clip of a section is heard, by id, and how long the whole is, in seconds, exact to the sample."""
    at, begins = 0, {}
    for part in section.parts:
        begins[part.id] = at / sample_rate
        at += round(seconds[part.id] * sample_rate) + round(part.pause_after * sample_rate)
    return begins, at / sample_rate


def pieces(section: Section, clip: Callable[[str], Samples], sample_rate: int) -> Iterator[Samples]:
    """The sound of a section, clip by clip with its pause. ``clip`` gives the samples of an id at ``sample_rate``."""
    for part in section.parts:
        yield np.pad(clip(part.id), (0, round(part.pause_after * sample_rate)))
