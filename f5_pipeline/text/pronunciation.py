"""Pronunciation dictionaries: finds their words in a text, in one pass, and replaces them.

Each match is replaced by a placeholder while the rest of the text is normalised, so that no rule changes the
pronunciation and no entry matches inside it. ``manifests.dictionary`` reads the files.
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
_CONTRACTION = re.compile(r"'(?!s\b)[^\W\d_]")  # "can" does not match in "can't", but "SQL" does in "SQL's"
_BEFORE_MARK = re.compile(r" +(?=[,.;:!?](?!\w))")  # the space that a word leaves before a mark
_JOINER = "\u200d"  # between the characters of one emoji; also inside Indic words
# Placeholders: letters of scripts that no supported language uses, so that every rule takes them for a word and none
# changes them. There are more of them than different words in the longest text.
_PLACEHOLDERS = (range(0x17000, 0x187F8), range(0x20000, 0x2A6E0))


@dataclass(frozen=True)
class Entry:
    """One or more words and their pronunciation. In lower case it matches any case, with capitals only itself."""

    word: str  # after ``front_end.tidy``
    say: str  # passed to the model unchanged; "": the word is not spoken
    language: str = ""  # lower case; "en" includes en-gb; "": any

    @property
    def any_case(self) -> bool:
        return self.word == self.word.lower()


@dataclass(frozen=True)
class _Layer:
    """The entries of one dictionary for one language: those that match any case, and those that match exactly."""

    any_case: dict[str, str]
    exact: dict[str, str]

    def get(self, word: str, folded: str) -> str | None:
        say = self.exact.get(word)
        return self.any_case.get(folded) if say is None else say


class Pronunciations:
    """Dictionaries in order of precedence; in each, an entry for a language takes precedence over one for any."""

    def __init__(self, *dictionaries: Sequence[Entry]) -> None:
        self._dictionaries = tuple(dictionary for dictionary in dictionaries if dictionary)
        self._lexicon = lru_cache(maxsize=None)(self._build)

    def __len__(self) -> int:
        return sum(map(len, self._dictionaries))

    def of(self, language: str) -> Lexicon:
        """The entries for texts in one language."""
        return self._lexicon(language.lower().replace("_", "-"))

    def _build(self, language: str) -> Lexicon:
        parts = language.split("-")
        names = [*("-".join(parts[:count]) for count in range(len(parts), 0, -1)), ""]  # "en-gb", "en", ""
        layers = ([entry for entry in each if entry.language == name] for each in self._dictionaries for name in names)
        return Lexicon([layer for layer in layers if layer])


class Lexicon:
    """The entries for one language, in layers of descending precedence."""

    def __init__(self, layers: Iterable[Sequence[Entry]]) -> None:
        self._layers: list[_Layer] = []
        lengths: dict[str, set[int]] = {}  # by first token, the lengths of the entries
        for entries in layers:
            any_case = {fold(entry.word): entry.say for entry in entries if entry.any_case}
            exact = {entry.word: entry.say for entry in entries if not entry.any_case}
            self._layers.append(_Layer(any_case, exact))
            for entry in entries:
                lengths.setdefault(_first_token(fold(entry.word)), set()).add(len(entry.word))
        self._lengths = {token: sorted(found, reverse=True) for token, found in lengths.items()}

    def set_aside(self, text: str) -> tuple[str, dict[int, str]]:
        """Replace the words that have an entry by placeholders.

        Returns:
            The text with placeholders, and the pronunciation of each placeholder, for ``put_back``.
        """
        matches = list(self._matches(text)) if self._lengths else []
        if not matches:
            return text, {}
        free = (chr(code) for code in chain(*_PLACEHOLDERS) if chr(code) not in text)
        placeholders = dict(zip(dict.fromkeys(say for _, _, say in matches), free, strict=False))
        parts, position = [], 0
        for start, end, say in matches:
            before = " " if start and _in_word(text[start - 1]) else ""  # for an entry that begins with a sign
            after = " " if _in_word(text[end : end + 1]) else ""
            parts += [text[position:start], before, placeholders[say], after]
            position = end
        return "".join([*parts, text[position:]]), {ord(sign): say for say, sign in placeholders.items()}

    def _matches(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and pronunciation of each match, from left to right: the longest at each place, no overlaps."""
        folded, position = fold(text), 0
        for token in _TOKEN.finditer(folded):
            start = token.start()
            lengths = self._lengths.get(token[0])
            if lengths and start >= position and _is_boundary(text, start):
                for end in (start + length for length in lengths):
                    say = self._say(text[start:end], folded[start:end]) if _is_word_end(text, end) else None
                    if say is not None:
                        yield start, end, say
                        position = end
                        break

    def _say(self, word: str, folded: str) -> str | None:
        return next((say for layer in self._layers if (say := layer.get(word, folded)) is not None), None)


#: A lexicon without entries.
NO_WORDS = Lexicon([])


def put_back(text: str, aside: dict[int, str]) -> str:
    """Replace the placeholders of ``set_aside`` by the pronunciations."""
    if not aside:
        return text
    text = text.translate(aside)
    return _BEFORE_MARK.sub("", text).lstrip(" ,;:") if "" in aside.values() else text


def fold(text: str) -> str:
    """The text in lower case, character by character, so that it keeps its length and positions stay valid."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lower.replace("ς", "σ")


def _first_token(folded: str) -> str:
    match = _TOKEN.search(folded)
    return match[0] if match else folded


def _is_boundary(text: str, index: int) -> bool:
    """True if a word may begin or end at ``index``: not between two characters of one word or of one emoji."""
    if _JOINER in text[max(index - 1, 0) : index + 1]:
        return False
    return not (0 < index < len(text) and _in_word(text[index - 1]) and _in_word(text[index]))


def _is_word_end(text: str, index: int) -> bool:
    if index > len(text) or not _is_boundary(text, index):
        return False
    return not (_in_word(text[index - 1]) and _CONTRACTION.match(text, index))


def _in_word(character: str) -> bool:
    """True for letters, digits, and the marks and joiners that belong to them; False in scripts without spaces."""
    if character.isalnum() or character == "_":
        return not _IS_UNSPACED.match(character)
    return character != "" and (character in "\u200c\u200d" or unicodedata.category(character)[0] == "M")
