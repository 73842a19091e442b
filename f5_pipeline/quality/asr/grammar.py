"""A grammar of what a clip may say instead of its text: words left out, said twice, the reference's last words first.

Free dictation of synthetic speech by a small recogniser is wrong in every second word. Asked which way through such a
grammar fits best it is nearly always right: it only has to tell the text from the text with a mistake. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

#: How unlikely a mistake is taken to be: what a sound that fits badly must weigh more than. Measured by
#: ``benchmarks/recognition.py``.
_LEFT_OUT = 1e-10
_FIRST_LEFT_OUT = 1e-15  # the first sound of a clip is often weak
_AGAIN = 1e-10
_LEAKED = 1e-10
_LONGEST_REPETITION = 3  # words
_LONGEST_LEAK = 4  # words

Transition = tuple[int, int, float] | tuple[int, int, float, str]
Pronunciations = Callable[[str], Sequence[str]]  # a word → how the dictionary names the ways of saying it


def transitions(text: Sequence[str], before: Sequence[str], ways: Pronunciations) -> tuple[int, int, list[Transition]]:
    """A finite-state grammar: its first and last state, and ways from one to another with probability and word."""
    leak = before[-_LONGEST_LEAK:]
    first = len(text) + 1 + len(leak)
    return first, len(text), [*_in_order(text, ways), *_twice(text, ways), *_leaked(leak, len(text) + 1, first, ways)]


def _in_order(text: Sequence[str], ways: Pronunciations) -> Iterator[Transition]:
    """State ``n``: ``n`` words of the text are said, or left out."""
    for at, word in enumerate(text):
        yield from ((at, at + 1, 1.0, way) for way in ways(word))
        yield at, at + 1, _LEFT_OUT if at else _FIRST_LEFT_OUT


def _twice(text: Sequence[str], ways: Pronunciations) -> Iterator[Transition]:
    """After some words, the first of them once more, and on from there."""
    for at, word in enumerate(text):
        for later in range(at + 1, min(at + _LONGEST_REPETITION, len(text)) + 1):
            yield from ((later, at + 1, _AGAIN, way) for way in ways(word))


def _leaked(leak: Sequence[str], base: int, first: int, ways: Pronunciations) -> Iterator[Transition]:
    yield first, 0, 1.0
    for at, word in enumerate(leak):
        yield first, base + at, _LEAKED
        then = 0 if at + 1 == len(leak) else base + at + 1
        yield from ((base + at, then, 1.0, way) for way in ways(word))
