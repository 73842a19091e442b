"""Which word of a written text is said when: its words laid beside those that were heard, or given to the model.

A word that is none of them ("42", where "forty two" was heard) has no time: none is ever made up. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from typing import NamedTuple

from f5_pipeline.quality.asr.comparison import CJK, words_of
from f5_pipeline.results.segments import Segment
from f5_pipeline.results.transcripts import TimedWord

#: A word as it is written, with its marks; a sign of Chinese or Japanese is one by itself.
WRITTEN = re.compile(rf"{CJK}|(?:(?!{CJK})\S)+")
_ENDS = tuple('.!?…:;。！？；："”’»)]')  # what a piece ends with, where it was not cut within a clause


def times_of(text: str, heard: Sequence[TimedWord]) -> list[float | None]:
    """When each written word of a text is said, in seconds from the beginning of its clip; None: that is not known."""
    words = _words(text)
    times: list[float | None] = [None] * len(WRITTEN.findall(text))
    for at, said in _same([word.text for word in words], [word.text for word in heard]):
        if words[at].begins and heard[said].timed:
            times[words[at].written] = heard[said].start
    return times


def first_words(text: str, spoken: str, segments: Sequence[Segment]) -> list[int | None]:
    """With which written word each segment begins; None: that cannot be told, it goes with the one before.

    Args:
        text: as written.
        spoken: as given to the model: its words are those that the segments count.
        segments: the segments of its clip.
    """
    words, written = _words(text), WRITTEN.findall(text)
    pairs = [(words[at].written, said) for at, said in _same([word.text for word in words], words_of(spoken))]
    counts = [segment.words for segment in segments]
    return [_first_word(written, pairs, first) if first else 0 for first in list(accumulate(counts, initial=0))[:-1]]


def _first_word(written: Sequence[str], pairs: Sequence[tuple[int, int]], first: int) -> int | None:
    """The written word that the spoken word ``first`` is, or that must be as the words around it are known."""
    before = max((at for at, said in pairs if said < first), default=0)
    after = min((at for at, said in pairs if said >= first), default=len(written) - 1)
    candidates = range(before + 1, after + 1)
    if len(candidates) > 1:
        after_marks = [at for at in candidates if written[at - 1].endswith(_ENDS)]
        return after_marks[0] if len(after_marks) == 1 else None
    return candidates[0] if candidates and pairs else None


class _Word(NamedTuple):
    """A word as it is compared."""

    text: str
    written: int  # the number of the written word that it is a part of
    begins: bool  # whether that begins with it


def _words(text: str) -> list[_Word]:
    parts = enumerate(map(words_of, WRITTEN.findall(text)))
    return [_Word(word, number, at == 0) for number, part in parts for at, word in enumerate(part)]


def _same(some: Sequence[str], others: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of places where both have the same word, in the order of both."""
    for match in SequenceMatcher(None, some, others, autojunk=False).get_matching_blocks():
        yield from ((match.a + step, match.b + step) for step in range(match.size))
