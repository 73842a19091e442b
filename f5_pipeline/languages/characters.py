"""Signs that are written differently in different scripts: digits, full-width marks, Roman numerals, squared units.

``plain_signs`` turns them into ASCII, so that the rules of a language see one form only. Also the values of Roman
numerals, and what Chinese and Japanese numbers have in common.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_ZEROS = (
    *(0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0, 0xF20),
    *(0x1040, 0x17E0, 0x1810, 0xFF10),
)  # the digit 0 of Arabic, Persian, Devanagari, …, Mongolian and full-width digits; 1 to 9 follow each
_DIGITS = {zero + value: str(value) for zero in _ZEROS for value in range(10)}
_ROMAN = {first + value: str(value + 1) for first in (0x2160, 0x2170) for value in range(12)}  # Ⅰ–Ⅻ, ⅰ–ⅻ
# ㋀, ㋿, ㌔, ㍻, ㎡, ㏠, …
_SQUARED = {
    code: unicodedata.normalize("NFKC", chr(code)) for code in (*range(0x32C0, 0x32CC), 0x32FF, *range(0x3300, 0x33FF))
}
_FULL_WIDTH = str.maketrans("％＋－＝＜＞＄￡￠￥＠＃／＊", "%+-=<>$£¢¥@#/*")
_LETTERS = {0xFF00 + code: chr(0x20 + code) for code in (*range(0x21, 0x3B), *range(0x41, 0x5B))}
_PLAIN = _DIGITS | _ROMAN | _SQUARED | _FULL_WIDTH | _LETTERS
_WIDE_COMMA = re.compile(r"(?<=[０-９])，(?=[０-９]{3}(?![０-９]))")
_WIDE_POINT = re.compile(r"(?<=[0-9A-Za-z０-９Ａ-Ｚａ-ｚ])．(?=[0-9A-Za-z０-９Ａ-Ｚａ-ｚ])")
_WIDE_COLON = re.compile(r"(?<=[0-9０-９])：(?=[0-9０-９])")
HAN_DIGITS = "零一二三四五六七八九"
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
#: Roman numerals up to 3999, or nothing.
ANY_ROMAN = r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
#: Roman numerals from 1 to 89 in capitals.
ROMAN = r"(?=[IVXL])(?:L?X{0,3}|XL)(?:IX|IV|V?I{0,3})(?<=[IVXL])"


def plain_signs(text: str) -> str:
    """The text with ASCII digits and marks; squared units as letters ("㎡" → "m2"), Roman characters as digits."""
    if text.isascii():
        return text
    if "，" in text:
        text = _WIDE_COMMA.sub(",", text)
    if "．" in text:
        text = _WIDE_POINT.sub(".", text)
    if "：" in text:
        text = _WIDE_COLON.sub(":", text)
    return text.translate(_PLAIN)


def roman_value(numeral: str) -> int:
    """The value of a Roman numeral in capitals (ASCII letters)."""
    values = [_ROMAN_VALUES[letter] for letter in numeral]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < following else value for value, following in pairs)


def han_digits(text: str) -> str:
    """The digits of a text one by one in Han characters, as in telephone numbers; all else is left out."""
    return "".join(HAN_DIGITS[int(digit)] for digit in text if digit.isdecimal())


def han_number(written: str, integer: Callable[[int], str], longest: int) -> str:
    """A number in digits (with thousands separators, decimal point or leading zeros), in Han characters.

    Args:
        written: the number.
        integer: reads a whole number.
        longest: digits; a longer whole number is read digit by digit.
    """
    whole, _, decimals = written.replace(",", "").partition(".")
    one_by_one = len(whole) > longest or (len(whole) > 1 and whole[0] == "0")
    spoken = han_digits(whole) if one_by_one else integer(int(whole))
    return f"{spoken}点{han_digits(decimals)}" if decimals else spoken
