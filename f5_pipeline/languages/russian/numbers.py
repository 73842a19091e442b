"""Russian numbers in words: cardinals and ordinals in all genders and cases, decimals, fractions, nouns after them."""

from __future__ import annotations

import re

from f5_pipeline.languages.language import words
from f5_pipeline.languages.russian.agreement import ends_in, gender_of
from f5_pipeline.languages.russian.cardinal_words import LONGEST, cardinal
from f5_pipeline.languages.russian.ordinal_words import ordinal

NUMBER = (
    r"\d(?:\d{0,2}(?:[ .]\d{3}){1,4}(?![\d.]|,\d{3}(?!\d))|\d{0,2}(?:,\d{3}){2,4}(?!\d)|\d{0,59})"
    r"(?:[,.]\d{1,9}(?!\d|[.,]\d))?"
)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3}){1,4}(?=,|$)|\d{1,3}(?:,\d{3}){2,4}(?=\.|$)")
_PLACES = words("цел десят сот тысячн десятитысячн стотысячн миллионн десятимиллионн стомиллионн миллиардн")


def plain(written: str) -> tuple[str, str]:
    """The digits of the whole number and of the decimals; "1.500" and "1,500,000" have separators of thousands."""
    written = written.replace(" ", "")
    if grouped := _THOUSANDS.match(written):
        whole = re.sub("[.,]", "", grouped[0])
        return whole, written[grouped.end() + 1 :]
    whole, mark, decimals = written.replace(",", ".").rpartition(".")
    return (whole.replace(".", ""), decimals) if mark else (written, "")


def digits(text: str) -> str:
    """Digit by digit; all else is left out."""
    return " ".join(cardinal(int(digit)) for digit in text if digit.isdecimal())


def number(written: str, form: str = "masculine") -> str:
    """A number as it is written, in words."""
    whole, decimals = plain(written)
    if len(whole) > LONGEST or (len(whole) > 1 and whole[0] == "0"):
        spoken = digits(whole)
        return f"{spoken} запятая {digits(decimals)}" if decimals else spoken
    if decimals:
        return _decimal(int(whole), decimals, form.partition("-")[2])
    return cardinal(int(whole), form)


def _decimal(whole: int, decimals: str, case: str) -> str:
    """ "2,5": две целых пять десятых."""
    form = f"feminine-{case}" if case in ("genitive", "dative", "ablative", "locative") else "feminine"
    part = int(decimals)
    return (
        f"{cardinal(whole, form)} {_feminine_ending(whole, _PLACES[0], case)} "
        f"{cardinal(part, form)} {_feminine_ending(part, _PLACES[len(decimals)], case)}"
    )


def _feminine_ending(value: int, stem: str, case: str) -> str:
    if ends_in(value, 1):
        return stem + ("ая" if not case else "ой")
    return stem + {"dative": "ым", "ablative": "ыми"}.get(case, "ых")


def fraction(numerator: int, denominator: int) -> str:
    """ "2/3": две третьих."""
    form = "feminine" if ends_in(numerator, 1) else "plural-genitive"
    return f"{cardinal(numerator, 'feminine')} {ordinal(denominator, form)}"


def counted(written: str, noun: str, before: str = "", case: str = "") -> str:
    """A number with its noun: "две копейки"; after за, через, в, на a feminine one is in the accusative."""
    one, few, many, part = _forms(noun)
    whole, decimals = plain(written)
    value = int(whole[-9:] or "0")
    gender = "masculine" if one == few else gender_of(one.partition(" ")[0])
    if decimals:
        return f"{number(written, f'{gender}-{case}')} {part}"
    if ends_in(value, 1) and gender == "feminine" and before in ("за", "через", "в", "на"):
        return f"{number(written, 'feminine-accusative')} {one[:-1]}{'у' if one.endswith('а') else 'ю'}"
    if case:
        return f"{number(written, f'{gender}-{case}')} {part if ends_in(value, 1) else many}"
    counted_as = one if ends_in(value, 1) else few if any(ends_in(value, last) for last in (2, 3, 4)) else many
    return f"{number(written, gender)} {counted_as}"


def _forms(noun: str) -> tuple[str, str, str, str]:
    """The forms after 1, after 2 to 4, after 5, and after decimals."""
    forms = [form.replace("_", " ") for form in noun.split(" ")]
    if len(forms) == 1:
        return (forms[0],) * 4
    return forms[0], forms[1], forms[2], forms[-1] if len(forms) == 4 else forms[1]
