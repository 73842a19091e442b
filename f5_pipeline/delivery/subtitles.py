"""Subtitles (SRT, WebVTT): cues with the times of clips and of their pieces, and of words in WebVTT, where known.

Nothing here guesses: a text whose pieces have no times of their own is one cue, however long, and a word that nobody
heard has no time.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from math import inf

from f5_pipeline.delivery.word_times import WRITTEN, first_words, times_of
from f5_pipeline.results.chunk_spans import ChunkSpan
from f5_pipeline.results.transcripts import TimedWord

#: Raise it when the same lines should give other files.
SUBTITLES_VERSION = 1

_LINE = 42  # characters, what broadcasters put on a line


@dataclass(frozen=True)
class Cue:
    """A text and when it is heard, in seconds."""

    start: float
    end: float
    text: str
    words: tuple[float | None, ...] = ()  # when each of its words (``WRITTEN``) is heard; None: that is not known


@dataclass(frozen=True)
class Heard:
    """Where a clip is heard in what it was made a part of, in seconds."""

    start: float
    seconds: float
    cut_before: float = 0.0  # of the clip's beginning, which is not heard

    def time(self, seconds: float) -> float:
        """When it is heard what is so many seconds from the beginning of the clip."""
        return self.start + min(max(seconds - self.cut_before, 0.0), self.seconds)

    @property
    def end(self) -> float:
        return self.start + self.seconds


def clip_cues(
    text: str, heard: Heard, spoken: str = "", segments: Sequence[ChunkSpan] = (), words: Sequence[TimedWord] = ()
) -> list[Cue]:
    """The cues of one clip.

    Args:
        text: as written.
        heard: where the clip is.
        spoken: the text as it was given to the model, in words.
        segments: its pieces, each of which is a cue, if it can be told which part of the text that is; else one is all.
        words: what was heard in the clip.
    """
    times = [None if time is None else heard.time(time) for time in times_of(text, words)]
    written, parts = list(WRITTEN.finditer(text)), _parts(text, spoken, segments)
    if not written or not parts:
        return [Cue(heard.start, heard.end, text, tuple(times))]
    cues = []
    for (first, start, end), (after, following, _) in pairwise([*parts, (len(written), inf, inf)]):
        begins, ends = heard.time(start), heard.time(min(end, following))
        if ends > begins:
            said = text[written[first].start() : written[after - 1].end()]
            cues.append(Cue(begins, ends, said, tuple(times[first:after])))
    return cues


def _parts(text: str, spoken: str, segments: Sequence[ChunkSpan]) -> list[tuple[int, float, float]]:
    """The first written word of each part of a text that was spoken by itself, and when that begins and ends."""
    parts: list[tuple[int, float, float]] = []
    for first, segment in zip(first_words(text, spoken, segments), segments, strict=True):
        if parts and (first is None or first <= parts[-1][0]):
            parts[-1] = (*parts[-1][:2], segment.end)
        else:
            parts.append((first or 0, segment.start, segment.end))
    return parts


def to_srt(cues: Iterable[Cue]) -> str:
    """SubRip: numbered cues, comma before the milliseconds."""
    blocks = (
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{_lines(cue.text)}\n"
        for number, cue in enumerate(cues, start=1)
    )
    return "\n".join(blocks)


def to_vtt(cues: Iterable[Cue]) -> str:
    """WebVTT, with the time of each word where that is known; what would be a tag or an entity in it is escaped."""
    blocks = (f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{_timed_lines(cue)}\n" for cue in cues)
    return "\n".join(["WEBVTT\n", *blocks])


def _timed_lines(cue: Cue) -> str:
    """As the standard wants them: times after the cue's beginning and before its end, each later than the one before.

    The word that a cue begins with has none: it is shown from the beginning.
    """
    lines, done, latest, timed = _lines(cue.text), 0, _milliseconds(cue.start), ""
    for word, time in islice(zip(WRITTEN.finditer(lines), cue.words, strict=False), 1, None):
        if time is not None and latest < _milliseconds(time) < _milliseconds(cue.end):
            timed += f"{_escaped(lines[done : word.start()])}<{_time(time, '.')}>"
            done, latest = word.start(), _milliseconds(time)
    return timed + _escaped(lines[done:])


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _lines(text: str) -> str:
    """Lines of a readable length; no empty one, which would end the cue, and no arrow, which would begin another."""
    plain = re.sub(r"\s+", " ", text.replace("-->", "→")).strip()
    return "\n".join(textwrap.wrap(plain, _LINE, break_long_words=False, break_on_hyphens=False)) or "…"


def _milliseconds(seconds: float) -> int:
    return round(max(0.0, seconds) * 1000)


def _time(seconds: float, mark: str) -> str:
    minutes, rest = divmod(_milliseconds(seconds), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{mark}{rest % 1000:03}"
