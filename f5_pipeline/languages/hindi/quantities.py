"""Hindi ordinals, fractions, percentages, money, measures, ranges and mathematical signs."""

from __future__ import annotations

import re

from f5_pipeline.languages.hindi.numbers import NUMBER, fractional, integer, number
from f5_pipeline.languages.hindi.words import (
    CURRENCIES,
    ENGLISH_ORDINALS,
    HALVED,
    MAGNITUDES,
    OPERATORS,
    ORDINALS,
    SINGULAR,
    UNITS,
)
from f5_pipeline.languages.rules import Rule, any_of, first_of

LETTER = r"\u0900-\u0963\u0970-\u097f"  # of Devanagari; between them are the danda and digits
_CURRENCY, _UNIT = any_of(CURRENCIES), any_of(UNITS)
_CURRENCY_MARKS, _OPERATOR_MARKS = first_of(CURRENCIES), "".join(OPERATORS)
_MINUS = r"(?<![\w)\].-])-"
_SUFFIX = "वां|वाँ|वा|वीं|वी|वें|वे|ला|ली|ले|सरा|सरी|सरे|रा|री|रे|था|थी|थे|ठा|ठी|ठे"
_FRACTIONS = {
    ("1", "2"): "आधा",
    ("1", "3"): "एक तिहाई",
    ("2", "3"): "दो तिहाई",
    ("1", "4"): "एक चौथाई",
    ("3", "4"): "तीन चौथाई",
}
_QUARTERS = {("1", "2"): "5", ("1", "4"): "25", ("3", "4"): "75"}
_WON = "जीत|हरा|हार|आगे|पीछे|पराजित|मात"


def _ordinal(match: re.Match[str]) -> str:
    value, suffix = int(match[1]), match[2]
    if value in ORDINALS:
        vowel = next((v for v in suffix if v in "ीे"), "ा")
        return ORDINALS[value] + vowel
    return number(match[1]) + suffix


def _english_ordinal(match: re.Match[str]) -> str:
    value = int(match[1])
    return ENGLISH_ORDINALS[value - 1] if 1 <= value <= len(ENGLISH_ORDINALS) else f"{integer(value)}वां"


def _fraction(match: re.Match[str]) -> str:
    whole, part = match[1], (match[2], match[3])
    if whole and part in _QUARTERS:
        return fractional(f"{whole}.{_QUARTERS[part]}")
    spoken = _FRACTIONS.get(part) or f"{number(part[0])} बटा {number(part[1])}"
    return f"{number(whole)} और {spoken}" if whole else spoken


def _money(match: re.Match[str]) -> str:
    groups = match.groupdict()
    (name, hundredth), amount, magnitude = CURRENCIES[match["sign"]], match["amount"], match["magnitude"]
    before = "माइनस " if groups.get("minus") else ""
    if groups.get("first"):
        before += f"{number(match['first'])} से "
    if magnitude:
        return f"{before}{fractional(amount)} {magnitude} {name}"
    whole, _, cents = amount.partition(".")
    if not (hundredth and len(cents) == 2):
        return f"{before}{number(amount)} {_counted(amount, name)}"
    parts = [f"{number(whole)} {_counted(whole, name)}"] if whole.strip("0,") or not int(cents) else []
    return before + " ".join([*parts, f"{integer(int(cents))} {hundredth}"] if int(cents) else parts)


def _counted(amount: str, name: str) -> str:
    return SINGULAR.get(name, name) if amount == "1" else name


def _measure(match: re.Match[str]) -> str:
    amount, unit = match[1], UNITS[match[2]]
    spoken = fractional(amount) if unit in ("साल", "घंटे") else number(amount)
    per = UNITS[match[3]] if match[3] else ""
    return f"{spoken} {_counted(amount, unit)}" + (f" प्रति {SINGULAR.get(per, per)}" if per else "")


def _span(match: re.Match[str]) -> str:
    """ "10-15"; between falling numbers a hyphen is no range."""
    first, last = (float(match[group].replace(",", "")) for group in (1, 3))
    if first < last or match[2]:
        return f"{match[1]}{match[2]} से "
    return f"{match[1]} " if first < 10 or first == last else f"{match[1]} हाइफ़न "  # "2-0" is a score


def _power(match: re.Match[str]) -> str:
    """ "5²", "2^3"."""
    named = {"²": "का वर्ग", "³": "का घन"}.get(match[2]) or f"की घात {number(match[2][1:])}"
    return f"{number(match[1])} {named}"


