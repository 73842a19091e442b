"""Chinese: writes numbers, years, dates, times, percentages and money in characters, which F5 reads as pinyin."""

from __future__ import annotations

import re
from collections.abc import Callable

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")
_LONGEST = 16  # digits; a longer number is read digit by digit
_CURRENCIES = {"¥": "元", "￥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_UNITS = {"km/h": "公里每小时", "km": "公里", "cm": "厘米", "mm": "毫米", "kg": "公斤", "mg": "毫克", "ml": "毫升",
          "m": "米", "g": "克", "°C": "摄氏度", "℃": "摄氏度", "°F": "华氏度", "°": "度"}  # fmt: skip
_TWO_BEFORE = "个位只本天次张条件种名家间辆台杯块"  # measure words before which 2 is read 两
_NUMBER = r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?"
_SIGNS = "".join(map(re.escape, _CURRENCIES))


def digits(text: str) -> str:
    """Digit by digit, as in years and telephone numbers."""
    return "".join(_DIGITS[int(digit)] for digit in text if digit.isdecimal())


def number(written: str) -> str:
    """A number in digits (with thousands separators, decimal point or leading zeros), in characters."""
    whole, _, decimals = written.replace(",", "").partition(".")
    spoken = digits(whole) if len(whole) > _LONGEST or (len(whole) > 1 and whole[0] == "0") else _integer(int(whole))
    return f"{spoken}点{digits(decimals)}" if decimals else spoken


def _integer(value: int) -> str:
    if value == 0:
        return "零"
    spoken, pending_zero = "", False
    for power in range(len(_GROUPS) - 1, -1, -1):
        group = value // 10_000**power % 10_000
        if group:
            spoken += ("零" if spoken and (pending_zero or group < 1000) else "") + _group(group) + _GROUPS[power]
        pending_zero = group == 0 and bool(spoken)
    return spoken.removeprefix("一") if spoken.startswith("一十") else spoken


def _group(value: int) -> str:
    """A number from 1 to 9999."""
    spoken, zero = "", False
    for place in range(3, -1, -1):
        digit = value // 10**place % 10
        if digit:
            spoken += ("零" if zero and spoken else "") + _DIGITS[digit] + _PLACES[place]
        zero = digit == 0
    return spoken


def _date(match: re.Match[str]) -> str:
    return f"{digits(match[1])}年{number(match[2].lstrip('0'))}月{number(match[3].lstrip('0'))}日"


def _time(match: re.Match[str]) -> str:
    minute = int(match[2])
    spoken = "整" if minute == 0 else f"{'零' if minute < 10 else ''}{number(str(minute))}分"
    return f"{number(str(int(match[1])))}点{spoken}"


_RULES: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
    (re.compile(r"(?<!\d)(\d{4})[-/](0?[1-9]|1[0-2])[-/](0?[1-9]|[12]\d|3[01])(?!\d)"), _date),
    (re.compile(r"(?<!\d)(\d{4})(?=年)"), lambda m: digits(m[1])),
    (re.compile(r"(?<!\d)([01]?\d|2[0-3])[:：]([0-5]\d)(?!\d)"), _time),
    (re.compile(rf"({_NUMBER})\s?[%％]"), lambda m: "百分之" + number(m[1])),
    (re.compile(rf"([{_SIGNS}])\s?({_NUMBER})"), lambda m: number(m[2]) + _CURRENCIES[m[1]]),
    (re.compile(r"(?<=\d)\s?[-–~～]\s?(?=\d)"), lambda m: "到"),
    (re.compile(r"(?<![\d\w)])-(?=\d)"), lambda m: "负"),
    (
        re.compile(rf"({_NUMBER})\s?({'|'.join(map(re.escape, _UNITS))})(?![A-Za-z])"),
        lambda m: number(m[1]) + _UNITS[m[2]],
    ),
    (re.compile(rf"(?<![\d.,])2(?=[{_TWO_BEFORE}])"), lambda m: "两"),
    (re.compile(r"(?<!\d)1\d{10}(?!\d)"), lambda m: digits(m[0])),  # mobile numbers
    (re.compile(_NUMBER), lambda m: number(m[0])),
]


def chinese(text: str) -> str:
    """The Chinese text with everything written in digits replaced by characters."""
    if re.search(r"\d", text):
        for pattern, reading in _RULES:
            text = pattern.sub(reading, text)
    return text
