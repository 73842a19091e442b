"""``in_words``: a text with everything that is not written in letters in words of its language. Pure; no torch."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module

from f5_pipeline.languages.english.reading import english

_OWN = {"zh": "chinese", "ja": "japanese", "hi": "hindi", "ru": "russian"}  # they share no rules with ``generic``
_DIGITS = re.compile(r"\d[\d.,:/ -]{0,60}")
_BRITISH = ("gb", "uk", "au", "nz", "ie", "in", "za")  # regions that write the day of a date first


def in_words(text: str, language: str) -> str:
    """The text with numbers, dates, money, abbreviations and symbols in words.

    Args:
        text: one paragraph, after ``text.front_end.tidy``.
        language: a code in lower case, with or without a region: "en", "en-gb", "de".
    """
    if language.startswith("en"):
        return english(text, british=language[3:] in _BRITISH)
    base = language.partition("-")[0]
    return _own(_OWN[base])(text) if base in _OWN else _generic()(text, language)


@cache
def _own(name: str) -> Callable[[str], str]:
    """The function of a language with rules of its own; its tables are loaded with the first text."""
    reading: Callable[[str], str] = getattr(import_module(f"f5_pipeline.languages.{name}.reading"), name)
    return reading


@cache
def _generic() -> Callable[[str, str], str]:
    from f5_pipeline.languages.generic import generic

    return generic


def unread(spoken: str) -> list[str]:
    """The numbers that ``in_words`` left in digits, because no rule or library reads them in this language."""
    return [match.rstrip(" .,:/-") for match in _DIGITS.findall(spoken)]
