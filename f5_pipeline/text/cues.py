"""Cues of subtitle files, SubRip (SRT) and WebVTT, as programs and people write them.

For transcripts of voices (``voices.transcript``) and for manifests (``manifests.formats.subtitles``). Lenient about
form: numbers, hours and the blank lines between cues may be missing, a comma or a point begins the fraction, and a cue
may contain blank lines. Nothing is dropped silently: text before the first cue is a cue without times.

Subtitles are written by ``delivery.subtitles``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

# "00:00:01,000 --> 00:00:02,500"; also with one dash, or with the spaces that translation programs insert. The end is
# followed by settings ("align:start") or coordinates ("X1:100").
_TIMES = re.compile(r"(?P<start>[^<>]{0,40}?)(?P<arrow>- ?- ?>|[–—-]>)(?P<end>.*)")
_CLOCK = re.compile(r"\d ?: ?\d")
_END = re.compile(r"\s*(-?\d[\d:.,;]*(?: [\d:.,;]+)*|\S*)")
_TIME = re.compile(r"(?P<sign>-?)(?:(?:(?P<h>\d{1,3}):)?(?P<m>\d{1,3}):)?(?P<s>\d{1,6})(?:[.,](?P<fraction>\d{1,9}))?")
_NOT_CUES = re.compile(r"(NOTE|STYLE|REGION)(\s|$)")  # blocks of WebVTT
_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<\d[\d:.]{0,20}>|\{\\[^{}]{0,200}\}")  # <i>, <c.blue>, {\an8}
_VOICE = re.compile(r"<v(?:\.[^\s<>]{0,100})?\s+([^<>]{1,100})>")  # <v Anna>, <v.loud Anna>
_LINE_BREAK = re.compile(r"\\[Nh]|<br ?/?>", re.IGNORECASE)  # of the format ASS, and of HTML
# "- Hello.", ">> Hello.", but not "-5"
_DASH = re.compile(r"\s*(?:[-–—‐‑]{1,2}|>{2,3})(?:\s+|(?=[^\W\d_]|[\"'“¿¡(\[…]))")
_LABEL = re.compile(r"\s*([^\W\d_][^:\n\[\]()]{0,39}?)\s*:(?:\s+|$)")  # "ANNA: Hello."
_DIRECTIONS = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|[♪♫][^♪♫]*(?:[♪♫]|$)|^\s*#.*#\s*$")
_MAX_DIGITS = 5  # of the number of a cue
_LEAST_CONTINUED = 2  # cues of scrolling captions
_SENTENCE_END = (".", "?", "!", "…", '"', "”", "»", ":", "。", "？", "！")


@dataclass
class Cue:
    """A cue as it is written."""

    start: str = ""  # "00:00:01,000"; "": text before the first cue
    end: str = ""
    name: str = ""  # its number, or its identifier
    lines: list[str] = field(default_factory=list)

    @property
    def number(self) -> int | None:
        """Its number; None if its name is none."""
        return int(self.name) if _is_number(self.name) else None


def split_cues(text: str) -> list[Cue]:
    """The cues of a file, in its order. Line endings must be ``\\n``."""
    cues, block, is_webvtt, ignored = [Cue()], 0, text.startswith("WEBVTT"), False
    for line in text.split("\n"):
        block = block + 1 if line.strip() else 0  # lines of this block so far
        if match := _match_times(line):
            ignored = False
            cues.append(Cue(match["start"].strip() or "-", _end(match["end"]), _take_name(cues[-1], block)))
        elif is_webvtt and block == 1:
            ignored = (len(cues) == 1 and line.startswith("WEBVTT")) or bool(_NOT_CUES.match(line))
            cues[-1].lines += [] if ignored else [line]
        elif block == 0:
            ignored = False
            cues[-1].lines.append("")
        elif not ignored:
            cues[-1].lines.append(line)
    _take_number(cues[-1])  # a number without a cue, at the end of the file
    return [cue for cue in cues if cue.start or any(map(str.strip, cue.lines))]


def without_repeats(cues: Sequence[Cue]) -> list[Cue]:
    """The cues without the lines that scrolling captions show twice: at the end of one cue, and on top of the next.

    A line that is said twice is spoken twice: nothing is removed unless at least half of the cues begin with lines of
    the cue before, and a quarter continue with others.
    """
    texts = [[text for line in cue.lines if (text := plain_text([line]))] for cue in cues]
    repeated = [_repeated_lines(above, below) for above, below in zip([[], *texts], texts, strict=False)]
    continued = sum(0 < count < len(text) for count, text in zip(repeated, texts, strict=True))
    if continued < max(_LEAST_CONTINUED, len(cues) / 4) or 2 * sum(map(bool, repeated)) < len(cues):
        return list(cues)
    new = [replace(cue, lines=text[count:]) for cue, text, count in zip(cues, texts, repeated, strict=True)]
    return [cue for cue in new if cue.lines]


def seconds_of(time: str) -> float | None:
    """A time as seconds: ``01:02:03,5``, ``02:03.5`` or ``123.5``; None if it is none. May be negative."""
    match = _TIME.fullmatch("".join(time.split()))
    if match is None:
        return None
    hours, minutes, seconds = (int(match[part] or 0) for part in ("h", "m", "s"))
    if (match["m"] and seconds > 59) or (match["h"] and minutes > 59):
        return None
    total = hours * 3600 + minutes * 60 + seconds + float(f"0.{match['fraction'] or 0}")
    return -total if match["sign"] else total


def plain_text(lines: Sequence[str]) -> str:
    """The text of a cue in one line, without markup."""
    text = html.unescape(_MARKUP.sub("", _LINE_BREAK.sub(" ", " ".join(lines))))
    return " ".join(text.split())


def turns_of(lines: Sequence[str]) -> list[tuple[str, str]]:
    """The text of a cue by speaker: names from ``<v Anna>`` and ``ANNA:``, "" where none is given.

    Dashes that mark a change of speakers are removed. Neighbouring texts of one speaker are joined.
    """
    turns: list[tuple[str, str]] = []
    for speaker, text in _turns(lines):
        if turns and turns[-1][0] == speaker:
            text = f"{turns.pop()[1]} {text}"
        turns.append((speaker, text))
    return turns


def is_direction(text: str) -> bool:
    """True if nothing in the text of a cue is to be spoken: ``[music]``, ``(laughs)``, ``♪ La la ♪``, no text."""
    return not any(map(str.isalnum, _DIRECTIONS.sub("", text)))


def has_times(line: str) -> bool:
    """True if a line has the times of a cue: ``00:00:01,000 --> 00:00:02,500``."""
    return _match_times(line) is not None


def _match_times(line: str) -> re.Match[str] | None:
    if ">" not in line or (match := _TIMES.match(line)) is None:
        return None
    clocks = bool(_CLOCK.search(match["start"])) + bool(_CLOCK.search(match["end"], 0, 40))
    return match if clocks == 2 or (clocks and len(match["arrow"]) > 2) else None  # "5 -> 6" is text


def _end(text: str) -> str:
    match = _END.match(text)
    return match[1].strip() if match else ""


def _take_name(previous: Cue, block: int) -> str:
    """Take the name of a new cue from the lines above its times, which were read as text of the previous one.

    ``block``: the number of the times' line in its block. The first line of a block is a name, and so is a number.
    """
    lines = previous.lines
    if block > 1 and lines and (block == 2 or _is_number(lines[-1].strip())):
        return lines.pop().strip()
    return _take_number(previous) if block == 1 else ""


def _take_number(cue: Cue) -> str:
    """Take the number of the next cue, with a blank line after it, from the end of a cue."""
    written = [position for position, line in enumerate(cue.lines) if line.strip()]
    if not written or (written[-1] > 0 and cue.lines[written[-1] - 1].strip()):
        return ""
    last, is_alone = cue.lines[written[-1]].strip(), not cue.start and len(written) == 1
    if not _is_number(last) or not (is_alone or (cue.number is not None and int(last) == cue.number + 1)):
        return ""
    del cue.lines[written[-1] :]
    return last


def _is_number(name: str) -> bool:
    return name.isdecimal() and len(name) <= _MAX_DIGITS


def _turns(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    speaker, previous, is_dialogue = "", "", False
    for line in lines:
        parts = _VOICE.split(line)
        for position, part in enumerate(parts):
            if position % 2:
                speaker = plain_text([part])
                continue
            text = plain_text([part])
            begins = not previous or previous.endswith(_SENTENCE_END)
            dash = _DASH.match(text) if begins or is_dialogue else None
            if dash:
                is_dialogue, speaker, text = True, "", text[dash.end() :]  # of another speaker
            if begins or dash or speaker:  # after a name, another one needs no full stop before it
                label = _LABEL.match(text)
                if label and _is_name(label[1]) and not text[label.end() :].isupper():
                    speaker, text = label[1], text[label.end() :]
            if text:
                yield speaker, text
                previous = text


def _repeated_lines(above: Sequence[str], below: Sequence[str]) -> int:
    """How many lines at the end of one cue are those at the beginning of the next."""
    longest = min(len(above), len(below))
    return next((count for count in range(longest, 0, -1) if above[-count:] == below[:count]), 0)


def _is_name(label: str) -> bool:
    """True for a label in capitals, as subtitles for the hard of hearing have them."""
    return label.isupper() and sum(map(str.isalnum, label)) > 1
