"""What is plain data of a language: how its signs and abbreviations are read (``words/CODE.toml``)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class _Words:
    """A set of words and, written with a hyphen, of their ends."""

    def __init__(self, text: str) -> None:
        self._whole = frozenset(word for word in text.split() if word[0] != "-")
        self._ends = tuple(word[1:] for word in text.split() if word[0] == "-")

    def __contains__(self, word: str) -> bool:
        return word in self._whole or (len(word) > 2 and word.endswith(self._ends))


class Nouns:
    """Which form of a number stands before a noun. The exceptions of ``feminine`` are in ``masculine``."""

    def __init__(self, feminine: str = "", masculine: str = "", none: str = "") -> None:
        self._feminine, self._masculine, self._none = _Words(feminine), _Words(masculine), _Words(none)

    def form(self, noun: str) -> str:
        """ "feminine" or "masculine", also for a plural in -s or -es; "" for a word that is no noun."""
        noun = noun.lower()
        if noun in self._none:
            return ""
        numbers = (noun, noun.removesuffix("s"), noun.removesuffix("es"))
        if any(each in self._masculine for each in numbers):
            return "masculine"
        return "feminine" if any(each in self._feminine for each in numbers) else "masculine"


@dataclass(frozen=True)
class WordTable:
    """Tables of what is written → the words."""

    signs: Mapping[str, str] = field(default_factory=dict)  # "+", "=", "&", "§", "@", "." …
    letters: Mapping[str, str] = field(default_factory=dict)  # names of letters that are spelt; {}: the letters
    abbreviations: Mapping[str, str] = field(default_factory=dict)  # with their periods
    before_number: Mapping[str, str] = field(default_factory=dict)  # abbreviations only before a number: "art. 3"
    closing: Mapping[str, str] = field(default_factory=dict)  # abbreviations that may end a sentence: "etc."

    nouns: Nouns = field(default_factory=Nouns)

    @cached_property
    def in_full(self) -> dict[str, str]:
        """All abbreviations, without blanks, → the words."""
        tables = (self.abbreviations, self.before_number, self.closing)
        return {short.replace(" ", ""): full for table in tables for short, full in table.items()}


def word_table(language: str) -> WordTable:
    """The table of a language that has a file."""
    text = files("f5_pipeline.languages").joinpath(f"words/{language}.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    before_number = tables.pop("before_number", {})
    capitals = {short[0].upper() + short[1:]: full[0].upper() + full[1:] for short, full in before_number.items()}
    return WordTable(before_number=capitals | before_number, nouns=Nouns(**tables.pop("nouns", {})), **tables)
