"""``chinese``: a Chinese text with everything written in digits and signs in characters."""

from __future__ import annotations

import re

from f5_pipeline.languages.addresses import read_addresses
from f5_pipeline.languages.characters import ROMAN, han_digits, plain_signs, roman_value
from f5_pipeline.languages.chinese.codes import CODES
from f5_pipeline.languages.chinese.dates import DATES, TIMES
from f5_pipeline.languages.chinese.numbers import NUMBER, number
from f5_pipeline.languages.chinese.quantities import QUANTITIES, SCORES
from f5_pipeline.languages.chinese.words import ADDRESS_MARKS
from f5_pipeline.languages.rules import Rule, apply_rules

_HAS_DIGIT = re.compile(r"\d")
_RULER = r"(?:(?<=路易|亨利|查理|乔治|威廉)|(?<=爱德华|拿破仑|腓特烈)|(?<=伊丽莎白))"
_ROMAN_ORDINAL = re.compile(
    rf"(?:(?<=第)|{_RULER})({ROMAN})(?![A-Za-z])|(?<![A-Za-z])({ROMAN})(?=[期型级类度章卷部]|世(?!纪))"
)
_RULES: tuple[Rule, ...] = (
    *DATES,
    *CODES,
    *SCORES,
    *TIMES,
    Rule(re.compile(r"(?<![A-Za-z])N[oO][.:]?\s?(?=\d)"), lambda m: "第", "N"),
    Rule(re.compile(r"(?<=\d)#"), lambda m: "号", "#"),
    Rule(re.compile(r"(?<=\d)\.(?=\d{1,9}\.)"), lambda m: "点", "."),
    *QUANTITIES,
    Rule(re.compile(NUMBER), lambda m: number(m[0])),
)


def chinese(text: str) -> str:
    """The Chinese text with numbers, dates, money, measures, codes and addresses in characters; letters stay."""
    text = read_addresses(plain_signs(text), ADDRESS_MARKS, han_digits, gap="")
    text = _ROMAN_ORDINAL.sub(lambda match: number(str(roman_value(match[1] or match[2]))), text)
    return apply_rules(text, _RULES) if _HAS_DIGIT.search(text) else text
