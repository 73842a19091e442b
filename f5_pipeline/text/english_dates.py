"""English: dates, times of day, durations and decades in words. The rules are applied in order."""

from __future__ import annotations

import re
from collections.abc import Callable

from f5_pipeline.text.english_counting import Rule, ordinal, plural, words, year

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTH = "|".join(f"{name}|{name[:3]}" for name in MONTHS) + "|Sept"


def _month(name: str) -> str:
    return next(month for month in MONTHS if month.startswith(name[:3]))


def _date(month: int, day: int, year_text: str | None) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    spoken = f"{MONTHS[month - 1]} {ordinal(day)}"
    return f"{spoken}, {year(year_text)}" if year_text else spoken


def _iso_date(match: re.Match[str]) -> str:
    """ "2024-01-05T10:30:00Z": reads the date and the zone; the rule for times reads the time."""
    spoken = _date(int(match[2]), int(match[3]), match[1])
    if spoken is None or not match["time"]:
        return spoken or match[0]
    return f"{spoken}, {match['time']}{_zone(match['zone'])}"


def _zone(written: str | None) -> str:
    """ "Z" is "UTC", "+05:30" is "UTC plus five thirty"."""
    if not written or written == "Z":
        return " UTC" if written else ""
    hours, minutes = int(written[1:3]), int(written[-2:])
    return f" UTC {'minus' if written[0] == '-' else 'plus'} {words(hours)}{f' {words(minutes)}' if minutes else ''}"


def _month_day(match: re.Match[str]) -> str:
    spoken = _date(MONTHS.index(_month(match[1])) + 1, int(match[2]), None)
    if spoken is None:
        return match[0]
    until = f" to {ordinal(int(match[3]))}" if match[3] else ""
    return f"{spoken}{until}, {year(match[4])}" if match[4] else spoken + until


def _month_year(match: re.Match[str]) -> str:
    return f"{_month(match[1])} {year(match[2])}"


def _day_month(match: re.Match[str]) -> str:
    if not 1 <= int(match[3]) <= 31:
        return match[0]
    since = f"{ordinal(int(match[2]))} to " if match[2] else ""
    spoken = f"{match[1] or 'the '}{since}{ordinal(int(match[3]))} of {_month(match[4])}"
    return f"{spoken}, {year(match[5])}" if match[5] else spoken


def _slash_date(day_first: bool) -> Callable[[re.Match[str]], str]:
    def say(match: re.Match[str]) -> str:
        first, second = int(match[1]), int(match[3])
        in_order = (second, first) if (day_first or match[2] == "." or first > 12) and second <= 12 else (first, second)
        return _date(*in_order, match[4]) or match[0]

    return say


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


def _duration(match: re.Match[str]) -> str:
    """ "2h 15m 30s", "5m 30s"."""
    named = zip(match.groups(), ("hour", "minute", "second"), strict=True)
    return " ".join(f"{words(int(n))} {unit}{'' if int(n) == 1 else 's'}" for n, unit in named if n)


def _decade(match: re.Match[str]) -> str:
    decade = int(match[1])
    return plural("two thousand" if match[1] == "00" else year(match[1]) if decade > 99 else words(decade))


def _verse(match: re.Match[str]) -> str:
    return f"{match[1]} {words(int(match[2]))} {words(int(match[3]))}"


_BOOKS = "Genesis|Exodus|Leviticus|Deuteronomy|Job|Psalms?|Proverbs|Ecclesiastes|Isaiah|Jeremiah|Ezekiel|Daniel|Matthew"
_BOOKS += "|Mark|Luke|John|Acts|Romans|Corinthians|Galatians|Ephesians|Philippians|Timothy|Hebrews|James|Revelation"
_MONTH_STARTS = tuple(month[:3] for month in MONTHS)
_HALF = r"([AaPp][Mm])\b"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_TH = "(?:st|nd|rd|th)?"
_POINT = r"(?:(?:(?<=\bSept)|(?<=\b(?!May)[A-Z][a-z]{2}))\.(?!\s*$|\s+[A-Z]))?"  # that of "Jan.", not of "in May."
_DAY = r"(?:[12]\d|3[01]|[1-9])"


def date_rules(day_first: bool) -> list[Rule]:
    """The rules in order. ``day_first``: 03/04/2024 is in April (British usage)."""
    return [
        (
            ("-",),
            rf"\b(\d{{4}})-(\d{{2}})-(\d{{2}})(?:T(?P<time>{_CLOCK}(?::[0-5]\d)?)(?:[.,]\d{{1,9}})?"
            rf"(?P<zone>Z|[+-]\d\d:?\d\d)?)?(?![\w-])",
            _iso_date,
        ),
        (("/", "."), r"\b(\d{1,2})([/.])(\d{1,2})\2(\d{4})\b", _slash_date(day_first)),
        (
            _MONTH_STARTS,
            rf"\b({_MONTH})\b{_POINT}\s+(\d{{1,2}}){_TH}\b(?:\s?[-–]\s?({_DAY}){_TH}\b)?(?![.:,]?\d)(?:,?\s+(\d{{4}})\b)?",
            _month_day,
        ),
        (
            _MONTH_STARTS,
            rf"(\b[Tt]he )?\b(?:({_DAY}){_TH}\s?[-–]\s?)?(\d{{1,2}}){_TH}\s+(?:of\s+)?({_MONTH})\b"
            rf"{_POINT}(?:,?\s+(\d{{4}})\b)?",
            _day_month,
        ),
        (_MONTH_STARTS, rf"\b({_MONTH})\b\.?,?\s+(\d{{4}})\b(?![,.]?\d)", _month_year),
        (
            ("m", "M", ":"),  # "9am-5pm", "9:00-17:00", "9-11 am"
            rf"(?:(?<=[AaPp][Mm])|(?<=:\d\d))\s?[-–]\s?(?=\d{{1,2}}(?:\s?{_HALF}|:\d\d))",
            lambda match: " to ",
        ),
        (("m", "M"), rf"(?<=\d)[-–](?=\d{{1,2}}(?::\d\d)?\s?{_HALF})", lambda match: " to "),
        ((":",), rf"\b({_BOOKS}) (\d{{1,3}}):(\d{{1,3}})(?!\d)", _verse),
        ((":",), rf"\b([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?![:\d])(?:\s?{_HALF})?", _time),
        (("h", "m"), r"\b(\d{1,3})h ?(\d{1,2})m(?: ?(\d{1,2})s)?\b", _duration),
        (("m",), r"\b()(\d{1,3})m ?(\d{1,2})s\b", _duration),
        (("m", "M"), rf"\b(1[0-2]|[1-9])\s?{_HALF}", _hour),
    ]


SHORT_YEAR: Rule = (("'",), r"(?<![\w'])'(?=\d\d\b(?!['\d]))", lambda match: "")
DECADE: Rule = (("s",), r"(?<![\d-])'?\b((?:1[1-9]|20)\d0|(?:[2-9]|(?<=')[01])0)'?s\b", _decade)
