"""Subtitles (SRT, WebVTT) with the times of real segments: where a clip, or a part of it that the engine timed, is.

Nothing here guesses: a long text whose parts have no times of their own is one long cue.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_LINE = 42  # characters, what broadcasters put on a line


@dataclass(frozen=True)
class Cue:
    """A text and when it is heard, in seconds."""

    start: float
    end: float
    text: str


def clip_cues(
    text: str, start: float, seconds: float, segments: Sequence[Cue] = (), cut_before: float = 0.0
) -> list[Cue]:
    """The cues of one clip that is heard from ``start`` for ``seconds``.

    ``segments`` are timed parts of the clip as the engine made it, of which ``cut_before`` seconds were cut off at
    the beginning; without any, the whole text is one cue.
    """
    if not segments:
        return [Cue(start, start + seconds, text)]
    cues = []
    for segment in segments:
        begin, end = (min(max(time - cut_before, 0.0), seconds) for time in (segment.start, segment.end))
        if end > begin:
            cues.append(Cue(start + begin, start + end, segment.text))
    return cues


def to_srt(cues: Iterable[Cue]) -> str:
    """SubRip: numbered cues, comma before the milliseconds."""
    blocks = (
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{_lines(cue.text)}\n"
        for number, cue in enumerate(cues, start=1)
    )
    return "\n".join(blocks)


def to_vtt(cues: Iterable[Cue]) -> str:
    """WebVTT; what would be a tag or an entity in it is escaped."""
    blocks = (
        f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{html.escape(_lines(cue.text), quote=False)}\n"
        for cue in cues
    )
    return "\n".join(["WEBVTT\n", *blocks])


def _lines(text: str) -> str:
    """Lines of a readable length; no empty one, which would end the cue, and no arrow, which would begin another."""
    plain = re.sub(r"\s+", " ", text.replace("-->", "→")).strip()
    return "\n".join(textwrap.wrap(plain, _LINE, break_long_words=False, break_on_hyphens=False)) or "…"


def _time(seconds: float, mark: str) -> str:
    milliseconds = round(max(0.0, seconds) * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{mark}{rest % 1000:03}"
