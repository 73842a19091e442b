"""Plain numbers in words: whole numbers, decimals, ordinals, fractions, Roman numerals, in the form of their noun."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache, partial

from f5_pipeline.languages import number_words
from f5_pipeline.languages.characters import ANY_ROMAN, roman_value
from f5_pipeline.languages.language import Language, Ordinal
from f5_pipeline.languages.number_words import LONGEST, cardinal, digits
from f5_pipeline.languages.units import unit_pattern

COMMA_NUMBER = r"(?:\d{1,3}(?:[. \u202f']\d{3}){1,9}(?!\d)|\d{1,2000})(?:,\d{1,2000})?"
POINT_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,9}(?!\d)|\d{1,2000})(?:\.\d{1,2000})?"
_FRACTION = re.compile(
    r"(?<![\w.,/])(?!24/7\b)(?:(?P<whole>\d{1,6}) )?(?!0\d)(?P<numerator>\d{1,6})/(?!0\d)(?P<denominator>\d{1,5})"
    r"(?: (?P<noun>[^\W\d][\w/²³]{0,30}))?(?![^\W가-힣]|[/'²³]|[.,]\d)"
)
_POINT = re.compile(r"(?<![\w.,])(\d{1,4})\.(?= ([^\W\dA-ZÀ-ÞĀĂĄĆČĎĐĒĖĘĚĢĪĮİŁŃŅŇŐŒŘŚŞŠŢŤŪŮŰŲŹŻŽ]\w{0,30}))")
_ROMAN = re.compile(ANY_ROMAN, re.IGNORECASE)
_AFTER_NAME = re.compile(r"(?<=\w )(?<!\b[A-Z] )(?=[IVX]{2})(?:X{0,3}(?:IX|IV|V?I{0,3}))\b(?!\.?\w|\.[A-Z])")
_ROMAN_WORD = re.compile(r"\b(?:[IVXLCDM]{1,12}|[ivxlcdm]{2,12})(?:i?[eè]me|er|re|e|s)?\b")


def pattern(rules: Language) -> str:
    """A pattern of the numbers that the language writes, without groups."""
    return COMMA_NUMBER if rules.decimal_comma else POINT_NUMBER


def plain(written: str, rules: Language) -> str:
    """The digits with a decimal point and without separators of thousands."""
    if rules.decimal_comma:
        return re.sub(r"[. \u202f']", "", written).replace(",", ".")
    return written.replace(",", "")


def value(written: str, rules: Language) -> Decimal:
    return Decimal(plain(written, rules))


@lru_cache(maxsize=50_000)
def number(written: str, rules: Language, noun: str = "") -> str:
    """A number in words, in the form that ``noun`` asks for; "" is a number on its own."""
    whole, _, decimals = plain(written, rules).partition(".")
    if len(whole) > LONGEST or (len(whole) > 1 and whole[0] == "0"):
        spoken = digits(whole, rules.code)
    else:
        spoken = cardinal(int(whole), rules.code, rules.form(noun) if noun and not decimals else "")
    if not decimals:
        return spoken
    gap = " " if rules.spaces else ""
    comma = rules.comma or number_words.decimal_word(rules.code)
    if not comma:
        return f"{spoken},{gap}{_decimals(decimals, rules)}"
    return gap.join((spoken, comma, _decimals(decimals, rules)))


def _decimals(decimals: str, rules: Language) -> str:
    if not rules.paired_decimals:
        spoken = digits(decimals, rules.code)
        return spoken if rules.spaces else spoken.replace(" ", "")
    if len(decimals) == 3 and decimals[0] != "0":
        return cardinal(int(decimals), rules.code)
    two = (decimals[start : start + 2] for start in range(0, len(decimals), 2))
    return " ".join(digits(each, rules.code) if each[0] == "0" else cardinal(int(each), rules.code) for each in two)


def counted(spoken: str, phrase: str, rules: Language) -> str:
    """A number in words inside a pattern such as "{0} euros", with "of" after a million."""
    before, _, noun = phrase.partition("{0}")
    if rules.of and noun.strip() and not noun.startswith(" de ") and re.search(rf"{rules.of_after}s?$", spoken):
        noun = " " + rules.of(noun.strip())
    return f"{before}{spoken}{noun}"


def numbers(text: str, rules: Language) -> str:
    """All numbers that no other rule has read."""
    return _all(rules).sub(lambda match: _in_text(match, rules), text)


@lru_cache(maxsize=200)
def _all(rules: Language) -> re.Pattern[str]:
    return re.compile(rf"({pattern(rules)})(?:(?=(?: mil)? ([^\W\d]\w{{0,39}})))?")


def _in_text(match: re.Match[str], rules: Language) -> str:
    written, noun = match[1], match[2] or ""
    if rules.bare_years and len(written) == 4 and written.isdecimal() and 1100 <= int(written) <= 1999:
        return _apart(match, number_words.year(int(written), rules.code), rules)
    spoken = number(written, rules, noun)
    if rules.of and noun and rules.form(noun) and re.search(rf"{rules.of_after}s?$", spoken):
        spoken += " " + rules.of(noun).removesuffix(noun).strip()
    return _apart(match, spoken, rules)


def _apart(match: re.Match[str], spoken: str, rules: Language) -> str:
    """``spoken`` with a space where the number touches a letter that is not part of its word."""
    if not rules.spaces:
        return spoken
    before, after = match.string[: match.start()][-1:], match.string[match.end(1) : match.end(1) + 20]
    joined = rules.attached and re.match(rules.attached, after)
    return (" " if before.isalpha() else "") + spoken + (" " if after[:1].isalpha() and not joined else "")


def ordinals(text: str, rules: Language) -> str:
    """ "2e", "3.º", "5-я"; "3." before a word in lower case, where the language writes ordinals so."""
    if (read_point := rules.ordinal_point) and "." in text:
        text = _POINT.sub(lambda match: read_point(int(match[1]), match[2]), text)
    for suffixes, read in rules.ordinals:
        grouped = r"\d{1,3}(?:[. \u202f]\d{3}){1,4}|\d{1,9}" if rules.decimal_comma else r"\d{1,9}"
        text = re.sub(
            rf"(?<![\w.,])(?P<number>{grouped})(?P<suffix>{suffixes})(?!\w)", partial(_ordinal, read, rules), text
        )
    return text


def _ordinal(read: Ordinal, rules: Language, match: re.Match[str]) -> str:
    return read(int(plain(match["number"], rules)), match["suffix"].lstrip(".-:"))


def fractions(text: str, rules: Language) -> str:
    """ "3/4", "2 1/2", "1/2 kg", with the noun or symbol of a unit after it."""
    if "/" not in text or rules.fraction is None:
        return text
    return _FRACTION.sub(lambda match: _fraction(match, rules), text)


def _fraction(match: re.Match[str], rules: Language) -> str:
    whole, noun = match["whole"], match["noun"] or ""
    numerator, denominator = int(match["numerator"]), int(match["denominator"])
    if rules.fraction is None or denominator < 2:
        return match[0]
    name = ""
    is_half = (numerator, denominator) == (1, 2)
    if phrase := unit_pattern(noun, Decimal(int(whole or 1) if is_half else 1), rules) if noun else None:
        name = phrase.replace("{0}", "").strip()
    if is_half and rules.half:
        counted_as = name or noun
        return rules.half(number(whole, rules, counted_as) if whole else "", counted_as).rstrip()
    spoken = rules.fraction(numerator, denominator)
    if whole:
        spoken = rules.mixed.format(whole=number(whole, rules), fraction=spoken)
    if name:
        return f"{spoken} {rules.of(name) if rules.of else name}"
    return f"{spoken} {noun}".rstrip()


def romans(text: str, rules: Language) -> str:
    """Roman numerals of two and more letters after a name that no rule of the language has read: "Rocky III"."""
    return _AFTER_NAME.sub(lambda match: cardinal(roman(match[0]) or 0, rules.code), text)


def has_roman(text: str) -> bool:
    """A fast test: True if a word of the text may be a Roman numeral."""
    return _ROMAN_WORD.search(text) is not None


def roman(written: str) -> int | None:
    """The value of a Roman numeral from 1 to 3999; None if it is none."""
    if not written or _ROMAN.fullmatch(written) is None:
        return None
    return roman_value(written.upper())
