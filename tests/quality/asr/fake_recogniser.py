"""A recogniser without a model: it hears the text that it should, with the mistakes it is told to hear."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.quality.asr.recogniser import Question, RecogniserSpec
from f5_pipeline.results.transcripts import TimedWord

SPEC = RecogniserSpec("fake-1", ("fake",), frozenset({"en"}))

Mistake = Callable[[list[str]], list[str]]


def right(words: list[str]) -> list[str]:
    return words


def without_the_second(words: list[str]) -> list[str]:
    return words[:1] + words[2:]


class FakeRecogniser:
    """Implements ``Recogniser``; remembers what it was asked, by text.

    Args:
        takes: for texts that contain a word: what is heard in their first, second, … take; then they are right.
    """

    def __init__(self, takes: dict[str, Sequence[Mistake]] | None = None) -> None:
        self.takes = takes or {}
        self.asked: list[Question] = []

    @property
    def texts(self) -> list[str]:
        return [question.text for question in self.asked]

    def hear(self, question: Question) -> list[TimedWord]:
        self.asked.append(question)
        take = self.texts.count(question.text) - 1
        mistakes = next((takes for word, takes in self.takes.items() if word in question.text), ())
        words = (mistakes[take] if take < len(mistakes) else right)(words_of(question.text))
        return [TimedWord(word, 0.1 * at, 0.1 * at + 0.08) for at, word in enumerate(words)]
