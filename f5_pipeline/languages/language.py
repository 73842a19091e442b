"""``Language``: the words, number formats and own rules of a language other than English. ``generic`` applies them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from f5_pipeline.languages.word_tables import WordTable

# (one, several), (one, few, many) or (one, few, many, decimal); "{0}" is the place of the number if it is not before.
Names = tuple[str, ...]
Ordinal = Callable[[int, str], str]  # (number, suffix written after it) → the words


def no_form(_: str) -> str:
    """The form of a number in a language without genders, whatever noun follows."""
    return ""


@dataclass(frozen=True, eq=False)  # compared by identity, as a key of caches
class Language:
    """How a language writes and reads numbers, dates, times and money. An empty word leaves the sign as it is."""

    code: str  # of number_words and Babel: "de", "pt-pt"
    decimal_comma: bool = True
    comma: str = ""  # the word between whole number and decimals; "": the library's
    paired_decimals: bool = False  # 3,14 is read "three comma fourteen"
    paired_phones: bool = False  # groups of two digits in a telephone number are read as numbers
    minus: str = ""  # "": the library's
    form: Callable[[str], str] = no_form  # noun after a number → its form (``number_words``)
    of: Callable[[str], str] | None = None  # noun → itself with "of" before it, as after a million
    of_after: str = r"\b(?:mi|bi|tri)l(?:l?i|h|l[oó])\w{1,6}"  # pattern of the ends of numbers that ``of`` follows
    bare_years: bool = False  # 1100–1999 without a date are read as years
    # dates
    months: tuple[str, ...] = ()  # in the form used after the day; (): Babel's
    day: Callable[[int, str], str] | None = None  # (day of the month, word before it) → the words; None: cardinal
    day_month: bool = False  # "5.3." is a date
    year: Callable[[int], str] | None = None  # of a date; None: a cardinal number
    year_word: str = ""  # pattern of the word for "year" that may follow a written year and is part of ``year``
    year_first: bool = False
    between: str = " "  # between day, month and year
    # times
    hour_mark: str = ""  # pattern of what stands after or inside a time of day (French "10h30")
    full_hour: str = "{h}"  # {s}: "s" unless the hour is 1
    full_clock: str = ""  # 10:00 with a colon; "": as ``full_hour``
    hour_and_minutes: str = "{h} {m}"
    brief_time: tuple[str, str] = ("", "")  # (pattern of words before a time, ``hour_and_minutes`` after these)
    zero_minutes: bool = False  # 10:05 is "ten zero five"
    hours: Mapping[int, str] = field(default_factory=dict)  # hours that differ from the number's word
    minutes: Mapping[int, str] = field(default_factory=dict)  # such as "half" and "quarter"
    seconds: str = "{0} {1} {2}"  # how hours, minutes and seconds are joined
    half_day_hour: str = "{h}"  # the hour before ``half_day``
    half_day: Callable[[int, str], str] | None = None  # (hour, "a" or "p" of a.m., p.m.) → what follows the time
    # ordinals and fractions
    ordinal_point: Callable[[int, str], str] | None = None  # (3, noun in lower case) → the words for "3." before it
    ordinals: tuple[tuple[str, Ordinal], ...] = ()  # (pattern of the suffix, its reading)
    half: Callable[[str, str], str] | None = None  # (whole number or "", noun or "") → "two and a half litres"
    fraction: Callable[[int, int], str] | None = None  # (numerator, denominator) → the words
    mixed: str = "{whole} {fraction}"  # a whole number and a fraction
    # money and units
    currencies: Mapping[str, Names] = field(default_factory=dict)  # code or sign → its names if not CLDR's
    subunits: Mapping[str, Names] = field(default_factory=dict)  # code → (cent, cents)
    zero_is_plural: bool = False  # in French it is not
    and_subunit: str = " "  # between "five euros" and "ten cents"
    magnitudes: str = ""  # pattern of the words "million", "billion" after an amount
    large: Mapping[str, Names] = field(default_factory=dict)  # "M", "bn" beside a sign of money → (million, millions)
    units: Mapping[str, Names] = field(default_factory=dict)  # symbol → its names if not CLDR's; () is no unit
    # ranges and signs
    to: str = ""  # between the ends of a range
    versus: str = ""  # between the numbers of a score; "": as a range
    words: WordTable = field(default_factory=WordTable)  # how signs and abbreviations are read
    attached: str = ""  # pattern of suffixes that follow a number without a space ("80er")
    spaces: bool = True  # words are separated by spaces
    rules: Callable[[str], str] | None = None  # the language's own rules, applied before the generic ones
    after: Callable[[str], str] | None = None  # its own rules applied after the generic ones


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def pairs(text: str) -> dict[str, str]:
    """A table written as one "key = value" a line."""
    return dict(re.split(r"\s+= ?", line.strip(), maxsplit=1) for line in text.strip().splitlines())
