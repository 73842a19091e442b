"""The interface to a speech recogniser: a clip and what it should say in, the words that it says and when out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from f5_pipeline.results.transcripts import TimedWord


@dataclass(frozen=True)
class Question:
    """A clip, and what is known of it. A recogniser that needs no help ignores the texts."""

    samples: np.ndarray  # float32, mono, 24 kHz, shape (n,)
    text: str  # what it should say, in words
    before: str  # what the reference says: its end may have leaked into the clip
    language: str  # "en", "pt-BR", …


class Recogniser(Protocol):
    """Something that listens. Used by one thread at a time."""

    def hear(self, question: Question) -> Sequence[TimedWord]:
        """The words that are said, in their order, as ``comparison.words_of`` writes words.

        Raises:
            RecogniserFailed: it cannot hear, this time or at all.
        """


@dataclass(frozen=True)
class RecogniserSpec:
    """Which recogniser to use, and how it is started."""

    name: str  # names what it hears: another model or version is another name. A slug
    arguments: tuple[str, ...]  # of the process that listens (``worker``)
    languages: frozenset[str] | None = None  # two letters each; None: all
    processes: int = 1

    def hears(self, language: str) -> bool:
        """Whether it understands a language."""
        return self.languages is None or language[:2].lower() in self.languages
