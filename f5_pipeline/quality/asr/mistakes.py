"""Which of the mistakes that a grammar found in a clip are believed: those that the words' times bear out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Of the time that a word's sounds take on average in its clip: a word that is left out has less …
_NO_TIME, _NO_TIME_AT_FIRST = 0.55, 0.40
_TIME = 0.6  # … and one that is added has more.
_OTHER_WORDS = 0.45  # of the text's words: where more are wrong, this is another text

Phones = Callable[[str], int]  # how many sounds a word has; 0: nobody knows


@dataclass(frozen=True)
class Said:
    """A word and the frames (10 ms) in which it is said."""

    word: str
    first: int
    last: int

    @property
    def frames(self) -> int:
        return self.last - self.first + 1


def confirmed(text: Sequence[str], said: Sequence[Said], laid: Sequence[Said], phones: Phones) -> list[str]:
    """The words that are believed to be said.

    Args:
        text: what should be said.
        said: what the grammar found.
        laid: the text laid over the sound; empty: it does not fit at all.
        phones: of any of the words.
    """
    from rapidfuzz.distance import Levenshtein

    steps = Levenshtein.opcodes(text, [one.word for one in said])
    differences = [step for step in steps if step.tag != "equal"]
    wrong = sum(max(step.src_end - step.src_start, step.dest_end - step.dest_start) for step in differences)
    if not laid or (wrong > 1 and wrong > _OTHER_WORDS * len(text)):
        return [one.word for one in said]
    words: list[str] = []
    for step in steps:
        if step.tag == "equal":
            words += text[step.src_start : step.src_end]
            continue
        words += [said[at].word for at in range(step.dest_start, step.dest_end) if _has_time(said, at, phones)]
        words += [text[at] for at in range(step.src_start, step.src_end) if not _has_no_time(laid, at, phones)]
    return words


def _has_time(said: Sequence[Said], at: int, phones: Phones) -> bool:
    """Whether a word that was added is long enough to be one."""
    return _relative_time(said, at, phones) >= _TIME


def _has_no_time(laid: Sequence[Said], at: int, phones: Phones) -> bool:
    """Whether no time falls to a word: it is left out."""
    return _relative_time(laid, at, phones) <= (_NO_TIME if at else _NO_TIME_AT_FIRST)


def _relative_time(words: Sequence[Said], at: int, phones: Phones) -> float:
    """How long a word is, where the sounds of all the others give 1; 1 where that cannot be told."""
    others = [(one.frames, phones(one.word)) for one in (*words[:at], *words[at + 1 :]) if phones(one.word)]
    own = phones(words[at].word)
    if not own or not others:
        return 1.0
    pace = sum(frames for frames, _ in others) / sum(count for _, count in others)
    return words[at].frames / (own * pace)
