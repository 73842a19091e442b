"""English: words in capitals, which F5 spells out: stressed words in small letters, acronyms as they are."""

from __future__ import annotations

import re

from f5_pipeline.languages.english.counting import ordinal
from f5_pipeline.languages.english.counting import words as number_words
from f5_pipeline.languages.english.dates import MONTHS
from f5_pipeline.languages.english.names import GIVEN
from f5_pipeline.languages.english.words import ACRONYMS, SAID_AS_WORDS, STRESSED

_SENTENCES = re.compile(r"(?<=[.!?:]\s)")
_LETTERS = re.compile(r"[A-Za-z]{2,}")
_SHOUTED = re.compile(r"\b[A-Z][A-Z']+\b")
_LOUD = re.compile(r"\b[A-Z]+(?:'[A-Z]+)?(?!\w)")
_CONTRACTED = frozenset(["T", "S", "M", "D", "RE", "LL", "VE"])  # "DON'T", "I'M"
_DRAWN_OUT = re.compile(r"(?=.{4})([AEIOU])\1\1")  # "NOOO"
_VOWELS = frozenset("AEIOUY")
_SURELY_A_WORD = 6  # letters
_SURELY_A_NAME = 4
# Words of numbers and dates, which were digits: a sentence with these may be shouted.
_NUMBERS = frozenset(
    [part for n in range(100) for part in _LETTERS.findall(f"{number_words(n)} {ordinal(n)}")]
    + [*MONTHS, "hundred", "thousand", "million", "billion", "point", "percent", "dollars", "pounds", "euros"]
)
_NATION = re.compile(r"^US\b|(?<=\bTHE )US\b|\bUS(?=-)")  # in a headline, no pronoun
_CAPITALS = re.compile(r"[A-Z]'?[A-Z]")


def quiet_sentences(text: str) -> str:
    """``quiet_capitals`` of each sentence."""
    return "".join(map(quiet_capitals, _SENTENCES.split(text))) if _CAPITALS.search(text) else text


def quiet_capitals(text: str) -> str:
    """Lower-case stressed words and whole shouted sentences, because F5 spells capitals out; acronyms stay."""
    words = [word for word in _LETTERS.findall(text) if word not in ACRONYMS]
    loud = [word for word in words if word.isupper()]
    stressed = sum(word in STRESSED for word in loud)
    most = len(loud) * 2 > len(words) or (stressed and all(word.isupper() or word in _NUMBERS for word in words))
    if most and (stressed * 2 >= len(loud) or (len(words) > 1 and max(map(len, loud)) > 3)):
        text = _NATION.sub("U S", text)
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
        or (len(word) >= _SURELY_A_NAME and word.capitalize() in GIVEN)
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
