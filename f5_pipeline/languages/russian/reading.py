"""``russian``: a Russian text with everything written in digits and signs in words."""

from __future__ import annotations

import re
import unicodedata

from f5_pipeline.languages.addresses import read_addresses
from f5_pipeline.languages.characters import plain_signs
from f5_pipeline.languages.rules import Rule, any_of, apply_rules
from f5_pipeline.languages.russian.codes import CODES
from f5_pipeline.languages.russian.dates import DATES, TIMES
from f5_pipeline.languages.russian.numbers import digits, number
from f5_pipeline.languages.russian.ordinals import ORDINALS
from f5_pipeline.languages.russian.quantities import QUANTITIES
from f5_pipeline.languages.russian.romans import ROMANS
from f5_pipeline.languages.russian.words import ABBREVIATIONS, ADDRESS_MARKS, BEFORE_NUMBER

_HAS_DIGIT = re.compile(r"\d")
_HAS_ROMAN = re.compile(r"[IVXL]")
_ROMAN_CHARACTERS = re.compile(r"[Ⅰ-ⅿ]")
_ABBREVIATION = re.compile(rf"(?<![\w.-])(?:{any_of(ABBREVIATIONS)})(?![а-яё])", re.IGNORECASE)
_BEFORE_NUMBER = re.compile(rf"(?<![\w.])(?<!\d )({any_of(BEFORE_NUMBER)}) ?(?=\d)", re.IGNORECASE)
_SEE = re.compile(r"(?<![\w.])(?<!\d )см\.(?= )")  # not centimetres
_AVENUE = re.compile(r"(?<![\w.])пр\. ?(?=[А-ЯЁ])")
_IN_STREET = {"улица": "улице", "площадь": "площади", "проспект": "проспекте", "бульвар": "бульваре"}  # after "на"
_ON = re.compile(r"\b[Нн]а $")
_CLOSING = ("и так далее", "и тому подобное")  # may end a sentence
_CITY = re.compile(r"(?<![\w.])(?<!\d )(?P<in>[Вв] )?г\. ?(?=[А-ЯЁ])")
_ALONE_WORDS = {
    "км²": "квадратный километр",
    "м²": "квадратный метр",
    "см²": "квадратный сантиметр",
    "%": "процент",
    "°": "градус",
}
_ALONE = re.compile(rf"(?<!\w)(?:{any_of(_ALONE_WORDS)})(?!\w)")  # without a number
_RULES: tuple[Rule, ...] = (
    *DATES,
    *CODES,
    *ORDINALS,
    *TIMES,
    Rule(
        re.compile(r"((?:рисунок|таблица|пункт|раздел|глава|параграф) )(\d{1,4})\.(\d{1,4})(?![\d.])", re.IGNORECASE),
        lambda m: f"{m[1]}{number(m[2])} точка {number(m[3])}",
        ".",
    ),
    Rule(re.compile(r"\d{1,9}(?:\.\d{1,9}){2,9}"), lambda m: " " + " точка ".join(map(number, m[0].split("."))), "."),
    *QUANTITIES,
)


def russian(text: str) -> str:
    """The Russian text with numbers, dates, money, measures, codes, addresses and abbreviations in words."""
    text = _ROMAN_CHARACTERS.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = read_addresses(plain_signs(text), ADDRESS_MARKS, digits, gap=" ")
    has_digit = _HAS_DIGIT.search(text) is not None
    if "." in text or "/" in text or "-" in text:
        text = _CITY.sub(lambda match: f"{match['in']}городе " if match["in"] else "город ", text)
        text = _AVENUE.sub("проспект ", _SEE.sub("смотри", text))
        text = _ABBREVIATION.sub(_in_full, text)
    if has_digit:
        text = _BEFORE_NUMBER.sub(lambda match: _cased(match[1], BEFORE_NUMBER[match[1].lower()]) + " ", text)
    if _HAS_ROMAN.search(text):
        text = apply_rules(text, ROMANS)
    if has_digit:
        text = apply_rules(text, _RULES)
    return _ALONE.sub(lambda match: _ALONE_WORDS[match[0]], text) if any(sign in text for sign in "²%°") else text


def _in_full(match: re.Match[str]) -> str:
    """An abbreviation in words; its period stays at the end of the text."""
    written = match[0]
    full = ABBREVIATIONS.get(written) or ABBREVIATIONS[written.lower()]
    if full in _IN_STREET and _ON.search(match.string, 0, match.start()):
        full = _IN_STREET[full]
    rest = match.string[match.end() :]
    ends = not rest or (full in _CLOSING and re.match(r" [А-ЯЁ]", rest))
    return _cased(written, full) + ("." if written.endswith(".") and ends else "")


def _cased(written: str, words: str) -> str:
    return words[0].upper() + words[1:] if written[0].isupper() else words
