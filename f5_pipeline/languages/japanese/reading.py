"""``japanese``: a Japanese text with everything written in digits and signs in words."""

from __future__ import annotations

import re

from f5_pipeline.languages.addresses import read_addresses
from f5_pipeline.languages.characters import ROMAN, han_digits, plain_signs, roman_value
from f5_pipeline.languages.japanese.codes import CODES
from f5_pipeline.languages.japanese.dates import DATES, TIMES
from f5_pipeline.languages.japanese.numbers import NUMBER, number
from f5_pipeline.languages.japanese.quantities import QUANTITIES, SPANS
from f5_pipeline.languages.japanese.words import ABBREVIATIONS, ADDRESS_MARKS
from f5_pipeline.languages.rules import Rule, any_of, apply_rules

_HAS_DIGIT = re.compile(r"\d|[~～〜]")
_ABBREVIATION = re.compile(any_of(ABBREVIATIONS))
_ROMAN_ORDINAL = re.compile(rf"(?<=第)({ROMAN})(?![A-Za-z])|(?<![A-Za-z])({ROMAN})(?=[型期世章部巻級類])")
_RULES: tuple[Rule, ...] = (
    *DATES,
    *CODES,
    Rule(re.compile(r"(?<![A-Za-z])N[oO]\.\s?(?=\d)"), lambda m: "ナンバー", "N"),
    Rule(re.compile(r"(?<=\d)\.(?=\d{1,9}\.)"), lambda m: "点", "."),
    *SPANS,
    *TIMES,
    *QUANTITIES,
    Rule(re.compile(NUMBER), lambda m: number(m[0])),
)


def japanese(text: str) -> str:
    """The Japanese text with numbers, dates, money, measures, codes and addresses in words; letters stay."""
    text = _ABBREVIATION.sub(lambda match: ABBREVIATIONS[match[0]], text)
    text = read_addresses(plain_signs(text), ADDRESS_MARKS, han_digits, gap="")
    text = _ROMAN_ORDINAL.sub(lambda match: number(str(roman_value(match[1] or match[2]))), text)
    return apply_rules(text, _RULES) if _HAS_DIGIT.search(text) else text
