"""Chinese dates and times of day: years digit by digit, 月, 日, 点, 分."""

from __future__ import annotations

import re

from f5_pipeline.languages.characters import han_digits
from f5_pipeline.languages.chinese.numbers import counted, number
from f5_pipeline.languages.rules import Rule

_MONTH = r"(0?[1-9]|1[0-2])"
_DAY = r"(0?[1-9]|[12]\d|3[01])"
_TIME = r"([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?"
_AMOUNT_OF_YEARS = r"(?:前|来|历史|的历史|以前|之久)"
TO = r"\s?[-–—~～〜]\s?"


def _date(match: re.Match[str]) -> str:
    return f"{han_digits(match[1])}年{_plain(match[3])}月{_plain(match[4])}日"


def _compact_date(match: re.Match[str]) -> str:
    return f"{han_digits(match[1])}年{_plain(match[2])}月{_plain(match[3])}日"


def _plain(written: str) -> str:
    return number(written.lstrip("0") or "0")


def _american_date(match: re.Match[str]) -> str:
    return f"{han_digits(match[3])}年{_month_and_day(match)}"


def _month_and_day(match: re.Match[str]) -> str:
    return f"{_plain(match[1])}月{_plain(match[2])}日"


def _era(match: re.Match[str]) -> str:
    era = "公元前" if match[2][0] in "bB" else "公元"
    return f"{era}{match[1] if '年' in match[1] else han_digits(match[1]) + '年'}"


def _year(match: re.Match[str]) -> str:
    """Digit by digit, unless it is a number of years ("5000年", "2000年前")."""
    is_amount = match[1].endswith("000") and (match[1] != "2000" or re.match(rf"年{_AMOUNT_OF_YEARS}", match[2]))
    return match[0] if is_amount else han_digits(match[1]) + match[2]


def time(hour: str, minute: str, second: str | None = None, full: str = "整") -> str:
    """A time of day; ``full`` follows a full hour."""
    spoken = counted(str(int(hour))) + "点"
    if second is not None:
        return f"{spoken}{_plain(minute)}分{_plain(second)}秒"
    if not int(minute):
        return spoken + full
    return f"{spoken}{number(minute)}分"


def _time(match: re.Match[str]) -> str:
    half = {"a": "上午", "p": "下午"}.get((match[4] or "")[:1].lower(), "") if int(match[1]) <= 12 else ""
    return half + time(match[1], match[2], match[3])


def _times(match: re.Match[str]) -> str:
    to = match[4] if match[4] in "至到" else "到"
    return f"{time(match[1], match[2], match[3], '')}{to}{time(match[5], match[6], match[7], '')}"


DATES: tuple[Rule, ...] = (
    Rule(re.compile(rf"(?<![\d.])(\d{{4}})([-/.·])\s?{_MONTH}\2\s?{_DAY}(?:日|号)?(?!\d|\.\d)"), _date, "-/.·"),
    Rule(re.compile(rf"(?<![\d./-]){_MONTH}/{_DAY}/(\d{{4}})(?![\d/])"), _american_date, "/"),
    Rule(re.compile(rf"(?<![\d./-])(?=\d\d/\d\d)(?=0|\d\d/0){_MONTH}/{_DAY}(?![\d/])"), _month_and_day, "/"),
    Rule(re.compile(rf"(?<![\w.:/-])(\d{{2}})([/.]){_MONTH}\2{_DAY}(?![\w./-])"), _date, "/."),
    Rule(re.compile(rf"(?<=[一-龥])(?<!版本|系统|固件)(\d{{2}})([/.]){_MONTH}\2{_DAY}(?![\w./-])"), _date, "/."),
    Rule(
        re.compile(r"(?<![A-Za-z\d.,-])((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?![\d.,万亿元人个])"),
        _compact_date,
    ),
    Rule(
        re.compile(r"(?<![\d./-])(\d{4})[-/](0[1-9]|1[0-2])(?![\d./-])"),
        lambda m: f"{han_digits(m[1])}年{_plain(m[2])}月",
        "-/",
    ),
    Rule(
        re.compile(
            r"(?<!\d)(\d{1,4}(?:年(?:\d{1,2}月)?(?:\d{1,2}[日号])?)?)\s?(ad|a\.d\.|bce?|b\.c\.)(?![A-Za-z])", re.I
        ),
        _era,
        "dDcC",
    ),
    Rule(re.compile(r"(?<=公元|纪元|元前)(\d{3,4})(?=年)"), lambda m: han_digits(m[1]), "元"),
    Rule(re.compile(r"(?<!\d)\d{4}(?=[至到]\d{4}年)"), lambda m: han_digits(m[0]), "至到"),
    Rule(
        re.compile(r"(?<!\d)((?:19|20)\d\d)[-/](\d\d)(?=赛季|财年|学年|年度)"),
        lambda m: f"{han_digits(m[1])}到{han_digits(m[2])}",
        "-/",
    ),
    Rule(
        re.compile(rf"(?<!\d)(\d{{4}})(年?){TO}(\d{{4}})(?=年)"),
        lambda m: f"{han_digits(m[1])}{m[2]}到{han_digits(m[3])}",
        "-–—~～〜",
    ),
    Rule(re.compile(r"(?<!\d)(\d{4})(年(?:以前|之久|的历史|历史|前|来)?)"), _year, "年"),
    Rule(re.compile(r"(?<!\d)((?:19|20)\d{2})(?=[级届款版])"), lambda m: han_digits(m[1]), "级届款版"),
    Rule(re.compile(r"(?<!\d)(\d{2})(?=年\d{1,2}月)|(?<!\d)(0\d)(?=年)"), lambda m: han_digits(m[0]), "年"),
    Rule(re.compile(r"(?<!\d)([0156789][05])(?=后(?![一-龥]?[天年月日分秒]))"), lambda m: han_digits(m[1]), "后"),
    Rule(re.compile(r"(?<!\d)0(?=\d[月日号时点])"), lambda m: "", "0"),
    Rule(re.compile(r"(?<!\d)(\d{1,2})·(\d{1,2})(?=事件|事变|运动|惨案|讲话|地震)"), lambda m: han_digits(m[0]), "·"),
)
TIMES: tuple[Rule, ...] = (
    Rule(re.compile(rf"(?<![\d:]){_TIME}({TO}|[至到]){_TIME}(?![\d:])"), _times, ":"),
    Rule(re.compile(rf"(?<![\d:]){_TIME}(?![\d:])(?:\s?([ap]\.?m\.?)(?![A-Za-z]))?", re.I), _time, ":"),
    Rule(re.compile(r"(?<![\d.第])2(?=[点时])"), lambda m: "两", "2"),
)
