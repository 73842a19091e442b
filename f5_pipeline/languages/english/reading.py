"""English: the entry point, and the order of the rules.

All repetitions in patterns are bounded, so that no input takes long.
"""

from __future__ import annotations

import re
import unicodedata

from f5_pipeline.languages.english.abbreviations import abbreviations_in_words
from f5_pipeline.languages.english.addresses import addresses_in_words
from f5_pipeline.languages.english.capitals import quiet_sentences
from f5_pipeline.languages.english.counting import apart
from f5_pipeline.languages.english.formulas import formulas_in_words
from f5_pipeline.languages.english.money import LEFT_OVER
from f5_pipeline.languages.english.numbers import numbers_in_words
from f5_pipeline.languages.english.phrases import LIKE_PHRASE, LIKE_SYMBOL, PHRASES, SYMBOLS
from f5_pipeline.languages.english.places import places_in_words
from f5_pipeline.languages.english.roman import roman_in_digits
from f5_pipeline.languages.english.rules import apply, compiled

_PHRASES, _SYMBOLS, _LEFT_OVER = compiled(PHRASES), compiled(SYMBOLS), compiled(LEFT_OVER)
_BETWEEN_VERSES = re.compile(r"([,;:.!?])? / (?=[A-Z\"'])")  # "Roses are red, / Violets are blue"
_SLASH = re.compile(r"(?:(?<=[A-Za-z])|(?<!\S))/(?=[A-Za-z])|(?<=\w) / (?=\w)|(?<=\w)/(?=\s)|(?<!\S)/(?!\S)")


_GREEK = re.compile(r"(?<![Α-Ωα-ω])[Α-Ωα-ω](?![Α-Ωα-ω])")


def _greek(match: re.Match[str]) -> str:
    """The name of a letter in a formula: "alpha"."""
    return apart(match, unicodedata.name(match[0]).rpartition(" ")[2].lower().replace("lamda", "lambda"))


def english(text: str, british: bool = False) -> str:
    """The English text with every number, abbreviation, address and symbol in words; sentence marks stay.

    ``british``: dates such as 3/4/2024 have the day first.
    """
    text = addresses_in_words(text)
    text = formulas_in_words(text)
    text = roman_in_digits(text)  # before initials lose their full stop: "John V. Smith"
    if LIKE_PHRASE.search(text):
        text = apply(text, _PHRASES)
    text = places_in_words(text)
    text = abbreviations_in_words(text)
    if LIKE_SYMBOL.search(text):
        text = apply(text, _SYMBOLS)
    text = numbers_in_words(text, day_first=british)
    if "/" in text:
        text = _SLASH.sub(" slash ", _BETWEEN_VERSES.sub(lambda match: f"{match[1] or ','} ", text))
    if not text.isascii():
        text = text.replace("²", " squared").replace("³", " cubed")
        text = _GREEK.sub(_greek, text)
    return quiet_sentences(apply(text, _LEFT_OVER))
