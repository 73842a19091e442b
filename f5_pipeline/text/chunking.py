"""Cutting a long text into pieces that the model can speak at once. Pure; knows nothing of audio or models.

Cuts are made at paragraph ends, then sentence ends, then clauses, then words, then anywhere, in that order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

PARAGRAPH_PAUSE_SECONDS = 0.6
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
# After these marks (and closing quotes) a sentence may end; scripts without spaces need none after theirs.
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]»”’]*\s+|(?<=[。！？])[」』”’）]*\s*|(?<=[।؟۔])\s+")
_CLAUSE_END = re.compile(r"(?<=[,;:،؛])\s+|(?<=[，；：、])\s*|\s+(?=[-–—]\s)")
_WORD_END = re.compile(r"\s+")
_ABBREVIATIONS = frozenset((
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "gen", "gov", "sen", "rep", "capt", "lt", "col", "sgt",
    "rev", "hon", "vs", "etc", "inc", "ltd", "corp", "fig", "figs", "vol", "pp", "approx", "dept", "jan", "feb",
    "apr", "aug", "sept", "oct", "nov", "dec", "cf", "al", "e.g", "i.e", "u.s", "bzw", "z.b", "d.h", "nr", "usw",
    "mme", "mlle", "sra", "srta", "dott", "tel",
))  # fmt: skip
_REACH, _EVEN_REACH = 0.4, 0.25


@dataclass(frozen=True)
class Chunk:
    """A piece of a text, never empty, and the silence that follows it."""

    text: str
    pause_after_seconds: float = 0.0


def utf8_bytes(text: str) -> float:
    """F5's own measure of a text's length."""
    return len(text.encode())


def chunk_text(
    text: str,
    limit: float,
    cost: Callable[[str], float] = utf8_bytes,
    shortest: float = 0.0,
    paragraph_pause: float = PARAGRAPH_PAUSE_SECONDS,
) -> list[Chunk]:
    """Cut ``text`` into chunks of at most ``limit``, as ``cost`` measures them (bytes, or estimated seconds).

    Sentences are packed together up to the limit; one that is too long is halved at the clause or word end nearest
    to its middle. A piece below ``shortest`` joins its neighbour in the paragraph. Together the chunks have all
    characters of the text but white space. A single character may cost more than the limit.

    ``paragraph_pause`` (seconds) follows the last chunk of each paragraph (blank line) but the last.

    Raises:
        ValueError: ``limit`` is not positive.
    """
    if limit <= 0:
        raise ValueError(f"limit must be positive, not {limit}")
    paragraphs = [
        _pack(" ".join(part.split()), limit, cost, shortest) for part in _PARAGRAPH.split(text) if part.strip()
    ]
    return [
        Chunk(piece, paragraph_pause if end and paragraph is not paragraphs[-1] else 0.0)
        for paragraph in paragraphs
        for piece, end in zip(paragraph, [False] * (len(paragraph) - 1) + [True], strict=True)
    ]


def sentences(text: str) -> list[str]:
    """The sentences of one paragraph. The point of an abbreviation or an initial ends none."""
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
    """Where the first part of a cut ends: behind closing quotes, before the white space."""
    return match.start() + len(match[0].rstrip())


def _is_end(before: str, next_character: str, mixed_case: bool) -> bool:
    if mixed_case and next_character.islower():
        return False  # "Really?" she said.
    if not before.endswith("."):
        return bool(before.strip())
    word = before.rsplit(None, 1)[-1].strip("\"'([.").lower()
    is_initial = len(word) == 1 and word.isalpha() and word != "i"  # "J. Smith"
    return not next_character or not (is_initial or word in _ABBREVIATIONS)


def _pack(paragraph: str, limit: float, cost: Callable[[str], float], shortest: float) -> list[str]:
    """The chunks of one paragraph: as many sentences to a chunk as fit, and no piece too short to stand alone."""
    pieces: list[str] = []
    for piece in (piece for sentence in sentences(paragraph) for piece in _halved(sentence, limit, cost)):
        joined = _join(pieces[-1], piece) if pieces else piece
        if pieces and cost(joined) <= limit:
            pieces[-1] = joined
        elif pieces and min(cost(pieces[-1]), cost(piece)) < shortest:
            pieces[-1:] = _halved(joined, limit, cost, reach=_EVEN_REACH)
        else:
            pieces.append(piece)
    return pieces


def _join(left: str, right: str) -> str:
    """With a space between, unless the script has none."""
    return left + right if left[-1] in "。！？，；：、」』" or ord(right[0]) > 0x3000 else f"{left} {right}"


def _halved(text: str, limit: float, cost: Callable[[str], float], reach: float = _REACH) -> list[str]:
    if cost(text) <= limit or len(text) == 1:
        return [text]
    left, right = _cut(text, reach)
    return [*_halved(left, limit, cost, reach), *_halved(right, limit, cost, reach)]


def _cut(text: str, reach: float) -> tuple[str, str]:
    """Two parts of a text, cut where it hurts least; both have something in them.

    ``reach``: how far from the middle (as a share of the length) a sentence or clause may end to be preferred.
    """
    middle = len(text) / 2
    for pattern, near in ((_SENTENCE_END, reach), (_CLAUSE_END, reach), (_WORD_END, 0.5)):
        cuts = (_end(match) for match in pattern.finditer(text))
        cut = min(cuts, key=lambda cut: abs(cut - middle), default=0)
        if 0 < cut < len(text) and abs(cut - middle) <= near * len(text):
            return text[:cut].rstrip(), text[cut:].lstrip()
    cut = max(1, int(middle))
    return text[:cut], text[cut:]
