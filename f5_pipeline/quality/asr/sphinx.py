"""pocketsphinx: an English recogniser whose wheel brings its model along, so that it needs no download.

It is not asked what is said, which it seldom knows, but which of the ways through a ``grammar`` of likely mistakes fits
best. A word that this leaves out counts as missing only if, when the whole text is laid over the sound, next to no time
falls to it: a word that is there and merely sounds odd takes its time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import soxr

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.errors import RecogniserFailed
from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.quality.asr.grammar import transitions
from f5_pipeline.quality.asr.mistakes import Said, confirmed
from f5_pipeline.quality.asr.recogniser import Question
from f5_pipeline.quality.asr.spelling import phones_of
from f5_pipeline.results.transcripts import TimedWord

#: Part of the name of what it hears: raise it when the same clip should be heard otherwise.
VERSION = 1

_RATE = 16_000  # Hz, of its model
_FRAMES_PER_SECOND = 100
_SHORTEST = 2 * _RATE // 20  # bytes: in less than 50 ms nothing is said, and it has no frame to look at
# Wide, or what fits badly is given up on instead of being called so. Measured with the grammar's probabilities.
_BEAMS = {"beam": 1e-150, "wbeam": 1e-120, "pbeam": 1e-150}


class Sphinx:
    """Implements ``Recogniser``, for English."""

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder
        except (ImportError, OSError) as error:  # OSError: a shared library is missing
            raise RecogniserFailed("pocketsphinx", f"cannot be loaded ({error})") from None
        self._decoder = Decoder(lm=None, samprate=_RATE, bestpath=False, cmn="batch", loglevel="FATAL", **_BEAMS)
        self._spelled: set[str] = set()  # words that its dictionary lacks: it knows little of how they sound

    def hear(self, question: Question) -> list[TimedWord]:
        """The text as it is said, with its mistakes. Words that are neither of the text nor leaked are not heard."""
        text, before = words_of(question.text), words_of(question.before)
        sound = _sound(question.samples)
        for word in {*text, *before}:
            self._learn(word)
        said = self._with_mistakes(sound, text, before) if text and len(sound) >= _SHORTEST else []
        return [TimedWord(s.word, s.first / _FRAMES_PER_SECOND, (s.last + 1) / _FRAMES_PER_SECOND) for s in said]

    def _with_mistakes(self, sound: bytes, text: list[str], before: list[str]) -> list[Said]:
        first, last, ways = transitions(text, before, self._ways)
        decoder = self._decoder
        decoder.add_fsg("mistakes", decoder.create_fsg("mistakes", first, last, ways))
        decoder.activate_search("mistakes")
        said = self._decode(sound)
        if [one.word for one in said] == text:
            return said
        laid = self._laid_over(sound, text)
        words = confirmed(text, said, laid, self._phones)
        if words == text:
            return laid
        return said if words == [one.word for one in said] else self._laid_over(sound, words) or said

    def _laid_over(self, sound: bytes, words: Sequence[str]) -> list[Said]:
        """When each of the words would be said; nothing if they do not fit at all."""
        if not words:
            return []
        self._decoder.set_align_text(" ".join(words))
        said = self._decode(sound)
        return said if [one.word for one in said] == list(words) else []

    def _decode(self, sound: bytes) -> list[Said]:
        self._decoder.reinit_feat()  # what it learned of noise and channel would change what it hears in the next
        self._decoder.start_utt()
        try:
            self._decoder.process_raw(sound, full_utt=True)
        finally:
            self._decoder.end_utt()  # or it hears nothing any more
        found = [(_word(part.word), part.start_frame, part.end_frame) for part in self._decoder.seg() or ()]
        return [Said(word, first, last) for word, first, last in found if word]

    def _learn(self, word: str) -> None:
        if self._decoder.lookup_word(word) is None:
            self._decoder.add_word(word, phones_of(word), True)
            self._spelled.add(word)

    def _ways(self, word: str) -> list[str]:
        """A word as the dictionary names its pronunciations: "a", "a(2)", …"""
        ways = [word]
        while self._decoder.lookup_word(another := f"{word}({len(ways) + 1})") is not None:
            ways.append(another)
        return ways

    def _phones(self, word: str) -> int:
        """How many sounds a word has; 0: nobody knows."""
        return 0 if word in self._spelled else len(self._decoder.lookup_word(word).split())


def _word(part: str) -> str:
    """The word of a part of what was decoded; "" for silence and for the grammar's own marks."""
    return "" if part.startswith(("<", "[", "(")) else re.sub(r"\(\d+\)$", "", part)


def _sound(samples: np.ndarray) -> bytes:
    """Samples as its model reads them: 16 kHz, 16 bit."""
    resampled = soxr.resample(samples, SAMPLE_RATE, _RATE)
    return bytes(np.rint(np.clip(resampled, -1, 1) * 32767).astype("<i2").tobytes())
