"""Plain text that is something else: a table, JSON, subtitles, or a transcript with time stamps or speaker numbers.

They would be read aloud. A few times in a text, or a timetable, are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from f5_pipeline.manifests.columns import ALIASES, KNOWN_NAMES
from f5_pipeline.manifests.csv_file import Unreadable, squeezed_name
from f5_pipeline.text.cues import has_times, seconds_of

_TIME = r"(?:\d{1,3}:)?\d{1,3}:\d{2}(?:[.,]\d{1,3})?"
# "[00:00:01.000] Hello", "0:12 Hello", "(12:05)", "0:12 - 0:15 Hello"
_STAMP = re.compile(rf"\s*(?P<bracket>[\[(<]?)(?P<time>{_TIME})(?: ?[–—-] ?{_TIME})?(?:[\])>]|(?=[\s:–—-]|$))")
_HEADING = re.compile(rf"[^\W\d][^.!?]{{0,40}}?\s[\[(]?(?P<time>{_TIME})[\])]?:?\s*")  # "Anna Smith  0:12"
_SPEAKER = re.compile(  # "Speaker 1: Hello", "[SPEAKER_00]: Hello"
    r"\s*[\[(]?(?:unknown speaker|(?:speaker|spk|sprecher|locuteur|hablante|relatore|спикер)[ _]?\d+)[\])]?\s*:", re.I
)
_NAME = re.compile(r"[^\W\d_][^\n:.!?]{0,29}:(?=\s)")  # "ANNA:"
_JSON = re.compile(r'\s*\[?\s*\{\s*"[^"\n]{1,100}"\s*:')
_LISTED = re.compile(r"[\w./\\-]+\|[^\s|]", re.ASCII)  # "LJ001-0001|Printing"; Hindi can have "|" as its full stop
_FIRST_SECONDS = 60.0  # a transcript begins within the first minute; a timetable ("08:30 Breakfast") does not
_LEAST_ALONE = 0.2  # of the lines, if a time stamp has a line of its own
_EXAMINED = 2_000  # lines


def check_plain_text(text: str) -> None:
    """Check that a text is meant to be read aloud as it is.

    Args:
        text: a manifest, with ``\\n`` as line endings.

    Raises:
        Unreadable: it is a table, JSON, a subtitle file or a transcript.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if kind := _table_kind(text, lines[:_EXAMINED]):
        raise Unreadable(f"is {kind[0]}, which would be read aloud.", f"Rename it to {kind[1]}.")
    for line in lines:
        if "-->" in line and line.lstrip(" [(")[:1].isdigit() and has_times(line):
            raise Unreadable(
                f"has the times of subtitles ({line.strip()[:60]!r}), which would be read aloud.",
                "Rename it to .srt or .vtt, so that each cue is a line with its time, or remove the times.",
            )
    lines, first_lines = lines[:_EXAMINED], _first_lines(text)
    alone = [line for line in lines if _STAMP.fullmatch(line.rstrip())]
    are_common = len(alone) >= _LEAST_ALONE * len(lines)
    if stamp := _common_stamp(first_lines) or _common_stamp(lines) or (_common_stamp(alone) if are_common else ""):
        raise Unreadable(
            f"has time stamps such as {stamp!r}, as transcripts have; they would be read aloud.",
            "Remove them, or write a CSV file with the columns start and text.",
        )
    if _is_common(map(bool, map(_SPEAKER.match, first_lines))) or _is_common(map(bool, map(_SPEAKER.match, lines))):
        raise Unreadable(
            "names a numbered speaker in most paragraphs, as transcripts do; the names would be read aloud.",
            "Remove the names, or write a CSV file with the columns voice and text.",
        )


def script_note(text: str) -> str:
    """A note if the text looks like the script of a play, whose names are read aloud; else ""."""
    first_lines = _first_lines(text)
    names = [match[0] for line in first_lines if (match := _NAME.match(line))]
    if len(names) < 2 or 2 * len(names) < len(first_lines):
        return ""
    return (
        f"Most paragraphs begin with a name such as {names[0]!r}, which is read aloud. To give each name a voice, "
        "write a CSV file with the columns voice and text."
    )


def _table_kind(text: str, lines: list[str]) -> tuple[str, str] | None:
    """What a text is if it has rows and columns, and the suffix for it."""
    if _JSON.match(text):
        return "JSON", ".json"
    if lines[0].strip() == "[Script Info]":
        return "a subtitle file in the format ASS", ".srt, after a subtitle editor has converted it"
    if len(lines) > 1 and any(_is_header(lines[0].split(delimiter)) for delimiter in ",;\t|"):
        return f"a table with the columns {lines[0].strip()[:60]!r}", ".csv"
    if _is_common(map(bool, map(_LISTED.match, lines))):
        return "a list of ids and texts", ".csv"
    return None


def _is_header(cells: list[str]) -> bool:
    names = {squeezed_name(cell.strip(' "')) for cell in cells}
    return len(names & KNOWN_NAMES) > 1 and not names.isdisjoint(("text", *ALIASES["text"]))


def _first_lines(text: str) -> list[str]:
    """The first line of each paragraph, at the beginning of a text."""
    paragraphs = re.split(r"\n\s*\n", text[: 100 * _EXAMINED])
    return [part.lstrip("\n").partition("\n")[0] for part in paragraphs if part.strip()]


def _common_stamp(lines: list[str]) -> str:
    """The first time stamp, if at least half of the lines have one and they are those of a transcript; else ""."""
    matches = [_STAMP.match(line) or _HEADING.fullmatch(line) for line in lines]
    found = [match for match in matches if match]
    if not _is_common(map(bool, matches)):
        return ""
    first, time = found[0], found[0]["time"]
    is_exact = time.count(":") == 2 or "." in time or "," in time or bool(first.groupdict().get("bracket"))
    return first[0].strip() if is_exact or (seconds_of(time) or 0.0) < _FIRST_SECONDS else ""


def _is_common(flags: Iterable[bool]) -> bool:
    """True if at least two, and at least half, of the flags are set."""
    values = list(flags)
    return sum(values) > 1 and 2 * sum(values) >= len(values)
