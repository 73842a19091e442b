"""English: abbreviations, addresses, symbols, initials and capitals as they are said.

The tables are in ``english_words``, everything written with digits is in ``english_numbers``. The patterns bound how
far they look, so that no text, however odd, takes long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from f5_pipeline.speech.text.english_numbers import numbers_in_words
from f5_pipeline.speech.text.english_words import (
    ACRONYMS,
    ADDRESS_SIGNS,
    BEFORE_NUMBER,
    LETTERED,
    NUMBERED,
    PHRASES,
    REGNAL,
    ROMAN,
    SAID_AS_WORDS,
    SENTENCE_STARTERS,
    SYMBOLS,
    TITLES,
    TOP_LEVEL,
    WORDS,
)


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_ENDS_SENTENCE = r"(?=\s*$|\s+[A-Z\"'(])"
_STARTS_SENTENCE = rf"(?:{_any(SENTENCE_STARTERS)})\b"
_NUMERALS = _any(ROMAN)
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
_NUMBERED_PART = re.compile(rf"\b({NUMBERED}) ({_NUMERALS}|I)\b(?!\.[A-Z])")
_MONARCH = re.compile(rf"\b({REGNAL}) ({_NUMERALS})\b(?!(?<= [VX])\.? (?!{_STARTS_SENTENCE})[A-Z])")
_FIRST = re.compile(rf"\b((?:King|Queen|Pope|Emperor|Tsar|Duke) (?:{REGNAL})) I\b(?!')")
_SLASH = re.compile(r"(?:(?<=[A-Za-z])|(?<!\S))/(?=[A-Za-z])")
_SENTENCES = re.compile(r"(?<=[.!?]\s)")

# Cheap looks before the rules: most texts need few of them.
_LIKE_ADDRESS = re.compile(r"@|://|[A-Za-z0-9]\.[A-Za-z]")
_ABBREVIATED = frozenset([*TITLES, *WORDS, *BEFORE_NUMBER, "St"])
_BEFORE_POINT = re.compile(r"\w+(?=\.)")
_LIKE_INITIAL = re.compile(r"\b[A-Za-z]\.")
_LIKE_ROMAN = re.compile(r" [IVX]+\b")
_LIKE_SYMBOL = re.compile(r"[&#№+=<>≈~±÷§¶@*`_^≤≥≠√π∞→™®\\]")
_CAPITALS = re.compile(r"[A-Z]{2}")


def english(text: str, british: bool = False) -> str:
    """An English text with every number, abbreviation, address and symbol in words. Pure; sentence marks stay."""
    if _LIKE_ADDRESS.search(text):
        text = _ADDRESS.sub(_address, text)
    if _LIKE_ROMAN.search(text):
        text = _roman(text)  # before an initial loses its point: "John V. Smith"
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
    """The point goes in "J. Smith", and stays in "plan B. Everyone"."""
    named = (match[1] or "").strip().lower() in LETTERED
    return match[0] if named else f"{match[1] or ''}{match[2]} "


def _initials(match: re.Match[str]) -> str:
    """ "U.S." is "US"; the point stays where the sentence ends too."""
    letters = match[0].replace(".", "").upper()
    ends = _INITIALS_END.match(match.string, match.end())
    return letters + ("." if match[0].endswith(".") and ends else "")


def _roman(text: str) -> str:
    text = _NUMBERED_PART.sub(lambda m: f"{m[1]} {ROMAN.get(m[2], 1)}", text)
    text = _FIRST.sub(r"\1 the 1st", text)
    return _MONARCH.sub(lambda m: f"{m[1]} the {_th(ROMAN[m[2]])}", text)


def _th(number: int) -> str:
    return f"{number}{'th' if 10 < number < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def quiet_capitals(text: str) -> str:
    """Lower the words of a shouted text; F5 spells capitals out. Acronyms stay as they are."""
    words = [word for word in re.findall(r"[A-Za-z]{2,}", text) if word not in ACRONYMS]
    shouted = [word for word in words if word.isupper()]
    if len(shouted) * 2 > len(words) > 1 and max(map(len, shouted)) > 3:
        return re.sub(r"\b[A-Z][A-Z']+\b", lambda match: match[0] if match[0] in ACRONYMS else match[0].lower(), text)
    return re.sub(
        rf"\b(?!(?:{_any(ACRONYMS)})\b)(?:[A-Z]{{6,}}|[A-Z]{{2,}}(?=!))(?!\w)", lambda match: match[0].lower(), text
    )


def spell_acronyms(text: str) -> str:
    """ "USA" as "u s a", for a model without capitals; acronyms that are said as words stay whole."""
    return re.sub(
        r"\b([A-Z]{2,5})(s?)\b",
        lambda match: match[0] if match[1] in SAID_AS_WORDS else " ".join(match[1].lower()) + match[2],
        text,
    )
