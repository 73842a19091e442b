"""Japanese dates, eras, days of the week and times of day: 年, 月, 日, 曜日, 時, 分."""

from __future__ import annotations

import re

from f5_pipeline.languages.japanese.numbers import number
from f5_pipeline.languages.japanese.words import ERAS
from f5_pipeline.languages.rules import Rule

_MONTH = r"(0?[1-9]|1[0-2])"
_DAY = r"(0?[1-9]|[12]\d|3[01])"
_TIME = r"([01]?\d|2\d):([0-5]\d)(?::([0-5]\d))?"
_WEEKDAY = "[月火水木金土日]"
_TO = r"\s?[-–—~～〜]\s?"
_HOLIDAYS = {"祝": "祝日", "振休": "振替休日", "休": "休日"}
_HALVES = {"a": "午前", "p": "午後"}


def _date(match: re.Match[str]) -> str:
    return f"{match[1]}年{_month_day(match[3], match[4])}"


def _month_day(month: str, day: str) -> str:
    return f"{int(month)}月{int(day)}日"


def _day(match: re.Match[str]) -> str:
    return _month_day(match[1], match[2])


def _era(match: re.Match[str]) -> str:
    return f"{ERAS[match[1]]}{int(match[2])}年{_month_day(match[3], match[4])}"


def _era_year(match: re.Match[str]) -> str:
    return f"{ERAS[match[1]]}{match[2] or match[3]}年"


def _weekday(match: re.Match[str]) -> str:
    last = f"から{match[2]}曜日" if match[2] else ""
    return f"{match[1]}曜日{last}{_HOLIDAYS.get(match[3], match[3] or '')}"


def time(hour: str, minute: str, second: str | None = None) -> str:
    """A time of day; a full hour has no minutes."""
    spoken = f"{number(str(int(hour)))}時"
    if int(minute) or second is not None:
        spoken += f"{number(str(int(minute)))}分"
    return spoken + (f"{number(str(int(second)))}秒" if second is not None else "")


def _time(match: re.Match[str]) -> str:
    half = match[1] or match[5]
    is_named = half and int(match[2]) <= 12
    return (_HALVES[half[0].lower()] if half and is_named else "") + time(match[2], match[3], match[4])


DATES: tuple[Rule, ...] = (
    Rule(re.compile(rf"(?<![\w./-])(\d{{2}})(/){_MONTH}/{_DAY}(?![\w/])"), _date, "/"),
    Rule(re.compile(rf"(?<![\d.])(\d{{4}})([-/.])\s?{_MONTH}\2\s?{_DAY}(?:日)?(?!\d|[./-]\d)"), _date, "-/."),
    Rule(re.compile(r"(?<!\d)((?:19|20)\d\d)[-/](\d\d)(?=年|シーズン)"), lambda m: f"{m[1]}から{m[2]}", "-/"),
    Rule(re.compile(rf"(?<![A-Za-z])([RHSTM])\.?\s?(\d{{1,2}})[./-]{_MONTH}[./-]{_DAY}(?![\d./-])"), _era, "RHSTM"),
    Rule(re.compile(r"(?<![A-Za-z])([RHSTM])(?:\.(\d{1,2})年?|(\d{1,2})年)(?![\d.]|[A-Za-z])"), _era_year, "RHSTM"),
    Rule(re.compile(r"(?<![\d./-])(\d{4})[-/](0?[1-9]|1[0-2])(?![\d./-])"), lambda m: f"{m[1]}年{int(m[2])}月", "-/"),
    Rule(re.compile(rf"(?<![\d./-]){_MONTH}/{_DAY}(?=\s?[(（]{_WEEKDAY})"), _day, "/"),
    Rule(re.compile(rf"(?<![\d./-])(?=\d\d/\d\d)(?=0|\d\d/0){_MONTH}/{_DAY}(?![\d/])"), _day, "/"),
    Rule(re.compile(rf"(?<![\d./-]){_MONTH}/{_DAY}(?={_TO}\d{{1,2}}/\d{{1,2}}(?![\d/]))"), _day, "/"),
    Rule(re.compile(rf"(?<=日)([-–—~～〜]){_MONTH}/{_DAY}(?![\d/])"), lambda m: "から" + _month_day(m[2], m[3]), "/"),
    Rule(
        re.compile(
            rf"(?<=日)\s?[(（]({_WEEKDAY})(?:曜日?)?(?:{_TO}({_WEEKDAY}))?(?:[・･、]?(祝日?|振替?休日?|休日?))?[)）]"
        ),
        _weekday,
        "(（",
    ),
    Rule(re.compile(r"(?<=令和|平成|昭和|大正|明治)1(?=年(?!間))"), lambda m: "元", "1"),
    Rule(re.compile(r"(?<!\d)0(?=\d[月日])"), lambda m: "", "0"),
)
TIMES: tuple[Rule, ...] = (
    Rule(re.compile(rf"(?<![\d:]){_TIME}{_TO}(?={_TIME}(?![\d:]))"), lambda m: f"{time(m[1], m[2], m[3])}から", ":"),
    Rule(
        re.compile(rf"(?:\b([AaPp])\.?[Mm]\.?\s?)?(?<![\d:]){_TIME}(?![\d:])(?:\s?([AaPp])\.?[Mm]\b\.?)?"), _time, ":"
    ),
    Rule(re.compile(r"\b([AaPp])\.?[Mm]\.?\s?(?=\d{1,2}時)"), lambda m: _HALVES[m[1].lower()], "mM"),
)
