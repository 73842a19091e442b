"""Letter-to-sound rules for English words outside the dictionary: good enough to find a word, not to judge it."""

from __future__ import annotations

import unicodedata

#: Letters → phones of the CMU Pronouncing Dictionary; the longest match wins.
_PHONES = {
    "tion": "SH AH N", "sion": "ZH AH N", "ough": "AO", "augh": "AO", "eigh": "EY", "igh": "AY", "tch": "CH",
    "sch": "SH", "dge": "JH", "ch": "CH", "sh": "SH", "th": "TH", "ph": "F", "gh": "G", "wh": "W", "ck": "K",
    "ng": "NG", "qu": "K W", "kn": "N", "wr": "R", "ee": "IY", "ea": "IY", "oo": "UW", "ou": "AW", "ow": "OW",
    "oi": "OY", "oy": "OY", "ai": "EY", "ay": "EY", "au": "AO", "aw": "AO", "ei": "EY", "ey": "IY",
    "ie": "IY", "oa": "OW", "ue": "UW", "er": "ER", "ir": "ER", "ur": "ER", "ar": "AA R", "or": "AO R",
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH", "k": "K",
    "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH", "v": "V",
    "w": "W", "x": "K S", "y": "IY", "z": "Z",
    "0": "Z IH R OW", "1": "W AH N", "2": "T UW", "3": "TH R IY", "4": "F AO R", "5": "F AY V", "6": "S IH K S",
    "7": "S EH V AH N", "8": "EY T", "9": "N AY N",
}  # fmt: skip
_SOFT = {"ce": "S EH", "ci": "S IH", "cy": "S IY", "ge": "JH EH", "gi": "JH IH", "gy": "JH IY"}
_ALL = _PHONES | _SOFT
_LONGEST = max(map(len, _ALL))
_UNKNOWN = "AH"  # for a word in another script


def phones_of(word: str) -> str:
    """The phones of a word, separated by spaces; at least one."""
    letters = _letters(word)
    if letters.endswith("e") and sum(letter in "aeiouy" for letter in letters) > 1:
        letters = letters[:-1]
    phones: list[str] = []
    at = 0
    while at < len(letters):
        size = next(size for size in range(min(_LONGEST, len(letters) - at), 0, -1) if letters[at : at + size] in _ALL)
        phones.append(_ALL[letters[at : at + size]])
        at += size + (letters[at : at + 1] == letters[at + 1 : at + 2])  # a double letter is one phone
    return " ".join(phones) or _UNKNOWN


def _letters(word: str) -> str:
    """The letters without accents, and the digits."""
    decomposed = unicodedata.normalize("NFKD", word.lower())
    return "".join(letter for letter in decomposed if letter in _PHONES)
