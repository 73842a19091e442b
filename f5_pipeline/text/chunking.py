"""Splits a long text into chunks that the model can speak at once. Pure; independent of audio and models.

Splits at paragraph ends, else sentence ends, else clause ends, else between words, else anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

PARAGRAPH_PAUSE_SECONDS = 0.6
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
# Marks (with closing quotes) after which a sentence may end; in scripts without spaces no space need follow.
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]»”’]*\s+|(?<=[。！？])[」』”’）]*\s*|(?<=[।؟۔])\s+")
_CLAUSE_END = re.compile(r"(?<=[,;:،؛])\s+|(?<=[，；：、])\s*|\s+(?=[-–—]\s)")
_WORD_END = re.compile(r"\s+")
_ABBREVIATIONS = frozenset((
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "gen", "gov", "sen", "rep", "capt", "lt", "col", "sgt",
    "rev", "hon", "vs", "etc", "inc", "ltd", "corp", "fig", "figs", "vol", "pp", "approx", "dept", "jan", "feb",
    "apr", "aug", "sept", "oct", "nov", "dec", "cf", "al", "e.g", "i.e", "u.s", "bzw", "z.b", "d.h", "nr", "usw",
    "mme", "mlle", "sra", "srta", "dott", "tel",
))  # fmt: skip
# How far from the middle, as a share of the length, a sentence or clause may end to be a cut.
_REACH, _EVEN_REACH = 0.4, 0.25


@dataclass(frozen=True)
class TextChunk:
    """A part of a text, never empty, and the pause after it."""

    text: str
    pause_after_seconds: float = 0.0


def utf8_bytes(text: str) -> float:
    """F5's own measure of a text's length: the bytes of its UTF-8 encoding."""
    return len(text.encode())


def chunk_text(
    text: str,
    limit: float,
    cost: Callable[[str], float] = utf8_bytes,
    shortest: float = 0.0,
    paragraph_pause: float = PARAGRAPH_PAUSE_SECONDS,
) -> list[TextChunk]:
    """Split ``text`` into chunks.

    Sentences are packed together up to the limit; a sentence that is too long is halved at the clause or word end
    nearest to its middle. The chunks together contain all characters of the text except white space.

    Args:
        text: paragraphs are separated by blank lines.
        limit: the highest cost of a chunk; only a single character may exceed it.
        cost: the cost of a text: bytes, or estimated seconds.
        shortest: a chunk that costs less is joined with its neighbour in the paragraph.
        paragraph_pause: seconds after the last chunk of each paragraph except the last paragraph.

    Raises:
        ValueError: ``limit`` is not positive.
    """
    if limit <= 0:
        raise ValueError(f"limit must be positive, not {limit}")
    paragraphs = [
        _pack(" ".join(part.split()), limit, cost, shortest) for part in _PARAGRAPH.split(text) if part.strip()
    ]
    return [
        TextChunk(chunk, paragraph_pause if end and paragraph is not paragraphs[-1] else 0.0)
        for paragraph in paragraphs
        for chunk, end in zip(paragraph, [False] * (len(paragraph) - 1) + [True], strict=True)
    ]


def sentences(text: str) -> list[str]:
    """The sentences of one paragraph. The full stop of an abbreviation or initial does not end a sentence."""
    found, start = [], 0
    mixed_case = text != text.lower()
    for match in _SENTENCE_END.finditer(text):
        end = _end(match)
        if _is_end(text[start:end], text[match.end() :][:1], mixed_case):
            found.append(text[start:end])
            start = match.end()
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def _end(match: re.Match[str]) -> int:
    """The end of the text before a cut: after closing quotes, before the white space."""
    return match.start() + len(match[0].rstrip())


def _is_end(before: str, next_character: str, mixed_case: bool) -> bool:
    """True if a sentence ends between ``before`` and ``next_character``."""
    if mixed_case and next_character.islower():
        return False  # "Really?" she said.
    if not before.endswith("."):
        return bool(before.strip())
    word = before.rsplit(None, 1)[-1].strip("\"'([.").lower()
    is_initial = len(word) == 1 and word.isalpha() and word != "i"  # "J. Smith"
    return not next_character or not (is_initial or word in _ABBREVIATIONS)


def _pack(paragraph: str, limit: float, cost: Callable[[str], float], shortest: float) -> list[str]:
    """The chunks of one paragraph: as many sentences per chunk as fit, and no chunk below ``shortest``."""
    chunks: list[str] = []
    for part in (part for sentence in sentences(paragraph) for part in _halved(sentence, limit, cost)):
        joined = _join(chunks[-1], part) if chunks else part
        if chunks and cost(joined) <= limit:
            chunks[-1] = joined
        elif chunks and min(cost(chunks[-1]), cost(part)) < shortest:
            chunks[-1:] = _halved(joined, limit, cost, reach=_EVEN_REACH)
        else:
            chunks.append(part)
    return chunks


def _join(left: str, right: str) -> str:
    """Join two texts, with a space unless the script has none."""
    return left + right if left[-1] in "。！？，；：、」』" or ord(right[0]) > 0x3000 else f"{left} {right}"


def _halved(text: str, limit: float, cost: Callable[[str], float], reach: float = _REACH) -> list[str]:
    """The text, cut in two until each part costs at most ``limit``."""
    if cost(text) <= limit or len(text) == 1:
        return [text]
    left, right = _cut(text, reach)
    return [*_halved(left, limit, cost, reach), *_halved(right, limit, cost, reach)]


def _cut(text: str, reach: float) -> tuple[str, str]:
    """Cut a text in two at the sentence end near the middle, else a clause end, else between words, else anywhere.

    Neither part is empty. ``reach``: how far from the middle, as a share of the length, a sentence or clause may end.
    """
    middle = len(text) / 2
    for pattern, near in ((_SENTENCE_END, reach), (_CLAUSE_END, reach), (_WORD_END, 0.5)):
        cuts = (_end(match) for match in pattern.finditer(text))
        cut = min(cuts, key=lambda cut: abs(cut - middle), default=0)
        if 0 < cut < len(text) and abs(cut - middle) <= near * len(text):
            return text[:cut].rstrip(), text[cut:].lstrip()
    cut = max(1, int(middle))
    return text[:cut], text[cut:]
