"""Confirms the word errors that the error grammar decodes, by the durations of the words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Limits on a word's duration relative to the average per phone of its clip: a missing word is shorter than this in the
#: forced alignment …
_MISSING, _FIRST_MISSING = 0.55, 0.40
_ADDED = 0.6  # … and an added word is longer.
_MAX_ERROR_SHARE = 0.45  # of the words of the text; with more errors, the clip speaks another text

CountPhones = Callable[[str], int]  # phones of a word; 0: unknown


@dataclass(frozen=True)
class AlignedWord:
    """A word and its frames of 10 ms, both inclusive."""

    word: str
    first: int
    last: int

    @property
    def frames(self) -> int:
        return self.last - self.first + 1


def confirmed_words(
    text: Sequence[str], decoded: Sequence[AlignedWord], aligned: Sequence[AlignedWord], count_phones: CountPhones
) -> list[str]:
    """The decoded words, without the errors that word durations contradict.

    Args:
        text: the words of the text.
        decoded: the best path through the error grammar.
        aligned: the forced alignment of the text; empty if the text does not fit the clip.
        count_phones: for all of these words.
    """
    from rapidfuzz.distance import Levenshtein

    opcodes = Levenshtein.opcodes(text, [aligned_word.word for aligned_word in decoded])
    errors = [code for code in opcodes if code.tag != "equal"]
    count = sum(max(code.src_end - code.src_start, code.dest_end - code.dest_start) for code in errors)
    if not aligned or (count > 1 and count > _MAX_ERROR_SHARE * len(text)):
        return [aligned_word.word for aligned_word in decoded]
    words: list[str] = []
    for code in opcodes:
        if code.tag == "equal":
            words += text[code.src_start : code.src_end]
            continue
        added, missing = range(code.dest_start, code.dest_end), range(code.src_start, code.src_end)
        words += [decoded[at].word for at in added if _is_added(decoded, at, count_phones)]
        words += [text[at] for at in missing if not _is_missing(aligned, at, count_phones)]
    return words


def _is_added(decoded: Sequence[AlignedWord], at: int, count_phones: CountPhones) -> bool:
    """True if an added word is long enough to be real."""
    return _relative_duration(decoded, at, count_phones) >= _ADDED


def _is_missing(aligned: Sequence[AlignedWord], at: int, count_phones: CountPhones) -> bool:
    """True if the forced alignment leaves a word next to no time."""
    return _relative_duration(aligned, at, count_phones) <= (_MISSING if at else _FIRST_MISSING)


def _relative_duration(words: Sequence[AlignedWord], at: int, count_phones: CountPhones) -> float:
    """The duration of a word over the duration that its phones have in all other words; 1 if unknown."""
    others = [(other.frames, count_phones(other.word)) for other in (*words[:at], *words[at + 1 :])]
    known = [(frames, phones) for frames, phones in others if phones]
    phones = count_phones(words[at].word)
    if not phones or not known:
        return 1.0
    frames_per_phone = sum(frames for frames, _ in known) / sum(count for _, count in known)
    return words[at].frames / (phones * frames_per_phone)
