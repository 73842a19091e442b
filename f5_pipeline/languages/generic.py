"""The generic rules of languages other than English, in their order.

``language`` describes a language, ``table`` lists them; ``dates``, ``times``, ``money``, ``numbers`` and ``signs`` have
a kind of rule each. A language that is not in the table is read with what CLDR knows of it; without data digits stay.
"""

from __future__ import annotations

import re
import unicodedata

from f5_pipeline.languages.contacts import addresses, telephones
from f5_pipeline.languages.dates import dates
from f5_pipeline.languages.language import Language
from f5_pipeline.languages.money import measures, money
from f5_pipeline.languages.number_words import readable
from f5_pipeline.languages.numbers import fractions, has_roman, numbers, ordinals, romans
from f5_pipeline.languages.signs import abbreviations, commas, minus, points, ranges, signs
from f5_pipeline.languages.table import language_of
from f5_pipeline.languages.times import times

_DIGIT = re.compile(r"\d")
_FOREIGN_DIGIT = re.compile(r"[^\D0-9]")
_LETTER_SIGNS = str.maketrans(  # Mᵐᵉ, 1ᵉʳ, Ⅳ
    {sign: unicodedata.normalize("NFKC", sign) for sign in "ᵃᵇᶜᵈᵉᵍʰⁱᵏˡᵐⁿᵒᵖʳˢᵗᵘⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫⅬⅭⅮⅯ"}
)
_SUPERSCRIPT = re.compile(r"(?<=\d)[⁴-⁹]")
_TIMES = re.compile(r"(?<=\d)(?<!\b0) ?[x·] ?(?=\d)")
_IN_ORDER = (telephones, dates, ranges, times, minus, money, fractions, measures, ordinals, points, signs, numbers)


def generic(text: str, code: str) -> str:
    """The text with everything that is not written in letters in words; what cannot be read stays as it is."""
    rules = language_of(code)
    if not text.isascii():
        text = text.translate(_LETTER_SIGNS)
    text = addresses(abbreviations(text, rules), rules)
    if rules.rules is not None:
        text = rules.rules(text)
    if has_roman(text) and readable(rules.code):
        text = romans(text, rules)
    text = _in_words(text, rules)
    return rules.after(text) if rules.after else text


def _in_words(text: str, rules: Language) -> str:
    if _DIGIT.search(text) is None:
        return signs(text, rules)
    if not readable(rules.code):
        return text
    if not text.isascii():
        text = _SUPERSCRIPT.sub(lambda match: f"^{unicodedata.digit(match[0])}", text)
        text = _FOREIGN_DIGIT.sub(lambda match: str(int(match[0])), text)
    if "x" in text or "·" in text:
        text = _TIMES.sub(" × ", text)
    if rules.decimal_comma:
        text = commas(text)
    for read in _IN_ORDER:
        text = read(text, rules)
    return text
