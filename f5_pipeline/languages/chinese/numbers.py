"""Chinese numbers in characters: 零, 一, …, 十, 百, 千, 万, 亿; 两 before 千, 万, 亿 and measure words."""

from __future__ import annotations

from f5_pipeline.languages.characters import HAN_DIGITS, han_number

_PLACES = ("", "十", "百", "千")
_LONGEST = 16  # digits; a longer number is read digit by digit
NUMBER = r"\d(?:\d{0,2}(?:,\d{3}){1,5}(?!,?\d)|\d{0,59})(?:\.\d{1,60})?"


def number(written: str) -> str:
    """A number in digits, in characters; see ``characters.han_number``."""
    return han_number(written, integer, _LONGEST)


def counted(written: str) -> str:
    """A number before a measure word: 2 is 两."""
    return "两" if written == "2" else number(written)


def integer(value: int) -> str:
    """A number below 10 to the power of 16."""
    for unit, name in ((10**8, "亿"), (10**4, "万")):
        if value >= unit:
            high, low = divmod(value, unit)
            return ("两" if high == 2 else integer(high)) + name + _rest(low, unit // 10)
    spoken = _below_10_000(value) or "零"
    return spoken.removeprefix("一") if 10 <= value < 20 else spoken


def _rest(value: int, full: int) -> str:
    """What follows 万 or 亿; 零 stands for the places that are missing below ``full``."""
    if not value:
        return ""
    spoken = ("一" if 10 <= value < 20 else "") + integer(value)
    return ("零" if value < full else "") + spoken


def _below_10_000(value: int) -> str:
    spoken, zero = "", False
    for place in range(3, -1, -1):
        digit = value // 10**place % 10
        if digit:
            spoken += ("零" if zero and spoken else "") + ("两" if digit == 2 and place == 3 else HAN_DIGITS[digit])
            spoken += _PLACES[place]
        zero = digit == 0
    return spoken
