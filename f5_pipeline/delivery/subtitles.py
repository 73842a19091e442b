"""Subtitles (SRT, WebVTT): cues with the times of clips and of their spans and, in WebVTT, of words.

Times are never guessed: a clip without spans is one cue, however long, and a word without a match in the transcript
has no time. ``delivery.subtitle_files`` writes the files, ``delivery.word_times`` aligns the words.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from math import inf

from f5_pipeline.delivery.word_times import WRITTEN_WORD, first_words, word_start_times
from f5_pipeline.display.characters import visible
from f5_pipeline.results.chunk_spans import ChunkSpan
from f5_pipeline.results.transcripts import TimedWord

#: Raise this by hand when the same lines should produce different files.
SUBTITLES_VERSION = 2

_LINE = 42  # characters per line, as broadcasters use
_DIRECTION_MARKS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # Arabic and Hebrew texts have them


@dataclass(frozen=True)
class Cue:
    """A text with its start and end in seconds."""

    start: float
    end: float
    text: str
    words: tuple[float | None, ...] = ()  # start of each word (``WRITTEN_WORD``); None: not known


@dataclass(frozen=True)
class Placement:
    """The position of a clip in a file, in seconds."""

    start: float
    seconds: float
    cut_before: float = 0.0  # trimmed from the beginning of the clip

    def time(self, seconds: float) -> float:
        """The time in the file of a time in the clip."""
        return self.start + min(max(seconds - self.cut_before, 0.0), self.seconds)

    @property
    def end(self) -> float:
        return self.start + self.seconds


def clip_cues(
    text: str,
    placement: Placement,
    spoken_text: str = "",
    spans: Sequence[ChunkSpan] = (),
    transcript: Sequence[TimedWord] = (),
) -> list[Cue]:
    """The cues of one clip.

    Args:
        text: as written.
        placement: position of the clip in the file.
        spoken_text: the text as given to the model.
        spans: the spans of the clip; each is a cue, if its part of the text is known.
        transcript: the recognised words of the clip.
    """
    times = [None if time is None else placement.time(time) for time in word_start_times(text, transcript)]
    written, parts = list(WRITTEN_WORD.finditer(text)), _parts(text, spoken_text, spans)
    if not written or not parts:
        return [Cue(placement.start, placement.end, text, tuple(times))]
    cues = []
    for (first, start, end), (after, following, _) in pairwise([*parts, (len(written), inf, inf)]):
        cue_start, cue_end = placement.time(start), placement.time(min(end, following))
        if cue_end > cue_start:
            words = text[written[first].start() : written[after - 1].end()]
            cues.append(Cue(cue_start, cue_end, words, tuple(times[first:after])))
    return cues


def _parts(text: str, spoken_text: str, spans: Sequence[ChunkSpan]) -> list[tuple[int, float, float]]:
    """The first written word of each span with its start and end; merges spans whose text is not known."""
    parts: list[tuple[int, float, float]] = []
    for first, span in zip(first_words(text, spoken_text, spans), spans, strict=True):
        if parts and (first is None or first <= parts[-1][0]):
            parts[-1] = (*parts[-1][:2], span.end)
        else:
            parts.append((first or 0, span.start, span.end))
    return parts


def to_srt(cues: Iterable[Cue]) -> str:
    """SubRip: numbered cues, with a comma before the milliseconds."""
    blocks = (
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{_lines(cue.text)}\n"
        for number, cue in enumerate(cues, start=1)
    )
    return "\n".join(blocks)


def to_vtt(cues: Iterable[Cue]) -> str:
    """WebVTT with the known times of words; tags and entities in the text are escaped."""
    blocks = (f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{_timed_lines(cue)}\n" for cue in cues)
    return "\n".join(["WEBVTT\n", *blocks])


def _timed_lines(cue: Cue) -> str:
    """The text of a cue with timestamps, as WebVTT requires: strictly ascending, and inside the cue.

    The first word has no timestamp: it is displayed from the start of the cue.
    """
    lines, done, latest, timed = _lines(cue.text), 0, _milliseconds(cue.start), ""
    for word, time in islice(zip(WRITTEN_WORD.finditer(lines), cue.words, strict=False), 1, None):
        if time is not None and latest < _milliseconds(time) < _milliseconds(cue.end):
            timed += f"{_escaped(lines[done : word.start()])}<{_time(time, '.')}>"
            done, latest = word.start(), _milliseconds(time)
    return timed + _escaped(lines[done:])


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _lines(text: str) -> str:
    """The text in lines of readable length, without empty lines, which end a cue, arrows, which begin one, and
    control characters."""
    plain = visible(re.sub(r"\s+", " ", _DIRECTION_MARKS.sub("", text).replace("-->", "→")).strip())
    return "\n".join(textwrap.wrap(plain, _LINE, break_long_words=False, break_on_hyphens=False)) or "…"


def _milliseconds(seconds: float) -> int:
    return round(max(0.0, seconds) * 1000)


def _time(seconds: float, mark: str) -> str:
    minutes, rest = divmod(_milliseconds(seconds), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{mark}{rest % 1000:03}"
