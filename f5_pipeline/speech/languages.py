"""Numbers of the languages other than English, through num2words where it has the language; else digits stay."""

from __future__ import annotations

import re
from functools import lru_cache

from num2words import CONVERTER_CLASSES, num2words

_DECIMAL_COMMA = {
    "de",
    "fr",
    "es",
    "it",
    "ru",
    "fi",
    "lv",
    "pt",
    "nl",
    "pl",
    "sv",
    "da",
    "no",
    "cs",
    "tr",
    "uk",
    "hu",
}
_PERCENT = {"de": "Prozent", "fr": "pour cent", "es": "por ciento", "it": "per cento", "pt": "por cento",
            "ru": "процентов", "fi": "prosenttia", "lv": "procenti", "nl": "procent", "pl": "procent",
            "sv": "procent", "ja": "パーセント", "hi": "प्रतिशत"}  # fmt: skip
_COMMA_NUMBER = re.compile(r"\d{1,3}(?:[. \u202f']\d{3})+(?!\d)(?:,\d+)?|\d+(?:,\d+)?")
_POINT_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?")


def other_language(text: str, language: str) -> str:
    """The text with percent signs and numbers in words; unchanged where the language is not known."""
    short = language[:2]
    if short in _PERCENT:
        text = re.sub(r"(?<=\d)\s?%", f" {_PERCENT[short]}", text)
    if short not in CONVERTER_CLASSES:
        return text
    comma = short in _DECIMAL_COMMA
    return (_COMMA_NUMBER if comma else _POINT_NUMBER).sub(lambda match: _number(match[0], short, comma), text)


@lru_cache(maxsize=20_000)
def _number(written: str, language: str, decimal_comma: bool) -> str:
    plain = re.sub(r"[. \u202f']", "", written).replace(",", ".") if decimal_comma else written.replace(",", "")
    if len(plain) > 15 or (len(plain) > 1 and plain[0] == "0" and "." not in plain):
        return " ".join(_number(digit, language, decimal_comma) for digit in plain if digit.isdecimal())
    try:
        return num2words(float(plain) if "." in plain else int(plain), lang=language)
    except (NotImplementedError, OverflowError, ValueError, TypeError, KeyError):
        return written
