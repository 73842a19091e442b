"""pocketsphinx: an English recogniser whose wheel includes its model, so that it needs no download.

Decodes with a grammar of the text and its likely errors (``error_grammar``) instead of dictation, which it seldom gets
right. A word counts as missing only if a forced alignment of the whole text also leaves it next to no time
(``duration_check``): a word that is spoken but sounds odd takes its time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import soxr

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.errors import RecogniserFailed
from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.quality.asr.duration_check import AlignedWord, confirmed_words
from f5_pipeline.quality.asr.error_grammar import transitions
from f5_pipeline.quality.asr.letter_to_sound import phones_of
from f5_pipeline.quality.asr.recogniser import TranscriptionRequest
from f5_pipeline.results.transcripts import TimedWord

#: Part of the recogniser's name: increase it when the transcript of a clip can change.
VERSION = 1

_RATE = 16_000  # Hz, of its model
_FRAMES_PER_SECOND = 100
_MIN_BYTES = 2 * _RATE // 20  # 50 ms of 16-bit samples: shorter clips contain no speech, or not even a frame
# Wide beams, so that badly fitting words are scored, not pruned. Measured with the probabilities of the grammar.
_BEAMS = {"beam": 1e-150, "wbeam": 1e-120, "pbeam": 1e-150}
_GRAMMAR = "errors"


class Sphinx:
    """Implements ``Recogniser``, for English."""

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder
        except (ImportError, OSError) as error:  # OSError: a shared library is missing
            raise RecogniserFailed("pocketsphinx", f"it cannot be loaded ({error})") from None
        self._decoder = Decoder(lm=None, samprate=_RATE, bestpath=False, cmn="batch", loglevel="FATAL", **_BEAMS)
        self._guessed: set[str] = set()  # words outside the dictionary, whose pronunciation is a guess

    def transcribe(self, request: TranscriptionRequest) -> list[TimedWord]:
        """The text as spoken, with its errors. Finds no words other than those of the text and of the reference."""
        text, ref_words = words_of(request.text), words_of(request.ref_text)
        pcm = _pcm(request.samples)
        for word in {*text, *ref_words}:
            self._add_to_dictionary(word)
        words = self._decode_with_errors(pcm, text, ref_words) if text and len(pcm) >= _MIN_BYTES else []
        return [TimedWord(w.word, w.first / _FRAMES_PER_SECOND, (w.last + 1) / _FRAMES_PER_SECOND) for w in words]

    def _decode_with_errors(self, pcm: bytes, text: list[str], ref_words: list[str]) -> list[AlignedWord]:
        start, final, grammar = transitions(text, ref_words, self._pronunciations)
        decoder = self._decoder
        decoder.add_fsg(_GRAMMAR, decoder.create_fsg(_GRAMMAR, start, final, grammar))
        decoder.activate_search(_GRAMMAR)
        decoded = self._decode(pcm)
        if [aligned.word for aligned in decoded] == text:
            return decoded
        alignment = self._force_align(pcm, text)
        words = confirmed_words(text, decoded, alignment, self._count_phones)
        if words == text:
            return alignment
        if words == [aligned.word for aligned in decoded]:
            return decoded
        return self._force_align(pcm, words) or decoded

    def _force_align(self, pcm: bytes, words: Sequence[str]) -> list[AlignedWord]:
        """The forced alignment of the words; empty if they do not fit the clip."""
        if not words:
            return []
        self._decoder.set_align_text(" ".join(words))
        aligned = self._decode(pcm)
        return aligned if [found.word for found in aligned] == list(words) else []

    def _decode(self, pcm: bytes) -> list[AlignedWord]:
        self._decoder.reinit_feat()  # resets the noise and channel estimates, which would affect the next clip
        self._decoder.start_utt()
        try:
            self._decoder.process_raw(pcm, full_utt=True)
        finally:
            self._decoder.end_utt()  # without it, the decoder cannot start another utterance
        segments = [(_word(part.word), part.start_frame, part.end_frame) for part in self._decoder.seg() or ()]
        return [AlignedWord(word, first, last) for word, first, last in segments if word]

    def _add_to_dictionary(self, word: str) -> None:
        if self._decoder.lookup_word(word) is None:
            self._decoder.add_word(word, phones_of(word), True)
            self._guessed.add(word)

    def _pronunciations(self, word: str) -> list[str]:
        """The names of a word's pronunciations in the dictionary: "a", "a(2)", …"""
        names = [word]
        while self._decoder.lookup_word(variant := f"{word}({len(names) + 1})") is not None:
            names.append(variant)
        return names

    def _count_phones(self, word: str) -> int:
        """The number of phones of a word; 0 if its pronunciation is a guess."""
        return 0 if word in self._guessed else len(self._decoder.lookup_word(word).split())


def _word(segment: str) -> str:
    """The word of a decoded segment; "" for silence and grammar symbols."""
    return "" if segment.startswith(("<", "[", "(")) else re.sub(r"\(\d+\)$", "", segment)


def _pcm(samples: np.ndarray) -> bytes:
    """Samples (float32, 24 kHz) as 16-bit PCM at 16 kHz."""
    resampled = soxr.resample(samples, SAMPLE_RATE, _RATE)
    return bytes(np.rint(np.clip(resampled, -1, 1) * 32767).astype("<i2").tobytes())
