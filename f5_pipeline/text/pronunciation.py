"""Words that are to be said otherwise than they are written: found in a text, in one pass, the longest first.

What is put in their place is set aside while the rest of the text is normalised, so that no rule touches it, and no
entry is looked for in it. Files of such words are read in ``manifests.dictionary``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

# Scripts without spaces between words, where a word may begin and end at any character.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_TOKEN = re.compile(f"[{_UNSPACED}]|(?:(?![{_UNSPACED}])\\w)+|[^\\w\\s]")
_CONTRACTION = re.compile(r"'(?!s\b)[^\W\d_]")  # "can" is no word of "can't", but "SQL" is one of "SQL's"
# What stands for a word that was set aside: letters of a script that no language of ours has, so that they are a word
# to every rule and changed by none. There are more of them than different words in the longest text.
_STANDINS = (range(0x17000, 0x187F8), range(0x20000, 0x2A6E0))


@dataclass(frozen=True)
class Entry:
    """One word, or several, and how it is said. In small letters it stands for any case, with capitals for itself."""

    word: str  # as ``tidy`` leaves it
    say: str  # given to the model as it is
    language: str = ""  # in small letters; "en" is for en-gb too; "": for any

    @property
    def any_case(self) -> bool:
        return self.word == self.word.lower()


@dataclass(frozen=True)
class _Layer:
    """The entries of one dictionary and one language, those of small letters and the others."""

    any_case: dict[str, str]
    exact: dict[str, str]

    def get(self, word: str, folded: str) -> str | None:
        return self.exact.get(word) or self.any_case.get(folded)


class Pronunciations:
    """Dictionaries, of which an earlier one beats a later one; in each, an entry for a language beats one for any."""

    def __init__(self, *dictionaries: Sequence[Entry]) -> None:
        self._dictionaries = tuple(dictionary for dictionary in dictionaries if dictionary)
        self._lexicon = lru_cache(maxsize=None)(self._make)

    def __len__(self) -> int:
        return sum(map(len, self._dictionaries))

    def of(self, language: str) -> Lexicon:
        """What holds for texts of one language."""
        return self._lexicon(language.lower().replace("_", "-"))

    def _make(self, language: str) -> Lexicon:
        parts = language.split("-")
        names = [*("-".join(parts[:count]) for count in range(len(parts), 0, -1)), ""]  # "en-gb", "en", ""
        layers = ([entry for entry in each if entry.language == name] for each in self._dictionaries for name in names)
        return Lexicon([layer for layer in layers if layer])


class Lexicon:
    """What holds for one language."""

    def __init__(self, layers: Iterable[Sequence[Entry]]) -> None:
        self._layers: list[_Layer] = []
        lengths: dict[str, set[int]] = {}  # of the entries that begin with a token
        for entries in layers:
            any_case = {fold(entry.word): entry.say for entry in entries if entry.any_case}
            exact = {entry.word: entry.say for entry in entries if not entry.any_case}
            self._layers.append(_Layer(any_case, exact))
            for entry in entries:
                lengths.setdefault(_first_token(fold(entry.word)), set()).add(len(entry.word))
        self._lengths = {token: sorted(found, reverse=True) for token, found in lengths.items()}

    def set_aside(self, text: str) -> tuple[str, dict[int, str]]:
        """The text with a stand-in for each word that an entry has, and what to put back (for ``put_back``)."""
        found = list(self._matches(text)) if self._lengths else []
        if not found:
            return text, {}
        free = (chr(code) for code in chain(*_STANDINS) if chr(code) not in text)
        standins = dict(zip(dict.fromkeys(say for _, _, say in found), free, strict=False))
        parts, at = [], 0
        for start, end, say in found:
            before = " " if start and _in_word(text[start - 1]) else ""  # the entry begins with a sign
            after = " " if _in_word(text[end : end + 1]) else ""
            parts += [text[at:start], before, standins[say], after]
            at = end
        return "".join([*parts, text[at:]]), {ord(standin): say for say, standin in standins.items()}

    def _matches(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and saying of each word that an entry has: leftmost first, the longest there, none twice."""
        folded, at = fold(text), 0
        for token in _TOKEN.finditer(folded):
            start = token.start()
            lengths = self._lengths.get(token[0])
            if lengths and start >= at and _bounds(text, start):
                for end in (start + length for length in lengths):
                    say = self._say(text[start:end], folded[start:end]) if _ends(text, end) else None
                    if say is not None:
                        yield start, end, say
                        at = end
                        break

    def _say(self, word: str, folded: str) -> str | None:
        return next((say for layer in self._layers if (say := layer.get(word, folded)) is not None), None)


#: No dictionary.
NO_WORDS = Lexicon([])


def put_back(text: str, aside: dict[int, str]) -> str:
    """What ``set_aside`` took out, in its place."""
    return text.translate(aside) if aside else text


def fold(text: str) -> str:
    """In small letters, character by character: a text keeps its length, so that places in it stay the same."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lower.replace("ς", "σ")


def _first_token(folded: str) -> str:
    match = _TOKEN.search(folded)
    return match[0] if match else folded


def _bounds(text: str, at: int) -> bool:
    """Whether a word may begin or end there: not between two characters of one word."""
    return not (0 < at < len(text) and _in_word(text[at - 1]) and _in_word(text[at]))


def _ends(text: str, at: int) -> bool:
    return at <= len(text) and _bounds(text, at) and not (_in_word(text[at - 1]) and _CONTRACTION.match(text, at))


def _in_word(character: str) -> bool:
    """Letters and digits, and the marks and joiners that belong to them; in a script without spaces, none."""
    if character.isalnum() or character == "_":
        return not _IS_UNSPACED.match(character)
    return character != "" and (character in "\u200c\u200d" or unicodedata.category(character)[0] == "M")
