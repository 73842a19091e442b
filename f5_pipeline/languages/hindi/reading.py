"""``hindi``: a Hindi text with everything written in digits and signs in words."""

from __future__ import annotations

import re

from f5_pipeline.languages.addresses import read_addresses
from f5_pipeline.languages.characters import ROMAN, plain_signs, roman_value
from f5_pipeline.languages.hindi.codes import CODES
from f5_pipeline.languages.hindi.dates import DATES, TIMES
from f5_pipeline.languages.hindi.numbers import NUMBER, digits, number
from f5_pipeline.languages.hindi.quantities import LETTER, QUANTITIES
from f5_pipeline.languages.hindi.words import ABBREVIATIONS, ADDRESS_MARKS, ADDRESS_WORDS, LETTERS
from f5_pipeline.languages.rules import Rule, any_of, apply_rules

_HAS_DIGIT = re.compile(r"\d")
_ABBREVIATION = re.compile(rf"(?<![{LETTER}.])(?:{any_of(ABBREVIATIONS)})")
_BEFORE_NUMBER_WORDS = {"मो.": "मोबाइल", "ई.": "ईस्वी", "No.": "नंबर", "no.": "नंबर"}
_BEFORE_NUMBER = re.compile(rf"(?<![A-Za-z{LETTER}.])({any_of(_BEFORE_NUMBER_WORDS)}) ?(?=[\d+])")
_ROMAN = re.compile(rf"(?:(?<=अध्याय )|(?<=खंड )|(?<=भाग )|(?<=कक्षा ))({ROMAN})(?![A-Za-z])")
_NUMBER = re.compile(rf"(?<=([A-Za-z{LETTER}]))?({NUMBER})(?=([A-Za-z{LETTER}]))?")


def _number(match: re.Match[str]) -> str:
    """A number, apart from a letter that touches it ("MP3", "25किताबें")."""
    return (" " if match[1] else "") + number(match[2]) + (" " if match[3] else "")


_RULES: tuple[Rule, ...] = (
    *DATES,
    *CODES,
    *TIMES,
    Rule(re.compile(r"#(?=\d)"), lambda m: "नंबर ", "#"),
    Rule(re.compile(r"\d{1,9}(?:\.\d{1,9}){2,9}"), lambda m: " डॉट ".join(map(number, m[0].split("."))), "."),
    *QUANTITIES,
    Rule(_NUMBER, _number),
)


def hindi(text: str) -> str:
    """The Hindi text with numbers, dates, money, measures, codes, addresses and abbreviations in words."""
    if "." in text or "॰" in text:
        text = _BEFORE_NUMBER.sub(lambda match: _BEFORE_NUMBER_WORDS[match[1]] + " ", text)
        text = _ABBREVIATION.sub(lambda match: ABBREVIATIONS[match[0]], text)
    text = read_addresses(plain_signs(text), ADDRESS_MARKS, digits, gap=" ", word=_spelt)
    text = _ROMAN.sub(lambda match: number(str(roman_value(match[1]))), text)
    return apply_rules(text, _RULES) if _HAS_DIGIT.search(text) else text


def _spelt(word: str) -> str:
    """A Latin word of an address in Devanagari: known ones as words, others letter by letter."""
    word = word.lower()
    return ADDRESS_WORDS.get(word) or " ".join(LETTERS.get(letter, letter) for letter in word)
