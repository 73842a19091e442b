"""Japanese numbers in kanji numerals: 一, 十, 百, 千, 万, 億, 兆, 京. The model knows how a counter changes them."""

from __future__ import annotations

from f5_pipeline.languages.characters import HAN_DIGITS, han_number

_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "億", "兆", "京")
_LONGEST = 20  # digits; a longer number is read digit by digit
NUMBER = r"\d(?:\d{0,2}(?:,\d{3}){1,6}(?!,?\d)|\d{0,59})(?:\.\d{1,60})?"


def number(written: str) -> str:
    """A number in digits, in kanji numerals; see ``characters.han_number``."""
    return han_number(written, integer, _LONGEST)


def integer(value: int) -> str:
    """A number below 10 to the power of 20."""
    groups = [value // 10_000**power % 10_000 for power in range(len(_GROUPS))]
    named = zip(reversed(groups), reversed(_GROUPS), strict=True)
    return "".join(_group(group, bool(name)) + name for group, name in named if group) or "零"


def _group(value: int, before_unit: bool) -> str:
    """A number from 1 to 9999; 1000 is 千, but 一千 before 万, 億 and so on."""
    spoken = ""
    for place in range(3, -1, -1):
        digit = value // 10**place % 10
        is_bare = digit == 1 and place and not (before_unit and place == 3)
        if digit:
            spoken += ("" if is_bare else HAN_DIGITS[digit]) + _PLACES[place]
    return spoken
