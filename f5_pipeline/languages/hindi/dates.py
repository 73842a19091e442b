"""Hindi dates, years and times of day: "15-08-1947", "1992 में", "10:30 बजे"."""

from __future__ import annotations

import re

from f5_pipeline.languages.hindi.numbers import fractional, integer, year
from f5_pipeline.languages.hindi.words import MONTH_NAMES, MONTHS
from f5_pipeline.languages.rules import Rule

_START, _END = r"(?<![\w./-])", r"(?![\d/-]|\.\d)"
_TIME = r"([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?"
_HALVES = {"a": ("रात", "रात", "सुबह"), "p": ("दोपहर", "शाम", "रात")}  # 12–3, 4–7, 8–11 o'clock
_QUARTERS = {15: "25", 30: "5", 45: "75"}  # minutes → decimals of the hour
_CASES = "में|का|की|के|से|तक|ई\\.|ईस्वी"
_BEFORE_YEAR = "सन्|सन|साल|वर्ष|ईस्वी"


def _date(match: re.Match[str], day: int, month: int, written_year: str | None) -> str:
    spoken_year = f" {year(int(written_year))}" if written_year else ""
    if 1 <= month <= 12 and 1 <= day <= 31:
        return f"{integer(day)} {MONTHS[month - 1]}{spoken_year}"
    if 1 <= day <= 12 and 1 <= month <= 31:  # the month is written first
        return f"{MONTHS[day - 1]} {integer(month)}{spoken_year}"
    return match[0]


def _span_of_years(match: re.Match[str]) -> str:
    return f"{year(int(match[1]))} से {year(int(match[2])) if len(match[2]) == 4 else integer(int(match[2]))}"


def _time(match: re.Match[str]) -> str:
    before, after = match["before"], match["after"]
    half = (before or after or "")[:1].lower()
    hour = int(match["h"])
    spoken = time(hour, int(match["m"]), match["s"])
    if half and hour <= 12:
        third = hour % 12 // 4
        return f"{_HALVES[half][third]} {spoken}"
    return spoken


def time(hour: int, minute: int, second: str | None = None) -> str:
    """A time of day: नौ बजे, साढ़े दस बजे, दस बजकर बीस मिनट."""
    if second is not None:
        return f"{integer(hour)} बजकर {integer(minute)} मिनट {integer(int(second))} सेकंड"
    if not minute:
        return f"{integer(hour)} बजे"
    if minute in _QUARTERS and 1 <= hour <= 12:
        return f"{_quarter(hour, _QUARTERS[minute])} बजे"
    return f"{integer(hour)} बजकर {integer(minute)} मिनट"


def _quarter(hour: int, decimals: str) -> str:
    if decimals == "75":
        return f"पौने {integer(hour % 12 + 1)}"
    return "सवा एक" if (hour, decimals) == (1, "25") else fractional(f"{hour}.{decimals}")


def _times(match: re.Match[str]) -> str:
    first = time(int(match[1]), int(match[2]), match[3]).removesuffix(" बजे")
    return f"{first} से {time(int(match[4]), int(match[5]), match[6])}"


DATES: tuple[Rule, ...] = (
    Rule(
        re.compile(rf"{_START}(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d\d){_END}"),
        lambda m: _date(m, int(m[1]), int(m[3]), m[4]),
        "-/.",
    ),
    Rule(re.compile(r"(?<=\d )ई\."), lambda m: "ईस्वी", "ई"),
    Rule(
        re.compile(rf"{_START}(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_END}"),
        lambda m: _date(m, int(m[4]), int(m[3]), m[1]),
        "-/.",
    ),
    Rule(
        re.compile(rf"{_START}(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_END}"),
        lambda m: _date(m, int(m[1]), int(m[3]), m[4]),
        "-/.",
    ),
    Rule(
        re.compile(rf"{_START}(?=0|\d\d[-/]0)(\d\d)[-/](\d\d){_END}"),
        lambda m: _date(m, int(m[1]), int(m[2]), None),
        "-/",
    ),
    Rule(
        re.compile(rf"{_START}(0[1-9]|1[0-2])[-/](1[1-9]\d\d|20\d\d){_END}"),
        lambda m: f"{MONTHS[int(m[1]) - 1]} {year(int(m[2]))}",
        "-/",
    ),
    Rule(re.compile(rf"(?<!\d)0(?=\d (?:{MONTH_NAMES}))"), lambda m: "", "0"),
    Rule(
        re.compile(rf"({MONTH_NAMES})( \d{{1,2}})?,? (\d{{4}})(?!\d|[:,-]\d)"),
        lambda m: f"{m[1]}{m[2] or ''} {year(int(m[3]))}",
    ),
    Rule(re.compile(r"(?<=\d)\s?[-–]\s?(?=\d{1,4} ईसा पूर्व)"), lambda m: " से ", "-–"),
    Rule(re.compile(rf"{_START}(1[1-9]\d\d|20\d\d)\s?[-–]\s?(\d\d|1[1-9]\d\d|20\d\d){_END}"), _span_of_years, "-–"),
    Rule(re.compile(rf"((?:{_BEFORE_YEAR}) )(\d{{4}}){_END}"), lambda m: m[1] + year(int(m[2]))),
    Rule(
        re.compile(rf"{_START}(1[1-9](?!00)\d\d)(?= (?:{_CASES})(?![\u0900-\u097f]))"), lambda m: year(int(m[1])), "1"
    ),
)
TIMES: tuple[Rule, ...] = (
    Rule(re.compile(rf"(?<![\d:]){_TIME}(?: ?[-–] ?| से ){_TIME}(?![\d:])(?: बजे)?"), _times, ":"),
    Rule(
        re.compile(
            r"(?:(?<![A-Za-z])(?P<before>[AaPp])\.?[Mm]\.? )?(?<![\d:])(?P<h>[01]?\d|2[0-4]):(?P<m>[0-5]\d)"
            r"(?::(?P<s>[0-5]\d))?(?![\d:])(?: ?(?P<after>[AaPp])\.?[Mm](?![A-Za-z])\.?)?(?: बजे)?"
        ),
        _time,
        ":",
    ),
)
