"""Reading the transcript of a voice: plain text, or SRT and WebVTT with the times of cues.

Subtitles are written by ``delivery.subtitles``.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from itertools import pairwise

_MAX_BYTES = 200_000
_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_CUE_TIMES = re.compile(rf"^\s*{_TIME}\s+-->\s+{_TIME}")
_MARKUP = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")  # <i>, <v Anna>, {\an8}


@dataclass(frozen=True)
class Cue:
    """A part of a transcript; ``start`` and ``end`` are seconds from the start of the recording."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Transcript:
    """The text of a reference recording, with its cues if it is timed."""

    text: str
    cues: tuple[Cue, ...] = ()

    def until(self, seconds: float) -> Transcript:
        """The transcript up to ``seconds``: the cues that end by then."""
        return _from_cues([cue for cue in self.cues if cue.end <= seconds])


def read_transcript(data: bytes, format: str) -> Transcript:
    """Parse a transcript. ``format`` is "txt", "srt" or "vtt".

    Raises:
        ValueError: the transcript is too long or not UTF-8, or it is timed and has no cues or impossible times. The
            message is a clause for the user.
    """
    if len(data) > _MAX_BYTES:
        raise ValueError(f"its transcript is longer than {_MAX_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"its transcript is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    if format == "txt":
        return Transcript(" ".join(text.replace("\0", " ").split()))
    cues = [cue for block in re.split(r"\n[^\S\n]*\n", text) if (cue := _parse_cue(block))]
    if text.strip() and not cues:
        raise ValueError(f"its transcript has no valid {format.upper()} cue")
    if any(cue.end <= cue.start for cue in cues) or any(a.start > b.start for a, b in pairwise(cues)):
        raise ValueError("the cues of its transcript are not in chronological order")
    return _from_cues(cues)


def _from_cues(cues: list[Cue]) -> Transcript:
    return Transcript(" ".join(cue.text for cue in cues if cue.text), tuple(cues))


def _parse_cue(block: str) -> Cue | None:
    lines = block.split("\n")
    for number, line in enumerate(lines):
        if match := _CUE_TIMES.match(line):
            times = [_seconds(match.groups()[:4]), _seconds(match.groups()[4:])]
            spoken = html.unescape(_MARKUP.sub("", " ".join(lines[number + 1 :])))
            return Cue(times[0], times[1], " ".join(spoken.split()))
    return None


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + float(f"0.{fraction or 0}")
