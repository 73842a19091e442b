"""What a clip should say against what was heard in it: missing, repeated, added and misheard words. Pure.

Who hears is ``recogniser``'s business, what follows from it is decided by ``verdicts``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from f5_pipeline.results.index import Measure

_LONGEST_LEAK = 8  # words: more of a reference's text is not said in the time that a clip has
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
#: What Chinese and Japanese are written with, without blanks.
SIGNS = r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"


@dataclass(frozen=True)
class WordCheck:
    """How the words of a text were said."""

    expected: int = 0  # words that should be said
    heard: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()  # said once more, right before or after
    added: tuple[str, ...] = ()
    misheard: tuple[tuple[str, str], ...] = ()  # what should be said, what was heard instead
    leaked: tuple[str, ...] = ()  # the end of the reference's text, said before the text

    @classmethod
    def of_all(cls, checks: Sequence[WordCheck]) -> WordCheck:
        """The pieces of a text as one."""
        if len(checks) == 1:
            return checks[0]
        joined = {
            name: tuple(chain.from_iterable(getattr(check, name) for check in checks))
            for name in ("heard", "missing", "repeated", "added", "misheard", "leaked")
        }
        return cls(expected=sum(check.expected for check in checks), **joined)

    @property
    def word_error_rate(self) -> float:
        """Errors over the words that should be said."""
        errors = (self.missing, self.repeated, self.added, self.misheard, self.leaked)
        return sum(map(len, errors)) / max(1, self.expected)

    @property
    def measures(self) -> dict[str, float]:
        """Numbers that thresholds are for."""
        return {
            "word_error_rate": round(self.word_error_rate, 4),
            "missing_words": len(self.missing),
            "repeated_words": len(self.repeated),
            "added_words": len(self.added),
            "misheard_words": len(self.misheard),
            "leaked_words": len(self.leaked),
        }

    def columns(self, recogniser: str) -> dict[str, Measure]:
        """Quality columns of the index."""
        return {**self.measures, "heard_text": " ".join(self.heard), "recogniser": recogniser}


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared: no capitals, no marks; Chinese and Japanese sign by sign."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return [word for found in _WORD.findall(plain) for word in _signs(found)]


def compare(expected: Sequence[str], heard: Sequence[str], before: Sequence[str] = ()) -> WordCheck:
    """Compare words, as ``words_of`` gives them.

    Args:
        expected: what should be said.
        heard: what was heard.
        before: the text of the reference, whose end a model may say first.
    """
    leak = _leak(expected, heard, before)
    missing: list[str] = []
    repeated: list[str] = []
    added: list[str] = []
    misheard: list[tuple[str, str]] = []
    for wanted, said, around in _differences(expected, heard[leak:]):
        if "".join(wanted) == "".join(said):  # "everyday" for "every day"
            continue
        pairs = min(len(wanted), len(said))
        misheard += zip(wanted, said, strict=False)
        missing += wanted[pairs:]
        extra = said[pairs:]
        (repeated if extra and not wanted and extra in around else added).extend(extra)
    return WordCheck(
        expected=len(expected),
        heard=tuple(heard),
        missing=tuple(missing),
        repeated=tuple(repeated),
        added=tuple(added),
        misheard=tuple(misheard),
        leaked=tuple(heard[:leak]),
    )


def _signs(word: str) -> Iterable[str]:
    return word if re.search(SIGNS, word) else (word,)


def _leak(expected: Sequence[str], heard: Sequence[str], before: Sequence[str]) -> int:
    """How many words at the beginning are the end of what was said before, and make no sense otherwise."""
    from rapidfuzz.distance import Levenshtein

    least, leak = Levenshtein.distance(expected, heard), 0
    for count in range(1, min(_LONGEST_LEAK, len(before), len(heard)) + 1):
        if list(heard[:count]) == list(before[-count:]):
            distance = Levenshtein.distance(expected, heard[count:])
            if distance < least:
                least, leak = distance, count
    return leak


_Difference = tuple[list[str], list[str], tuple[list[str], list[str]]]


def _differences(expected: Sequence[str], heard: Sequence[str]) -> Iterator[_Difference]:
    """Where they differ: the words expected, those heard instead, and as many heard before and after these."""
    from rapidfuzz.distance import Levenshtein

    wanted: list[str] = []
    begin = end = 0
    for step in (*Levenshtein.opcodes(expected, heard), None):
        if step is not None and step.tag != "equal":
            wanted += expected[step.src_start : step.src_end]
            end = step.dest_end
            continue
        if wanted or end > begin:
            said, size = list(heard[begin:end]), end - begin
            yield wanted, said, (list(heard[max(0, begin - size) : begin]), list(heard[end : end + size]))
        if step is not None:
            wanted, begin, end = [], step.dest_end, step.dest_end
