"""faster-whisper: a recogniser for about a hundred languages. Its models must be downloaded first (``selection``)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Protocol

import numpy as np
import soxr

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.errors import RecogniserFailed
from f5_pipeline.languages.reading import in_words
from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.quality.asr.recogniser import TranscriptionRequest
from f5_pipeline.results.transcripts import TimedWord
from f5_pipeline.text.language_parts import language_parts

#: Part of the recogniser's name: increase it when the transcript of a clip can change.
VERSION = 4

_RATE = 16_000  # Hz, of its model
_MULTILINGUAL_TOKENS = 51_865  # vocabulary of a multilingual model, at least; English-only models have one less


class _WhisperWord(Protocol):
    """``faster_whisper.transcribe.Word``."""

    start: float
    end: float
    word: str


class Whisper:
    """Implements ``Recogniser``."""

    def __init__(self, model: str, device: str) -> None:
        """``model``: the folder of the model; ``device``: as ``F5_DEVICE``."""
        try:
            from faster_whisper import WhisperModel

            device_type, _, index = device.partition(":")
            self._model = WhisperModel(
                model, device_type, int(index or 0), compute_type="default", local_files_only=True
            )
        except (ImportError, OSError, RuntimeError, ValueError) as error:  # including those of ctranslate2
            raise RecogniserFailed("faster_whisper", f"it cannot load {model} ({error})") from None

    def transcribe(self, request: TranscriptionRequest) -> list[TimedWord]:
        """Transcribe without the text as a prompt, which would bias the transcript towards it."""
        samples = np.asarray(soxr.resample(request.samples, SAMPLE_RATE, _RATE), dtype=np.float32)
        language = request.language[:2].lower()
        segments, _ = self._model.transcribe(
            samples,
            language=language,
            word_timestamps=True,
            beam_size=5,
            temperature=0.0,  # no fallback to sampling where the model is unsure
            condition_on_previous_text=False,  # avoids repetition loops
        )
        words = (word for segment in segments for word in segment.words or ())
        return list(normalised_words(words, language, request.text))


def normalised_words(words: Iterable[_WhisperWord], language: str, expected: str = "") -> Iterator[TimedWord]:
    """Words in the normal form of ``words_of``. Digits and symbols become words in the time of the original.

    ``expected``: the text that the clip should speak, which may have English clauses in a text of another script.
    """
    from rapidfuzz.distance import Levenshtein

    written = list(words)
    tokens = [TimedWord(text, word.start, word.end) for word in written for text in words_of(word.word)]
    text = "".join(word.word for word in written).strip()
    normalised = min(_readings(text, language), key=lambda reading: Levenshtein.distance(reading, words_of(expected)))
    opcodes = Levenshtein.opcodes([token.text for token in tokens], normalised)
    for is_equal, group in groupby(opcodes, lambda code: code.tag == "equal"):
        first, *_, last = (*group,) * 2
        replaced = tokens[first.src_start : last.src_end]
        if is_equal:
            yield from (TimedWord(token.text, float(token.start), float(token.end)) for token in replaced)
        else:
            texts = normalised[first.dest_start : last.dest_end]
            yield from _interpolated(texts, replaced) if replaced else _inserted(texts, tokens[: first.src_start])


def _readings(text: str, language: str) -> list[list[str]]:
    """The words of a text in its language, and, if it has English clauses, with these in English."""
    parts = language_parts(text, language, (language, "en"))
    readings = [in_words(text, language)]
    readings += [" ".join(in_words(part, code) for code, part in parts)] if len(parts) > 1 else []
    return [words_of(reading) for reading in readings]


def _interpolated(texts: Sequence[str], replaced: Sequence[TimedWord]) -> Iterator[TimedWord]:
    """Words spread evenly over the time of the words that they replace. Only the first start time is exact."""
    start, end = float(replaced[0].start), float(replaced[-1].end)
    step = (end - start) / max(1, len(texts))
    for index, text in enumerate(texts):
        yield TimedWord(text, start + index * step, start + (index + 1) * step, timed=index == 0)


def _inserted(texts: Sequence[str], preceding: Sequence[TimedWord]) -> Iterator[TimedWord]:
    """Words without a counterpart in the transcript: zero duration, after the preceding word."""
    at = float(preceding[-1].end) if preceding else 0.0
    yield from (TimedWord(text, at, at, timed=False) for text in texts)


def is_english_only(folder: Path) -> bool:
    """True if a model is English-only, which CTranslate2 derives from the size of the vocabulary.

    ``tokenizer.json`` is less reliable: some have no tokens for time stamps. A folder without a readable vocabulary
    counts as multilingual; the error of loading it says what is wrong.
    """
    size = _vocabulary_size(folder)
    return size is not None and size < _MULTILINGUAL_TOKENS


def _vocabulary_size(folder: Path) -> int | None:
    """The entries of ``vocabulary.json``, a list, or of ``vocabulary.txt`` of older conversions, a line each."""
    with suppress(OSError, ValueError):
        tokens = json.loads((folder / "vocabulary.json").read_bytes())
        return len(tokens) if isinstance(tokens, list) else None
    with suppress(OSError):
        return len((folder / "vocabulary.txt").read_bytes().rstrip(b"\n").split(b"\n"))
    return None
