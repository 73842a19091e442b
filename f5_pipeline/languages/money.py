"""Money and measures in words: "$5 millones", "3,50 €", "12 km/h", "-5 °C", "50 %"."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from f5_pipeline.languages.language import Language
from f5_pipeline.languages.numbers import counted, number, pattern, plain
from f5_pipeline.languages.rules import any_of
from f5_pipeline.languages.units import (
    CURRENCY_CODES,
    CURRENCY_SIGNS,
    currency_pattern,
    named,
    per_unit,
    symbols,
    unit_pattern,
)

_SIGN = re.compile("[$€£¥￥₽₹₩₺₴₪₫₱₡฿₸₾₦₧đ]|zł|K[čc]|[Kk]r|S/")
_CODES = frozenset(CURRENCY_CODES)
_SHORT_WORD = re.compile(r"(?<![^\W\d])[^\W\d]{2,4}(?![^\W\d])")


def money(text: str, rules: Language) -> str:
    """Amounts with a sign or code of a currency before or after them."""
    return _amount(rules).sub(lambda match: _money(match, rules), text) if _has_currency(text, rules) else text


def _has_currency(text: str, rules: Language) -> bool:
    """A fast test: True if a sign or code of a currency may be in the text."""
    if _SIGN.search(text):
        return True
    return any(word.upper() in _CODES or word in rules.currencies for word in _SHORT_WORD.findall(text))


def _signs(rules: Language) -> list[str]:
    signs = {*CURRENCY_SIGNS, *rules.currencies} - set(CURRENCY_CODES)
    return [re.escape(sign) for sign in sorted(signs, key=len, reverse=True)]


@lru_cache(maxsize=200)
def _amount(rules: Language) -> re.Pattern[str]:
    sign = rf"(?<!\w)(?i:{'|'.join([*_signs(rules), *CURRENCY_CODES])})"
    after = f"(?i:{'|'.join([*_signs(rules), *CURRENCY_CODES])})"
    magnitude = rf"(?: ?(?P<{{}}>{_magnitudes(rules)})(?!\w))?"
    end = rf"(?![^\W\d])|(?={rules.attached})" if rules.attached else r"(?![^\W\d])"
    return re.compile(
        rf"(?:(?P<sign>{sign})\s?(?P<amount>{_number(rules)}){magnitude.format('size')}(?:{end})"
        rf"|(?P<amount2>{_number(rules)}){magnitude.format('size2')}\.?\s?(?P<sign2>{after})(?!\w))"
        rf"(?:/(?P<per>{symbols(rules)})\b)?"
    )


def _number(rules: Language) -> str:
    """A pattern of the language's numbers, and of "3.50" where decimals have a comma."""
    return rf"(?:\d{{1,9}}\.\d{{1,2}}(?!\d|[.,]\d)|{pattern(rules)})" if rules.decimal_comma else pattern(rules)


def _magnitudes(rules: Language) -> str:
    """A pattern of "million" and its abbreviations, which are case-sensitive."""
    short = any_of(rules.large)
    words = f"(?i:{rules.magnitudes})" if rules.magnitudes else ""
    return "|".join(filter(None, (words, short))) or "(?!)"


def _own_notation(written: str, rules: Language) -> str:
    english = rules.decimal_comma and re.fullmatch(r"\d{1,9}\.\d{1,2}", written)
    return written.replace(".", ",") if english else written


def _money(match: re.Match[str], rules: Language) -> str:
    written, sign = _own_notation(match["amount"] or match["amount2"], rules), match["sign"] or match["sign2"]
    size = match["size"] or match["size2"]
    known = (each for each in (sign, sign.lower(), sign.upper()) if each in CURRENCY_SIGNS or each in rules.currencies)
    sign = next(known, sign.upper())
    spoken = _large(written, sign, size, rules) if size else _spoken(written, sign, rules)
    if not spoken or not match["per"]:
        return spoken or match[0]
    per = per_unit(match["per"], rules)
    return f"{spoken} {per}" if per else f"{spoken}/{match['per']}"


