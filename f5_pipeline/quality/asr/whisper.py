"""faster-whisper: a recogniser for about a hundred languages, by models that are fetched beforehand (``choice``)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol

import numpy as np
import soxr

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.errors import RecogniserFailed
from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.quality.asr.recogniser import Question
from f5_pipeline.results.transcripts import TimedWord
from f5_pipeline.text.english import english
from f5_pipeline.text.languages import other_language

#: Part of the name of what it hears: raise it when the same clip should be heard otherwise.
VERSION = 3

_RATE = 16_000  # Hz, of its model
_ALL_LANGUAGES = 51_865  # tokens of a model for all languages; one for English alone has one less


class _WhisperWord(Protocol):
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

    def hear(self, question: Question) -> list[TimedWord]:
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


def heard_words(timed: Iterable[_WhisperWord], language: str) -> Iterator[TimedWord]:
    """Words as they are compared. What it writes in digits and signs becomes the words that are said in that time."""
    from rapidfuzz.distance import Levenshtein

    written = list(timed)
    tokens = [TimedWord(text, word.start, word.end) for word in written for text in words_of(word.word)]
    whole = "".join(word.word for word in written).strip()
    said = words_of(english(whole) if language == "en" else other_language(whole, language))
    steps = Levenshtein.opcodes([token.text for token in tokens], said)
    for alike, group in groupby(steps, lambda step: step.tag == "equal"):
        first, *_, last = (*group,) * 2
        spoken = tokens[first.src_start : last.src_end]
        if alike:
            yield from (TimedWord(token.text, float(token.start), float(token.end)) for token in spoken)
        else:
            texts = said[first.dest_start : last.dest_end]
            yield from _shared(texts, spoken) if spoken else _unheard(texts, tokens[: first.src_start])


def _shared(texts: Sequence[str], spoken: Sequence[TimedWord]) -> Iterator[TimedWord]:
    """Words that are said in the time of others: when the first of them begins is known, not when the next do."""
    start, end = float(spoken[0].start), float(spoken[-1].end)
    step = (end - start) / max(1, len(texts))
    for place, text in enumerate(texts):
        yield TimedWord(text, start + place * step, start + (place + 1) * step, timed=place == 0)


def _unheard(texts: Sequence[str], before: Sequence[TimedWord]) -> Iterator[TimedWord]:
    """Words that are read between two others, in no time of their own."""
    at = float(before[-1].end) if before else 0.0
    yield from (TimedWord(text, at, at, timed=False) for text in texts)


def is_english_only(folder: Path) -> bool:
    """Whether a model knows no other language; by the rule of the library, the size of its vocabulary."""
    try:
        tokenizer = json.loads((folder / "tokenizer.json").read_bytes())
        added = [token["id"] for token in tokenizer["added_tokens"]]
        return 1 + max([*tokenizer["model"]["vocab"].values(), *added]) < _ALL_LANGUAGES
    except (OSError, ValueError, KeyError, TypeError):
        return False
