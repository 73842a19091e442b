"""Chunk spans: which part of a joined clip speaks which of its words. Subtitles are timed with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class ChunkSpan:
    """One chunk of a joined clip."""

    words: int  # of the spoken text, in this chunk
    start: float  # seconds from the beginning of the clip
    end: float


def encode_spans(spans: Sequence[ChunkSpan]) -> str:
    """Spans as text, for the comment of a FLAC file."""
    rounded = [(words, round(start, 4), round(end, 4)) for words, start, end in map(astuple, spans)]
    return json.dumps(rounded, separators=(",", ":"))


def decode_spans(text: object) -> tuple[ChunkSpan, ...]:
    """The spans in a text of ``encode_spans``; none if it is something else."""
    try:
        return tuple(ChunkSpan(int(words), float(start), float(end)) for words, start, end in json.loads(str(text)))
    except (ValueError, TypeError):
        return ()