def _large(written: str, sign: str, size: str, rules: Language) -> str | None:
    """ "five million dollars"."""
    phrase = currency_pattern(sign, Decimal(1_000_000), rules)
    return counted(_sized(written, size, rules), phrase, rules) if phrase else None


def _sized(written: str, size: str, rules: Language) -> str:
    """ "five million", also for "5 M"."""
    if names := rules.large.get(size):
        size = named(names, Decimal(plain(written, rules)), rules).removeprefix("{0} ")
    return f"{number(written, rules, size)} {size}"


@lru_cache(maxsize=20_000)
def _spoken(written: str, sign: str, rules: Language) -> str | None:
    whole, _, decimals = plain(written, rules).partition(".")
    decimals = decimals[:2] + decimals[2:].rstrip("0")
    names = rules.subunits.get(CURRENCY_SIGNS.get(sign, sign))
    if decimals and (names is None or decimals[2:]):
        exact = whole + (("," if rules.decimal_comma else ".") + decimals)
        return _counted(exact, currency_pattern(sign, Decimal(plain(written, rules)), rules), rules)
    cents = int(decimals[:2].ljust(2, "0")) if decimals else 0
    parts = []
    if int(whole) or not cents:
        units = re.split(r",", written)[0] if rules.decimal_comma else written.partition(".")[0]
        parts.append(_counted(units, currency_pattern(sign, Decimal(whole), rules), rules))
    if cents and names:
        parts.append(_counted(str(cents), named(names, Decimal(cents), rules), rules))
    return rules.and_subunit.join(part for part in parts if part) if None not in parts else None


def _counted(written: str, phrase: str | None, rules: Language) -> str | None:
    """The number in the form of the noun of ``phrase``, inside ``phrase``."""
    if phrase is None:
        return None
    noun = phrase.partition("{0}")[2].strip()
    return counted(number(written, rules, noun.partition(" ")[0]), phrase, rules)


def measures(text: str, rules: Language) -> str:
    """Numbers before symbols of units, and percentages; "5 mln" of something else."""
    text = _measure(rules).sub(lambda match: _measured(match, rules), text)
    return _sized_alone(rules).sub(lambda match: _sized(_own_notation(match[1], rules), match[2], rules), text)


@lru_cache(maxsize=200)
def _sized_alone(rules: Language) -> re.Pattern[str]:
    """A number and a short form of "million" of two and more letters: "M" and "k" alone may be something else."""
    short = "|".join(map(re.escape, (each for each in rules.large if len(each) > 1))) or "(?!)"
    return re.compile(rf"(?<![\w,./])({_number(rules)}) ?({short})\b(?:\.(?= [^\W\dA-ZÀ-Þ]))?")


@lru_cache(maxsize=200)
def _measure(rules: Language) -> re.Pattern[str]:
    own = sorted(rules.units, key=len, reverse=True)
    unit = "|".join([*map(re.escape, own), symbols(rules)])
    magnitude = rf"(?: (?P<size>{_magnitudes(rules)})(?!\w))?"
    symbol = rf"(?P<unit>(?:{unit})(?:/(?:100 ?)?(?:{unit}))?)"
    return re.compile(rf"(?<![\w,./])(?P<amount>{_number(rules)}){magnitude}\s?{symbol}(?![\w²³/']|°)")


def _measured(match: re.Match[str], rules: Language) -> str:
    written, size = _own_notation(match["amount"], rules), match["size"]
    amount = Decimal(1_000_000) if size else Decimal(plain(written, rules))
    phrase = unit_pattern(re.sub("/100 ?", "/100 ", match["unit"]), amount, rules)
    if phrase is None:
        return match[0]
    if size:
        return counted(_sized(written, size, rules), phrase, rules)
    ends = match["unit"].endswith(".") and not match.string[match.end() :].strip("\"')")
    spoken = _counted(written, phrase, rules) or match[0]
    return f"{spoken}." if ends else spoken
