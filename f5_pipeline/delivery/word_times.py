"""The times of the words of a written text: aligns it with the recogniser's transcript, or with the spoken text.

A word without a match ("42" where the transcript has "forty two") has no time; times are never invented. No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from typing import NamedTuple

from f5_pipeline.quality.asr.comparison import CJK, words_of
from f5_pipeline.results.chunk_spans import ChunkSpan
from f5_pipeline.results.transcripts import TimedWord

#: A word as written, with its punctuation; a Chinese or Japanese character is a word by itself.
WRITTEN_WORD = re.compile(rf"{CJK}|(?:(?!{CJK})\S)+")
_ENDS = tuple('.!?…:;。！？；："”’»)]')  # a chunk ends with one of these, unless it was split within a clause


def word_start_times(text: str, transcript: Sequence[TimedWord]) -> list[float | None]:
    """The start of each written word of a text, in seconds from the beginning of its clip; None: not known."""
    words = _words(text)
    times: list[float | None] = [None] * len(WRITTEN_WORD.findall(text))
    for at, match in _matches([word.text for word in words], [word.text for word in transcript]):
        if words[at].first and transcript[match].timed:
            times[words[at].written] = transcript[match].start
    return times


def first_words(text: str, spoken_text: str, spans: Sequence[ChunkSpan]) -> list[int | None]:
    """The first written word of each span; None: not known, the span belongs with the previous one.

    Args:
        text: as written.
        spoken_text: as given to the model; the spans count its words.
        spans: the spans of the clip.
    """
    words, written = _words(text), WRITTEN_WORD.findall(text)
    matches = _matches([word.text for word in words], words_of(spoken_text))
    pairs = [(words[at].written, spoken) for at, spoken in matches]
    counts = [span.words for span in spans]
    return [_written_word(written, pairs, first) if first else 0 for first in list(accumulate(counts, initial=0))[:-1]]


def _written_word(written: Sequence[str], pairs: Sequence[tuple[int, int]], spoken: int) -> int | None:
    """The written word of the spoken word number ``spoken``, by its match or by the matches around it.

    Args:
        written: the written words.
        pairs: matches, as numbers of a written and a spoken word.
    """
    before = max((at for at, match in pairs if match < spoken), default=0)
    after = min((at for at, match in pairs if match >= spoken), default=len(written) - 1)
    candidates = range(before + 1, after + 1)
    if len(candidates) > 1:
        after_punctuation = [at for at in candidates if written[at - 1].endswith(_ENDS)]
        return after_punctuation[0] if len(after_punctuation) == 1 else None
    return candidates[0] if candidates and pairs else None


class _Word(NamedTuple):
    """A normalised word for comparison."""

    text: str
    written: int  # number of the written word that contains it
    first: bool  # True if the written word begins with it


def _words(text: str) -> list[_Word]:
    parts = enumerate(map(words_of, WRITTEN_WORD.findall(text)))
    return [_Word(word, number, at == 0) for number, part in parts for at, word in enumerate(part)]


def _matches(first: Sequence[str], second: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of positions with the same word, ascending in both sequences."""
    for match in SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks():
        yield from ((match.a + step, match.b + step) for step in range(match.size))
