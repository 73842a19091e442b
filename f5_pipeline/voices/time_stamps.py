"""Plain transcripts with time stamps, as programs and people write them, as cues.

    [00:00:00.000 --> 00:00:06.600]  One. [00:00:06.600 --> …  speech recognisers
    00:00 One.                                                 stamp and text in a line
    0:00                                                       a video site: a stamp, then lines of text
    One.
    [00:01.50] One.                                            lyrics
    Speaker 1  0:00                                            meeting recorders: a name and a stamp, then lines of text
    0.000000<TAB>1.500000<TAB>One.                             labels of an audio editor, in seconds
    0<TAB>1500<TAB>One.                                        a table of a speech recogniser, in milliseconds

SRT and WebVTT are parsed in ``text.cues``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile, pairwise
from math import inf

from f5_pipeline.voices.spoken_words import is_name

_FRAME_RATE = 25  # per second; 24 to 30 are usual, so a frame is exact to 0.2 s
_TIME = r"(?:(?:\d{1,3}:)?\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
_RANGE = rf"{_TIME}(?:\s*(?:-->|[-–—,])\s*{_TIME})?"
_CUE_TIMES = re.compile(rf"^[^\S\n]*{_TIME}[^\S\n]+-->[^\S\n]+{_TIME}(?:[^\S\n]+\w+:\S+)*[^\S\n]*$", re.MULTILINE)
_BRACKETED = re.compile(rf"[\[<]\s*{_RANGE}\s*[\]>]")
_STAMP = re.compile(
    rf"\s*(?P<open>[\[<(])?\s*(?P<start>{_TIME})(?:\s*(?P<dash>-->|[-–—,])\s*(?P<end>{_TIME}))?\s*"
    r"(?(open)[\])>])(?=[\s:|–—-]|(?(open)|$))(?:[:|–—-](?=\s))?"
)
_NAME_AND_STAMP = re.compile(rf"\s*(?P<name>[^\W\d_][^:\n]{{0,40}}?)\s+[\[(]?(?P<start>{_TIME})[\])]?:?\s*")
_TABLE_ROW = re.compile(r"\s*(?P<start>\d+(?:\.\d+)?)\t(?P<end>\d+(?:\.\d+)?)\t(?P<text>.*)")
_DESCRIPTION = re.compile(r"\s*\[[^\[\]]*\]\s*")  # "[ti: A title]", "[music]"

#: Start and end in seconds, and the text with its line ends.
TimedText = tuple[float, float, str]


@dataclass(frozen=True)
class _Stamp:
    """A time stamp at the beginning of a line."""

    start: float
    end: float | None  # None: not stated
    certain: bool  # False: it may as well be the time of day in a sentence, "8:30 is early."
    rest: str  # of the line


def has_cues(text: str) -> bool:
    """True for SRT and WebVTT: the times of a cue have a line of their own, except for settings such as ``line:0``."""
    return "-->" in text and _CUE_TIMES.search(text) is not None


def parse_time_stamps(text: str) -> list[TimedText] | None:
    """The cues of a text whose lines begin with time stamps; None if it has no stamps.

    A single "8:30" at the beginning is part of the text, unless it is in brackets, zero, or has hours or fractions of a
    second; two such times in ascending order are stamps. The end of a cue is its stated end, or the next start; that of
    the last is not known: infinity.

    Raises:
        ValueError: there are stamps, and the text before the first of them has no time. The message is a clause for
            the user.
    """
    if "\t" in text and (cues := _table(text)):
        return cues
    if ":" not in text:
        return None
    lines = [line for line in _BRACKETED.sub(r"\n\g<0>", text).split("\n") if line.strip()]
    lines = list(dropwhile(lambda line: _DESCRIPTION.fullmatch(line) and not _stamp(line), lines))
    stamps = [_stamp(line) for line in lines]
    found = [stamp for stamp in stamps if stamp is not None]
    certain = any(stamp.certain for stamp in found)
    if not certain and (len(found) < 2 or any(a.start >= b.start for a, b in pairwise(found))):
        return None
    if stamps[0] is None:
        if not certain:
            return None
        raise ValueError("its transcript has time stamps, but not at its beginning; delete them, or save it as .srt")
    return _cues(lines, stamps)


def _table(text: str) -> list[TimedText] | None:
    """The cues of a table with start, end and text; None if a line is none of its rows. It may have a header."""
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and lines[0].lower().startswith("start\t"):
        del lines[0]
    rows = [_TABLE_ROW.fullmatch(line) for line in lines]
    cues = [(_table_seconds(row["start"]), _table_seconds(row["end"]), row["text"]) for row in rows if row]
    return cues if len(cues) == len(rows) else None


def _table_seconds(time: str) -> float:
    return float(time) if "." in time else int(time) / 1000


def _stamp(line: str) -> _Stamp | None:
    if (match := _STAMP.match(line)) is not None:
        start, end = match["start"], match["end"]
        certain = bool(match["open"]) or match["dash"] == "-->" or _is_certain(start)
        return _Stamp(_seconds(start), None if end is None else _seconds(end), certain, line[match.end() :])
    if (match := _NAME_AND_STAMP.fullmatch(line)) is not None and is_name(match["name"]):
        return _Stamp(_seconds(match["start"]), None, _is_certain(match["start"]), f"{match['name']}: ")
    return None


def _is_certain(time: str) -> bool:
    """True for a time that is no time of day in a sentence: of hours, minutes and seconds, with a fraction, or zero."""
    return time.count(":") > 1 or "." in time or _seconds(time) == 0


def _cues(lines: Sequence[str], stamps: Sequence[_Stamp | None]) -> list[TimedText]:
    """One cue for each stamp, with the lines up to the next; stamps of the same time are one cue."""
    cues: list[tuple[float, float | None, list[str]]] = []
    for line, stamp in zip(lines, stamps, strict=True):
        if stamp is None or (cues and stamp.start == cues[-1][0]):
            cues[-1][2].append(line if stamp is None else stamp.rest)
        else:
            cues.append((stamp.start, stamp.end, [stamp.rest]))
    nexts = [start for start, _, _ in cues[1:]] + [inf]
    return [
        (start, following if end is None else end, "\n".join(text))
        for (start, end, text), following in zip(cues, nexts, strict=True)
    ]


def _seconds(time: str) -> float:
    """The seconds of a time; four fields are the time code of an editing program, which ends with frames."""
    fields = [float(field) for field in time.replace(",", ".").split(":")]
    frames = fields.pop() if len(fields) == 4 else 0.0
    return sum(field * 60**power for power, field in enumerate(reversed(fields))) + frames / _FRAME_RATE