def _compared(match: re.Match[str]) -> str:
    """ "5 > 3": पाँच तीन से अधिक."""
    first = f"{number(match[1])} " if match[1] else ""
    return f"{first}{number(match[3])} {OPERATORS[match[2]]}"


QUANTITIES: tuple[Rule, ...] = (
    Rule(re.compile(rf"(?<![\d.,])(\d{{1,19}})-?({_SUFFIX})(?![{LETTER}])"), _ordinal),
    Rule(re.compile(r"(?<![\d.,])(\d{1,19})(?:st|nd|rd|th)(?![A-Za-z])"), _english_ordinal, "tdh"),
    Rule(
        re.compile(rf"(?<![\d:-])(\d{{1,3}})[:-](\d{{1,3}})(?= से (?:{_WON}))"),
        lambda m: f"{number(m[1])} {number(m[2])}",
        ":-",
    ),
    Rule(re.compile(r"(?<=\d):(?=\d{1,9} (?:का|के|की) अनुपात)"), lambda m: " और ", ":"),
    Rule(re.compile(r"(?<=\d):(?=\d)"), lambda m: " अनुपात ", ":"),
    Rule(
        re.compile(
            rf"(?P<minus>{_MINUS})?(?P<sign>{_CURRENCY}) ?(?:(?P<first>{NUMBER}) ?[-–] ?(?:{_CURRENCY})? ?)?"
            rf"(?P<amount>{NUMBER})(?: ?(?P<magnitude>{MAGNITUDES})(?![{LETTER}]))?(?:/-)?"
        ),
        _money,
        _CURRENCY_MARKS,
    ),
    Rule(re.compile(rf"({NUMBER}) ?[-–] ?(?={NUMBER} ?=)"), lambda m: f"{number(m[1])} माइनस ", "="),
    Rule(re.compile(rf"(?<![\d.,])({NUMBER})(%?) ?[-–] ?(?=({NUMBER}))"), _span, "-–"),
    Rule(re.compile(rf"({NUMBER}) ?[xX×] ?(?={NUMBER}(?! ?=)(?![\d.,]))"), lambda m: f"{number(m[1])} बाई ", "xX×"),
    Rule(
        re.compile(rf"({NUMBER})(?= ?(?:{HALVED})(?![{LETTER}]))"),
        lambda m: fractional(m[1]) if "." in m[1] else m[1],
        ".",
    ),
    Rule(re.compile(r"(?<![\d/.])(?:(\d{1,6}) )?(\d{1,19})/(\d{1,19})(?![\d/])"), _fraction, "/"),
    Rule(
        re.compile(
            rf"(?P<amount>{NUMBER})(?: ?(?P<magnitude>{MAGNITUDES}))? ?"
            rf"(?P<sign>{_CURRENCY})(?![A-Za-z\d{LETTER}])(?:/-)?"
        ),
        _money,
        _CURRENCY_MARKS,
    ),
    Rule(re.compile(rf"({NUMBER}) ?[%٪]"), lambda m: f"{number(m[1])} प्रतिशत", "%٪"),
    Rule(re.compile(rf"(?<=[A-Za-z{LETTER}])-(?=\d)"), lambda m: " ", "-"),
    Rule(re.compile(rf"{_MINUS}(?=\d)"), lambda m: "माइनस ", "-"),
    Rule(re.compile(rf"({NUMBER})(?: |(?!K)) ?({_UNIT})(?:/({_UNIT}))?(?![A-Za-z\d{LETTER}])"), _measure),
    Rule(re.compile(rf"({NUMBER})([²³]|\^\d{{1,4}})"), _power, "²³^"),
    Rule(re.compile(rf"(?:({NUMBER}) ?)?([<>≤≥]) ?({NUMBER})"), _compared, "<>≤≥"),
    Rule(re.compile(r"(\d{1,2})' ?(\d{1,2})\""), lambda m: f"{number(m[1])} फीट {number(m[2])} इंच", "'"),
    Rule(re.compile(r"(?<=\d)\+(?!\d)"), lambda m: " प्लस", "+"),
    Rule(
        re.compile(r"(?<=[\dA-Za-z])\s?([+×*÷=≈≠±])\s?(?=[\dA-Za-z])"),
        lambda m: f" {OPERATORS[m[1]]} ",
        _OPERATOR_MARKS,
    ),
    Rule(re.compile(r"(?<![\w)])([+±√≈])\s?(?=\d)"), lambda m: f"{OPERATORS[m[1]]} ", _OPERATOR_MARKS),
)
