"""Word check: aligns the transcript of a clip with its text; counts missing, repeated, added and misheard words. Pure.

Recognisers (``recogniser``) produce the transcripts; ``quality.verdicts`` judges the result.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from f5_pipeline.results.index import Measure

_MAX_LEAK = 8  # words of the reference text: a clip has no time for more
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
#: Characters of Chinese and Japanese, which are written without spaces.
CJK = r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"


@dataclass(frozen=True)
class WordCheck:
    """The result of comparing a transcript with its text."""

    expected: int = 0  # number of words in the text
    transcript: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # deletions
    repeated: tuple[str, ...] = ()  # insertions that repeat the words right before or after
    added: tuple[str, ...] = ()  # other insertions
    misheard: tuple[tuple[str, str], ...] = ()  # substitutions: word of the text, word of the transcript
    leaked: tuple[str, ...] = ()  # the end of the reference text, spoken before the text

    @classmethod
    def joined(cls, checks: Sequence[WordCheck]) -> WordCheck:
        """The checks of a line's chunks as one."""
        if len(checks) == 1:
            return checks[0]
        words = {
            name: tuple(chain.from_iterable(getattr(check, name) for check in checks))
            for name in ("transcript", "missing", "repeated", "added", "misheard", "leaked")
        }
        return cls(expected=sum(check.expected for check in checks), **words)

    @property
    def word_error_rate(self) -> float:
        """Word errors over the number of words in the text (at least 1)."""
        errors = (self.missing, self.repeated, self.added, self.misheard, self.leaked)
        return sum(map(len, errors)) / max(1, self.expected)

    @property
    def measures(self) -> dict[str, float]:
        """The measures that have thresholds, and the number of misheard words."""
        return {
            "word_error_rate": round(self.word_error_rate, 4),
            "missing_words": len(self.missing),
            "repeated_words": len(self.repeated),
            "added_words": len(self.added),
            "misheard_words": len(self.misheard),
            "leaked_words": len(self.leaked),
        }

    def columns(self, recogniser: str) -> dict[str, Measure]:
        """Columns of the index."""
        return {**self.measures, "heard_text": " ".join(self.transcript), "recogniser": recogniser}


def words_of(text: str) -> list[str]:
    """The words of a text in normal form: case-folded, no punctuation; Chinese and Japanese by character."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return [word for found in _WORD.findall(plain) for word in _split_cjk(found)]


def compare(expected: Sequence[str], transcript: Sequence[str], ref_words: Sequence[str] = ()) -> WordCheck:
    """Compare the words of a transcript with those of the text, all in the normal form of ``words_of``.

    Args:
        expected: the words of the text.
        transcript: the words of the transcript.
        ref_words: the words of the reference text, whose end a model may speak first.
    """
    leak = _leak(expected, transcript, ref_words)
    missing: list[str] = []
    repeated: list[str] = []
    added: list[str] = []
    misheard: list[tuple[str, str]] = []
    for source, spoken, neighbours in _differences(expected, transcript[leak:]):
        if "".join(source) == "".join(spoken):  # "everyday" for "every day"
            continue
        pairs = min(len(source), len(spoken))
        misheard += zip(source, spoken, strict=False)
        missing += source[pairs:]
        extra = spoken[pairs:]
        (repeated if extra and not source and extra in neighbours else added).extend(extra)
    return WordCheck(
        expected=len(expected),
        transcript=tuple(transcript),
        missing=tuple(missing),
        repeated=tuple(repeated),
        added=tuple(added),
        misheard=tuple(misheard),
        leaked=tuple(transcript[:leak]),
    )


def _split_cjk(word: str) -> Iterable[str]:
    return word if re.search(CJK, word) else (word,)


def _leak(expected: Sequence[str], transcript: Sequence[str], ref_words: Sequence[str]) -> int:
    """The number of leaked words: the end of the reference text whose removal leaves the fewest errors."""
    from rapidfuzz.distance import Levenshtein

    least, leak = Levenshtein.distance(expected, transcript), 0
    for count in range(1, min(_MAX_LEAK, len(ref_words), len(transcript)) + 1):
        if list(transcript[:count]) == list(ref_words[-count:]):
            distance = Levenshtein.distance(expected, transcript[count:])
            if distance < least:
                least, leak = distance, count
    return leak


_Difference = tuple[list[str], list[str], tuple[list[str], list[str]]]


def _differences(expected: Sequence[str], transcript: Sequence[str]) -> Iterator[_Difference]:
    """The differences: words of the text, words of the transcript, and as many transcript words before and after."""
    from rapidfuzz.distance import Levenshtein

    source: list[str] = []
    begin = end = 0
    for code in (*Levenshtein.opcodes(expected, transcript), None):
        if code is not None and code.tag != "equal":
            source += expected[code.src_start : code.src_end]
            end = code.dest_end
            continue
        if source or end > begin:
            size = end - begin
            neighbours = list(transcript[max(0, begin - size) : begin]), list(transcript[end : end + size])
            yield source, list(transcript[begin:end]), neighbours
        if code is not None:
            source, begin, end = [], code.dest_end, code.dest_end
