"""Fits a text to a model's vocabulary: substitutes for missing characters, and the characters that remain unsayable.

F5 silently reads a character outside its vocabulary as a space; here it is found before anything is spoken.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# Tried in order, and only for a character that the vocabulary lacks. "" drops the character.
_SUBSTITUTES: dict[str, tuple[str, ...]] = {
    ";": (",",), ":": (",",), "(": (", ",), ")": (", ",), "[": (", ",), "]": (", ",), "{": (", ",), "}": (", ",),
    "|": (", ",), "–": ("-", ","), "—": ("-", ","), "-": (" ",), "/": (" ",), "\\": (" ",), "_": (" ",),
    "~": (" ",), "!": (".",), "?": (".",), ".": (",",), ",": (" ",), '"': ("",), "'": ("",), "*": ("",), "`": ("",),
    "…": ("...", "."), "·": (" ",), "•": ("-", " "), "^": (" ",), "<": (" ",), ">": (" ",), "¿": ("",), "¡": ("",),
    "。": (".",), "，": (",",), "、": (",",), "！": ("!",), "？": ("?",), "；": (";",), "：": (":",), "（": ("(",),
    "）": (")",), "「": ('"',), "」": ('"',), "『": ('"',), "』": ('"',), "《": ('"',), "》": ('"',), "〈": ('"',),
    "〉": ('"',), "・": (" ",), "।": (".",), "،": (",",), "؛": (";",), "؟": ("?",), "«": ('"',), "»": ('"',),
    "ß": ("ss",), "æ": ("ae",), "œ": ("oe",), "ø": ("o",), "đ": ("d",), "ł": ("l",), "þ": ("th",), "ð": ("th",),
    "ı": ("i",), "ŋ": ("ng",), "ħ": ("h",), "ə": ("e",), "ё": ("е",), "ъ": ("",),
    "®": ("",), "©": ("",), "™": ("",),
    "\u200c": ("",), "\u200d": ("",), "\n": (" ",),
}  # fmt: skip


def fit(text: str, vocabulary: frozenset[str], tokenizer: str) -> str:
    """Replace the characters that the vocabulary lacks by substitutes; characters without one stay unchanged.

    A capital becomes a small letter, an accented letter its base letter, a full-width character a plain one, a bracket
    a comma. Paragraph breaks (blank lines) are kept for the chunker.

    Args:
        text: normalised.
        vocabulary: the model's tokens.
        tokenizer: "pinyin" or "characters".
    """
    table = _table(vocabulary, tokenizer)
    if not table.sayable("-"):
        text = text.replace(" - ", ", ")
    return "\n\n".join(_clean_punctuation(part.translate(table)) for part in text.split("\n\n"))


def unsayable(text: str, vocabulary: frozenset[str], tokenizer: str) -> list[str]:
    """The characters of a fitted text that the model cannot say, each once, in order of appearance."""
    table = _table(vocabulary, tokenizer)
    unknown = set(text) - table.known
    if not unknown:
        return []
    missing = [c for c in dict.fromkeys(text) if c in unknown and not c.isspace() and not table.sayable(c)]
    table.known |= unknown.difference(missing)
    return missing


def _clean_punctuation(text: str) -> str:
    """One space between words, no space before a mark, no doubled comma, no comma at the start."""
    words = " ".join(text.split())
    for mark in ",.!?":
        words = words.replace(f" {mark}", mark)
    while ",," in words or ", ," in words:
        words = words.replace(", ,", ",").replace(",,", ",")
    for mark in ".!?":
        words = words.replace(f",{mark}", mark).replace(f"{mark},", mark)
    return words.lstrip(", ") if words.startswith(",") else words


class _Table(dict[int, str]):
    """A ``str.translate`` table that is filled as characters are looked up."""

    def __init__(self, vocabulary: frozenset[str], tokenizer: str) -> None:
        super().__init__()
        self.vocabulary, self.tokenizer = vocabulary, tokenizer
        self.known: set[str] = set()  # cache: characters that can be said or are white space

    def sayable(self, character: str) -> bool:
        if character in self.vocabulary:
            return character != "\ufffd"  # in some vocabularies, but it marks text that was lost in decoding
        return self.tokenizer == "pinyin" and _pinyin_of(character) in self.vocabulary

    def __missing__(self, code: int) -> str:
        character = chr(code)
        found = character if self.sayable(character) else self._substitute(character)
        self[code] = character if found is None else found
        return self[code]

    def _substitute(self, character: str, depth: int = 0) -> str | None:
        """The first candidate whose characters can all be said, directly or by their own substitutes; else None."""
        for candidate in _candidates(character):
            parts = (
                [c if c == " " or self.sayable(c) else self._substitute(c, depth + 1) for c in candidate]
                if depth < 4
                else [None]
            )
            if None not in parts:
                return "".join(part for part in parts if part is not None)
        return None


@lru_cache(maxsize=16)
def _table(vocabulary: frozenset[str], tokenizer: str) -> _Table:
    return _Table(vocabulary, tokenizer)


def _candidates(character: str) -> list[str]:
    """Possible substitutes in order of preference: lower case, the listed ones, the base letter."""
    plain = unicodedata.normalize("NFKD", character)
    base = "".join(c for c in plain if not unicodedata.combining(c))
    options = [character.lower(), *_SUBSTITUTES.get(character, ()), base, base.lower()]
    if character.isspace():
        options.append(" ")
    kept = [option for option in options if option != character]
    return kept if base or not plain else [*_SUBSTITUTES.get(character, ())]


@lru_cache(maxsize=8192)
def _pinyin_of(character: str) -> str:
    """The pinyin syllable of a Chinese character as F5 writes it ("hao3"); "" for other characters."""
    if not "\u3400" <= character <= "\u9fff":
        return ""
    from pypinyin import Style, lazy_pinyin

    return lazy_pinyin(character, style=Style.TONE3)[0]
