"""English: writes out abbreviations, addresses, symbols, initials and capitals.

The tables are in ``english_words``; ``english_numbers`` handles everything written in digits. All repetitions in the
patterns are bounded, so that no input takes long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from f5_pipeline.text.english_numbers import numbers_in_words
from f5_pipeline.text.english_words import (
    ACRONYMS,
    ADDRESS_SIGNS,
    BEFORE_NUMBER,
    LETTERED,
    NUMBERED,
    PHRASES,
    REGNAL,
    ROMAN_DIGITS,
    SAID_AS_WORDS,
    SENTENCE_STARTERS,
    STRESSED,
    SYMBOLS,
    TITLES,
    TOP_LEVEL,
    WORDS,
)


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_ENDS_SENTENCE = r"(?=\s*$|\s+[A-Z\"'(])"
_STARTS_SENTENCE = rf"(?:{_any(SENTENCE_STARTERS)})\b"
# Roman numerals from 2 to 99, except a single L ("Type L")
_NUMERALS = r"(?!I\b|L\b)(?=[IVXL])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[IVXL])"
_END_OF_URL = r"(?=[.,;:!?)\]'\"]{0,9}(?:\s|$))"

_ADDRESS = re.compile(
    rf"""\b(?:[A-Za-z0-9._%+-]{{1,64}}@[A-Za-z0-9-]{{1,63}}(?:\.[A-Za-z0-9-]{{1,63}}){{1,8}}
    |https?://[^\s<>"]{{1,500}}?{_END_OF_URL}
    |www\.[^\s<>"]{{1,500}}?{_END_OF_URL}
    |(?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}(?:{TOP_LEVEL})\b(?!\.?[A-Za-z])(?:/[^\s<>",;)]{{0,500}}[A-Za-z0-9/])?)""",
    re.VERBOSE,
)
_PHRASES = [(mark, re.compile(pattern), spoken) for mark, pattern, spoken in PHRASES]
_SYMBOLS = [(re.compile(pattern), spoken) for pattern, spoken in SYMBOLS]
_TITLE = re.compile(rf"\b({_any(TITLES)})\.(?=\s)")
_WORD_AT_END = re.compile(rf"\b({_any(WORDS)})\.(?!(?<=[JS]r\.) (?!{_STARTS_SENTENCE})[A-Z]){_ENDS_SENTENCE}")
_WORD = re.compile(rf"\b({_any(WORDS)})\.(?!\w)")
_NUMBERED_BY = re.compile(rf"\b({_any(BEFORE_NUMBER)})\.\s?(?=\d)")
_SAINT = re.compile(rf"\bSt\. ?(?=(?!{_STARTS_SENTENCE})[A-Z][a-z])")
_STREET_AT_END = re.compile(rf"\bSt\.{_ENDS_SENTENCE}")
_STREET = re.compile(r"\bSt\.")
_HALVES_OF_DAY = re.compile(r"\b([ap]\.)\s(?=m\.)")  # "p. m."
_INITIALS = re.compile(r"\b(?:[A-Za-z]\.){2,}(?:[A-Za-z]\b)?")
_INITIAL = re.compile(rf"(?<!\.)(\b[A-Za-z]+ )?\b((?!I\b)[A-Z])\. (?=(?!{_STARTS_SENTENCE})[A-Z][a-z.])")
_INITIALS_END = re.compile(rf"\s*$|\s+{_STARTS_SENTENCE}")
_NUMBERED = _any([*NUMBERED, *(word.upper() for word in NUMBERED)])
_NUMBERED_PART = re.compile(rf"\b({_NUMBERED}) ({_NUMERALS}|(?<!\b[Tt]his (?:Part|Book) )I)\b(?!\.[A-Z])")
_MONARCH = re.compile(rf"\b({REGNAL}) ({_NUMERALS})\b(?!(?<= [VX])\.? (?!{_STARTS_SENTENCE})[A-Z])")
_FIRST = re.compile(rf"\b((?:King|Queen|Pope|Emperor|Tsar|Duke) (?:{REGNAL})) I\b(?!')")
_SLASH = re.compile(r"(?:(?<=[A-Za-z])|(?<!\S))/(?=[A-Za-z])")
_SENTENCES = re.compile(r"(?<=[.!?]\s)")
_LETTERS = re.compile(r"[A-Za-z]{2,}")
_SHOUTED = re.compile(r"\b[A-Z][A-Z']+\b")
_LOUD = re.compile(r"\b[A-Z]+(?:'[A-Z]+)?(?!\w)")
_CONTRACTED = frozenset(["T", "S", "M", "D", "RE", "LL", "VE"])  # "DON'T", "I'M"
_DRAWN_OUT = re.compile(r"(?=.{4})([AEIOU])\1\1")  # "NOOO"
_VOWELS = frozenset("AEIOUY")
_SURELY_A_WORD = 6  # letters

# Quick checks that let most texts skip most rules.
_LIKE_ADDRESS = re.compile(r"@|://|[A-Za-z0-9]\.[A-Za-z]")
_ABBREVIATED = frozenset([*TITLES, *WORDS, *BEFORE_NUMBER, "St"])
_BEFORE_POINT = re.compile(r"\w+(?=\.)")
_LIKE_INITIAL = re.compile(r"\b[A-Za-z]\.")
_LIKE_ROMAN = re.compile(r" [IVXL]+\b")
_LIKE_SYMBOL = re.compile(r"[&#№+=<>≈~±÷§¶@*`_^≤≥≠√π∞→™®\\]")
_CAPITALS = re.compile(r"[A-Z]'?[A-Z]")


def english(text: str, british: bool = False) -> str:
    """The English text with every number, abbreviation, address and symbol in words; sentence marks stay.

    ``british``: dates such as 3/4/2024 have the day first.
    """
    if _LIKE_ADDRESS.search(text):
        text = _ADDRESS.sub(_address, text)
    if _LIKE_ROMAN.search(text):
        text = _roman(text)  # before initials lose their full stop: "John V. Smith"
    for mark, pattern, spoken in _PHRASES:
        if mark in text:
            text = pattern.sub(spoken, text)
    if "." in text:
        text = _abbreviations(text)
        if _LIKE_INITIAL.search(text):
            text = _INITIALS.sub(_initials, _HALVES_OF_DAY.sub(r"\1", _INITIAL.sub(_initial, text)))
    if _LIKE_SYMBOL.search(text):
        for pattern, spoken in _SYMBOLS:
            text = pattern.sub(spoken, text)
    text = numbers_in_words(text, day_first=british)
    text = _SLASH.sub(" slash ", text) if "/" in text else text
    text = text.replace("²", " squared").replace("³", " cubed")
    return "".join(map(quiet_capitals, _SENTENCES.split(text))) if _CAPITALS.search(text) else text


def _address(match: re.Match[str]) -> str:
    bare = re.sub(r"^https?://|(?<![\w.])www\.", "", re.sub(r"^https?://www\.", "", match[0])).rstrip("/")
    return "".join(f" {ADDRESS_SIGNS[c]} " if c in ADDRESS_SIGNS else c for c in bare).strip()


def _abbreviations(text: str) -> str:
    if _ABBREVIATED.isdisjoint(_BEFORE_POINT.findall(text)):
        return text
    text = _STREET.sub("Street", _STREET_AT_END.sub("Street.", _SAINT.sub("Saint ", text)))
    text = _TITLE.sub(lambda m: TITLES[m[1]], text)
    text = _NUMBERED_BY.sub(lambda m: BEFORE_NUMBER[m[1]] + " ", text)
    text = _WORD_AT_END.sub(lambda m: WORDS[m[1]] + ".", text)
    return _WORD.sub(lambda m: WORDS[m[1]], text)


def _initial(match: re.Match[str]) -> str:
    """Drop the full stop in "J. Smith"; keep it in "plan B. Everyone"."""
    lettered = (match[1] or "").strip().lower() in LETTERED
    return match[0] if lettered else f"{match[1] or ''}{match[2]} "


def _initials(match: re.Match[str]) -> str:
    """ "U.S." becomes "US"; the last full stop stays if it also ends the sentence."""
    letters = match[0].replace(".", "").upper()
    ends = _INITIALS_END.match(match.string, match.end())
    return letters + ("." if match[0].endswith(".") and ends else "")


def _roman(text: str) -> str:
    text = _NUMBERED_PART.sub(lambda m: f"{m[1]} {_roman_value(m[2])}", text)
    text = _FIRST.sub(r"\1 the 1st", text)
    return _MONARCH.sub(lambda m: f"{m[1]} the {_ordinal_in_digits(_roman_value(m[2]))}", text)


def _roman_value(numeral: str) -> int:
    values = [ROMAN_DIGITS[digit] for digit in numeral]
    return sum(
        -value if value < following else value for value, following in zip(values, [*values[1:], 0], strict=True)
    )


def _ordinal_in_digits(number: int) -> str:
    """ "2nd"."""
    return f"{number}{'th' if 10 < number < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def quiet_capitals(text: str) -> str:
    """Lower-case stressed words and whole shouted sentences, because F5 spells capitals out; acronyms stay."""
    words = [word for word in _LETTERS.findall(text) if word not in ACRONYMS]
    loud = [word for word in words if word.isupper()]
    if len(loud) * 2 > len(words):
        stressed = sum(word in STRESSED for word in loud)
        if stressed * 2 >= len(loud) or (len(words) > 1 and max(map(len, loud)) > 3):
            return _SHOUTED.sub(lambda match: match[0] if _is_acronym(match[0]) else _lowered(match[0]), text)
    return _LOUD.sub(lambda match: _lowered(match[0]) if _is_stressed(match) else match[0], text)


def _is_acronym(word: str) -> bool:
    """True for listed acronyms and for words without a vowel ("VPN")."""
    bare = word.partition("'")[0]
    return bare in ACRONYMS or (bare not in STRESSED and len(bare) > 1 and _VOWELS.isdisjoint(bare))


def _is_stressed(match: re.Match[str]) -> bool:
    """True if a word in capitals is a stressed word rather than an acronym."""
    word, _, ending = match[0].partition("'")
    if word in ACRONYMS:
        return False
    return (
        len(word) >= _SURELY_A_WORD
        or word in STRESSED
        or bool(ending and ending in _CONTRACTED)
        or (len(word) > 1 and match.string.startswith("!", match.end()))
        or (word == "AM" and match.string.endswith("I ", 0, match.start()))
        or bool(_DRAWN_OUT.search(word))
    )


def _lowered(word: str) -> str:
    lower = word.lower()
    return "I" + lower[1:] if lower.startswith("i'") else lower


def spell_acronyms(text: str) -> str:
    """ "USA" becomes "u s a", for a model without capitals; acronyms spoken as words stay."""
    return re.sub(
        r"\b([A-Z]{2,5})(s?)\b",
        lambda match: match[0] if match[1] in SAID_AS_WORDS else " ".join(match[1].lower()) + match[2],
        text,
    )
