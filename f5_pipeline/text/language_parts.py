"""Splits a text in several languages into its parts, by their scripts. ``scripts`` finds the language of each. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from f5_pipeline.text.scripts import (
    SCRIPTS,
    WORDS_IN_CHARACTER,
    is_written_in,
    language_in,
    scripts_of,
    split_by_script,
    word_count,
    words_by_script,
)

# Where a clause ends or begins: after its mark, or before a quotation or a bracket.
_CLAUSE_EDGE = re.compile(r"(?<=[。！？；，、：…\n”）」』》])|(?<=[.!?;,:)])(?=\s)|(?=[(（“「『《])")
_ATTACHED = re.compile(r"/[!-~]*")  # the rest of an address: https://example.org/42
_NUMBER = re.compile(r"\d(?:[\d.,:]*\d)?[%％]?")
_REVERSED_NUMBER = re.compile(r"[%％]?\d(?:[\d.,:]*\d)?")  # a search for the end of a text would take quadratic time


def language_parts(text: str, language: str, languages: Sequence[str]) -> list[tuple[str, str]]:
    """The parts of a text with their languages: a clause in another script than the rest has a language of its own.

    A name in another script is no clause. A number belongs to the words around it. Between two languages it belongs to
    the clause in which it stands, and without a mark between the clauses, to the text's language. The parts together
    are the text.

    Args:
        text: as written.
        language: that of the text, from ``detect``.
        languages: those of the model. If all are in one script, the text is one part.

    Returns:
        Pairs of a language and a part.
    """
    if text.isascii() or len(scripts := scripts_of(text)) < 2 or not _tells_apart(tuple(languages)):
        return [(language, text)]
    east_asian = "Kana" if "Kana" in words_by_script(text, languages) else "Han"
    names = {script: east_asian if script in ("Han", "Kana") else script for script in scripts}
    codes = {script: language_in(name, tuple(languages)) for script, name in names.items()}
    parts = _enclosed([(codes.get(script, ""), part) for script, part in _numbered(list(split_by_script(text)))])
    settled = [(code if not code or _is_clause(part) else language, part) for code, part in parts]
    return _joined(_divided(_joined(settled), language))


def _numbered(parts: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The parts, where a number is part of the script without spaces whose characters it touches ("42个")."""
    for at, (script, part) in enumerate(parts):
        before, after = parts[at - 1][0] if at else "", parts[at + 1][0] if at + 1 < len(parts) else ""
        first = _NUMBER.match(part) if not script and before in WORDS_IN_CHARACTER else None
        last = _REVERSED_NUMBER.match(part[::-1]) if not script and after in WORDS_IN_CHARACTER else None
        start, end = first.end() if first else 0, len(part) - (last.end() if last else 0)
        if start >= end:
            yield (before if first else after) if first or last else script, part
        else:
            yield from ((before, part[:start]), (script, part[start:end]), (after, part[end:]))


def _enclosed(parts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The parts, where what stands between two parts in one language is in that language."""
    parts = [part for part in parts if part[1]]
    codes = [code for code, _ in parts]
    for at in range(1, len(parts) - 1):
        if not codes[at] and codes[at - 1] == codes[at + 1]:
            codes[at] = codes[at - 1]
    return _joined((code, part) for code, (_, part) in zip(codes, parts, strict=True))


def _is_clause(part: str) -> bool:
    """True if a part in another script than the text is more than a name.

    It has several words and one without a capital; in a script without spaces, where this cannot be known, a number.
    """
    words = [(script, word) for script, word in split_by_script(part) if script]
    if words[0][0] in WORDS_IN_CHARACTER:
        return any(character.isdecimal() for character in part)
    return sum(word_count(*word) for word in words) > 1.0 and any(word == word.lower() for _, word in words)


def _divided(parts: Sequence[tuple[str, str]], language: str) -> Iterator[tuple[str, str]]:
    """The parts, where those without letters are divided among their neighbours at the edges of clauses."""
    last = len(parts) - 1
    for at, (code, part) in enumerate(parts):
        before, after = parts[max(at - 1, 0)][0], parts[min(at + 1, last)][0]
        edges = [edge.start() for edge in _CLAUSE_EDGE.finditer(part)]
        if code or not 0 < at < last:
            yield code or before or after, part
        elif edges:
            first, end = edges[0], edges[-1]
            yield from ((before, part[:first]), (language, part[first:end]), (after, part[end:]))
        else:
            attached = _ATTACHED.match(part)
            end = attached.end() if attached else 0
            yield from ((before, part[:end]), (language if language in (before, after) else before, part[end:]))


def _joined(parts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The parts that are not empty; neighbours in one language as one."""
    kept = (part for part in parts if part[1])
    return [(code, "".join(part for _, part in group)) for code, group in groupby(kept, key=lambda part: part[0])]


@lru_cache(maxsize=256)
def _tells_apart(languages: tuple[str, ...]) -> bool:
    """True if the languages are written in several scripts."""
    return len({script for script in SCRIPTS for code in languages if is_written_in(code, script)} - {"Kana"}) > 1
