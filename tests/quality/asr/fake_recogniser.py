"""A recogniser without a model: it transcribes the text of the request, with scripted errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.quality.asr.recogniser import RecogniserSpec, TranscriptionRequest
from f5_pipeline.results.transcripts import TimedWord

SPEC = RecogniserSpec("fake-1", ("fake",), frozenset({"en"}))

WordError = Callable[[list[str]], list[str]]


def without_errors(words: list[str]) -> list[str]:
    return words


def without_the_second(words: list[str]) -> list[str]:
    return words[:1] + words[2:]


class FakeRecogniser:
    """Implements ``Recogniser``; records its requests.

    Args:
        takes: word → the errors in the first, second, … take of texts that contain the word. Later takes have none.
    """

    def __init__(self, takes: dict[str, Sequence[WordError]] | None = None) -> None:
        self.takes = takes or {}
        self.requests: list[TranscriptionRequest] = []

    @property
    def texts(self) -> list[str]:
        return [request.text for request in self.requests]

    def transcribe(self, request: TranscriptionRequest) -> list[TimedWord]:
        self.requests.append(request)
        take = self.texts.count(request.text) - 1
        errors = next((takes for word, takes in self.takes.items() if word in request.text), ())
        words = (errors[take] if take < len(errors) else without_errors)(words_of(request.text))
        return [TimedWord(word, 0.1 * at, 0.1 * at + 0.08) for at, word in enumerate(words)]
