"""The interface of speech recognisers: a clip and its text in, a transcript with word times out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from f5_pipeline.results.transcripts import TimedWord


@dataclass(frozen=True)
class TranscriptionRequest:
    """A clip to transcribe, with its texts. A recogniser that needs no text ignores them."""

    samples: np.ndarray  # float32, mono, 24 kHz, shape (n,)
    text: str  # the text that the clip should speak
    ref_text: str  # the transcript of the reference audio, whose end may have leaked into the clip
    language: str  # "en", "pt-BR", …


class Recogniser(Protocol):
    """A speech recogniser. Not thread-safe: one thread at a time."""

    def transcribe(self, request: TranscriptionRequest) -> Sequence[TimedWord]:
        """The spoken words in order, normalised as by ``comparison.words_of``.

        Raises:
            RecogniserFailed: the recogniser cannot transcribe this clip, or any.
        """


@dataclass(frozen=True)
class RecogniserSpec:
    """The recogniser of a batch, and how to start it."""

    name: str  # a slug; changes with the model and its version, as transcripts may differ
    arguments: tuple[str, ...]  # of the worker process (``worker``)
    languages: frozenset[str] | None = None  # two-letter codes; None: all
    processes: int = 1

    def supports(self, language: str) -> bool:
        """True if the recogniser supports a language."""
        return self.languages is None or language[:2].lower() in self.languages
