"""English: times of day and durations in words. The rules are applied in order."""

from __future__ import annotations

import re
from collections.abc import Callable

from f5_pipeline.languages.english.counting import digits, words
from f5_pipeline.languages.english.rules import Rule, after_digit


def _race_time(match: re.Match[str]) -> str:
    """ "3:34.5" is "three thirty-four point five"."""
    first, *others = (int(number) for number in match.groups()[:3] if number)
    rest = " ".join(f"{'oh ' if number < 10 else ''}{words(number)}" for number in others)
    return f"{words(first)} {rest} point {digits(match[4])}"


def _half_of_day(text: str | None) -> str:
    return "" if not text else f" {text[0].upper()}M"


def _time(match: re.Match[str]) -> str:
    hour, minute, second, half = int(match[1]), int(match[2]), match[3], _half_of_day(match[4])
    if second and not hour:  # a duration: "00:30:00"
        counts = [
            f"{words(n)} {unit}{'' if n == 1 else 's'}" for n, unit in ((minute, "minute"), (int(second), "second"))
        ]
        return " and ".join(count for count in counts if not count.startswith("zero")) or "zero seconds"
    spoken = words(hour)
    if minute:
        spoken += f" oh {words(minute)}" if minute < 10 else f" {words(minute)}"
    elif not half:
        spoken += " o'clock" if 1 <= hour <= 12 else " hundred hours"
    if second and int(second):
        spoken += f" and {words(int(second))} second{'s' if int(second) != 1 else ''}"
    return spoken + half


def _hour(match: re.Match[str]) -> str:
    return words(int(match[1])) + _half_of_day(match[2])


def _duration(*units: str) -> Callable[[re.Match[str]], str]:
    """ "2h 15m 30s", "5m 30s", "1d 4h": the groups are the counts of the units."""

    def say(match: re.Match[str]) -> str:
        named = zip(match.groups(), units, strict=True)
        counts = ((int(count.rstrip("m")), unit) for count, unit in named if count)
        return " ".join(f"{words(count)} {unit}{'' if count == 1 else 's'}" for count, unit in counts)

    return say


def _verse(match: re.Match[str]) -> str:
    until = f" to {words(int(match[4]))}" if match[4] else ""
    return f"{match[1]} {words(int(match[2]))} {words(int(match[3]))}{until}"


_BOOKS = "Genesis|Exodus|Leviticus|Deuteronomy|Job|Psalms?|Proverbs|Ecclesiastes|Isaiah|Jeremiah|Ezekiel|Daniel|Matthew"
_BOOKS += "|Mark|Luke|John|Acts|Romans|Corinthians|Galatians|Ephesians|Philippians|Timothy|Hebrews|James|Revelation"
_BOOKS += "|Surah|Peter|Samuel|Kings"
_HALF = r"([AaPp][Mm])\b"
_HALVES = ("am", "pm", "AM", "PM", "Am", "Pm")
CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d"

TIME_RULES: list[Rule] = [
    (
        ("UTC", "GMT"),
        r"\b(UTC|GMT) ?([+-])(?=\d)",
        lambda match: f"{match[1]} {'plus' if match[2] == '+' else 'minus'} ",
    ),
    (
        (*_HALVES, ":"),  # "9am-5pm", "9:00-17:00", "9-11 am"
        rf"(?:(?<=[AaPp][Mm])|(?<=:\d\d))\s?[-–]\s?(?=\d{{1,2}}(?:\s?{_HALF}|:\d\d|\.\d\d\s?{_HALF})|\d{{1,2}}\b(?![.:-]\d))",
        lambda match: " to ",
    ),
    (_HALVES, rf"(?<=\d)[-–](?=\d{{1,2}}(?::\d\d)?\s?{_HALF})", lambda match: " to "),
    ((":",), rf"\b({_BOOKS}) (\d{{1,3}}):(\d{{1,3}})(?:[-–](\d{{1,3}}))?(?!\d)", _verse),
    (after_digit(":"), r"\b(?:(\d{1,2}):)?(\d{1,2}):([0-5]\d)\.(\d{1,3})(?![\d:])", _race_time),
    (_HALVES, rf"\b(\d{{1,2}})\.([0-5]\d)()\s?{_HALF}", _time),
    (after_digit(":"), rf"\b([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?![:\d]|,\d)(?:\s?{_HALF})?", _time),
    (after_digit("d"), r"\b(\d{1,3})d ?(\d{1,2})h(?: ?(\d{1,2})m(?:in)?)?\b", _duration("day", "hour", "minute")),
    (after_digit("h"), r"\b(\d{1,3})h ?(\d{1,2}m|[0-5]\d\b)(?: ?(\d{1,2})s)?\b", _duration("hour", "minute", "second")),
    (after_digit("m"), r"\b(\d{1,3})m ?(\d{1,2})s\b", _duration("minute", "second")),
    (_HALVES, rf"\b(1[0-2]|[1-9])\s?{_HALF}", _hour),
]
