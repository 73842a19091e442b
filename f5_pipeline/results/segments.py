"""Which part of a joined clip says which of its words: known when it is joined, kept among its facts. For subtitles."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

FACT = "segments"  # the fact's name


@dataclass(frozen=True)
class Segment:
    """A piece of a joined clip."""

    words: int  # of the spoken text that are said in it
    start: float  # seconds from the beginning of the clip
    end: float


def to_fact(segments: Sequence[Segment]) -> str:
    """As a fact of a clip."""
    rounded = [(words, round(start, 4), round(end, 4)) for words, start, end in map(astuple, segments)]
    return json.dumps(rounded, separators=(",", ":"))


def segments_of(facts: Mapping[str, object]) -> tuple[Segment, ...]:
    """The segments that a clip knows of; none if it was spoken in one piece, or joined before they were kept."""
    try:
        return tuple(
            Segment(int(words), float(start), float(end)) for words, start, end in json.loads(str(facts[FACT]))
        )
    except (KeyError, ValueError, TypeError):
        return ()
