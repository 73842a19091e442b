"""A finite-state grammar of the text and its likely errors: missing words, repeated words, leaked reference words.

Free dictation of synthetic speech by a small recogniser gets every second word wrong. Decoding with this grammar is
nearly always right, because it only has to tell the text from the text with an error. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

#: Prior probabilities of the errors, which the acoustic evidence must outweigh. Measured with
#: ``benchmarks/recognition.py``.
_MISSING = 1e-10
_FIRST_MISSING = 1e-15  # the first sound of a clip is often weak
_REPEATED = 1e-10
_LEAKED = 1e-10
_MAX_REPETITION = 3  # words
_MAX_LEAK = 4  # words

Transition = tuple[int, int, float] | tuple[int, int, float, str]  # from state, to state, probability, word
Pronunciations = Callable[[str], Sequence[str]]  # a word → the names of its pronunciations in the dictionary


def transitions(
    text: Sequence[str], ref_words: Sequence[str], pronunciations: Pronunciations
) -> tuple[int, int, list[Transition]]:
    """The start state, the final state and the transitions of the grammar."""
    leak = ref_words[-_MAX_LEAK:]
    start, final = len(text) + 1 + len(leak), len(text)
    found = [
        *_in_order(text, pronunciations),
        *_repeated(text, pronunciations),
        *_leaked(leak, len(text) + 1, start, pronunciations),
    ]
    return start, final, found


def _in_order(text: Sequence[str], pronunciations: Pronunciations) -> Iterator[Transition]:
    """State ``n``: ``n`` words of the text are spoken or skipped."""
    for at, word in enumerate(text):
        yield from ((at, at + 1, 1.0, name) for name in pronunciations(word))
        yield at, at + 1, _MISSING if at else _FIRST_MISSING


def _repeated(text: Sequence[str], pronunciations: Pronunciations) -> Iterator[Transition]:
    """Back from the end of up to ``_MAX_REPETITION`` words to the first of them."""
    for at, word in enumerate(text):
        for later in range(at + 1, min(at + _MAX_REPETITION, len(text)) + 1):
            yield from ((later, at + 1, _REPEATED, name) for name in pronunciations(word))


def _leaked(leak: Sequence[str], base: int, start: int, pronunciations: Pronunciations) -> Iterator[Transition]:
    """From the start state to state 0, directly or through the last words of the reference."""
    yield start, 0, 1.0
    for at, word in enumerate(leak):
        yield start, base + at, _LEAKED
        following = 0 if at + 1 == len(leak) else base + at + 1
        yield from ((base + at, following, 1.0, name) for name in pronunciations(word))
