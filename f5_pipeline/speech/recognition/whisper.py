"""faster-whisper: a recogniser for about a hundred languages, by models that are fetched beforehand (``choice``)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import soxr

from f5_pipeline.errors import RecogniserFailed
from f5_pipeline.results.heard import HeardWord
from f5_pipeline.speech.engine import SAMPLE_RATE
from f5_pipeline.speech.recognition.comparison import words_of
from f5_pipeline.speech.recognition.recogniser import Question
from f5_pipeline.speech.text.english import english

#: Part of the name of what it hears: raise it when the same clip should be heard otherwise.
VERSION = 1

_RATE = 16_000  # Hz, of its model


class TimedWord(Protocol):
    """``faster_whisper.transcribe.Word``."""

    start: float
    end: float
    word: str


class Whisper:
    """Implements ``Recogniser``."""

    def __init__(self, model: str, device: str) -> None:
        """``model``: a folder; ``device``: as ``F5_DEVICE``."""
        try:
            from faster_whisper import WhisperModel

            kind, _, index = device.partition(":")
            self._model = WhisperModel(model, kind, int(index or 0), compute_type="default", local_files_only=True)
        except (ImportError, OSError, RuntimeError, ValueError) as error:  # the libraries' own
            raise RecogniserFailed("faster_whisper", f"cannot load {model} ({error})") from None

    def hear(self, question: Question) -> list[HeardWord]:
        """What is said. It is not told what should be: it would hear it."""
        sound = np.asarray(soxr.resample(question.samples, SAMPLE_RATE, _RATE), dtype=np.float32)
        language = question.language[:2].lower()
        segments, _ = self._model.transcribe(
            sound,
            language=language,
            word_timestamps=True,
            beam_size=5,
            temperature=0.0,  # no second, freer guess at what it did not understand
            condition_on_previous_text=False,  # else it is tempted to go on as before
        )
        timed = (word for segment in segments for word in segment.words or ())
        return list(heard_words(timed, language))


def heard_words(timed: Iterable[TimedWord], language: str) -> Iterator[HeardWord]:
    """Words as they are compared: what it writes in digits and signs becomes words, which share the time."""
    for word in timed:
        written = word.word.strip()
        said = words_of(english(written) if language == "en" else written)
        seconds = (word.end - word.start) / max(1, len(said))
        for place, text in enumerate(said):
            yield HeardWord(text, word.start + place * seconds, word.start + (place + 1) * seconds)


def is_english_only(folder: Path) -> bool:
    """Whether a model knows no other language: its vocabulary then lacks their tokens."""
    try:
        tokens = json.loads((folder / "tokenizer.json").read_bytes())["added_tokens"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return not any(isinstance(token, dict) and token.get("content") == "<|de|>" for token in tokens)
