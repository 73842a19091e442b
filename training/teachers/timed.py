"""Teachers that say how long each phoneme takes before they sound: they can be told another rhythm.

Such a synthesizer predicts a duration for each symbol of its phonetic text, and makes the sound from symbols and
durations. Between the two steps the durations are changed so that each word begins where the padded text
(``models.word_timing``) has it. numpy only; ``kokoro`` and ``stub`` are the synthesizers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.protocol import seconds_of
from f5_pipeline.models.word_timing import WordTiming
from training.recipe import Speaker
from training.teachers.protocol import LEVEL, OWN_RATE, PAUSE, Samples, Speech

LEAD, TAIL = 0.010, 0.050  # seconds that a clip keeps before its first and after its last sound
_MARKS = frozenset(';:,.!?—…"()“”')
_SENTENCE_ENDS = frozenset(".!?")
_PAUSE = 0.35  # seconds
_STRESS, _LONG = "ˈˌ", "ː"

Durations = NDArray[np.float64]


class TimedSynthesizer(Protocol):
    """A synthesizer of two steps. S symbols: phonemes, stress and length marks, punctuation, " " between words.

    Attributes:
        unit: seconds of one unit of its durations.
        early: seconds by which sounds begin before the durations say.
        silence: seconds at the end of the last phoneme's time that are silent already.
    """

    unit: float
    early: float
    silence: float

    def symbols(self, text: str) -> str:
        """The phonetic text; each character is a symbol. "" if there is none."""

    def durations(self, symbols: str, speed: float) -> Durations:
        """(S + 2,) units: silence before, each symbol, silence after. Whole numbers, at least 1 for each symbol."""

    def sound(self, symbols: str, durations: Durations) -> Samples:
        """(n,) float32, 24 kHz: the symbols, each as long as its duration."""


@dataclass(frozen=True)
class TimedText:
    """A text, its phonetic text, and where the words begin in it.

    Attributes:
        text: words separated by single spaces.
        symbols: the phonetic text.
        firsts: index of each word's first symbol.
        end: index after the last symbol that is not a mark.
    """

    text: str
    symbols: str
    firsts: tuple[int, ...]
    end: int

    @classmethod
    def of(cls, text: str, symbols: str) -> TimedText | None:
        """None if the phonetic text has another number of words than the text."""
        spelt = [word.strip("".join(_MARKS)) for word in symbols.split(" ")]
        if not all(spelt) or len(spelt) != len(text.split(" ")):
            return None
        firsts = [
            next(index for index in range(begin, len(symbols)) if symbols[index] not in _MARKS)
            for begin in np.cumsum([0, *(len(word) + 1 for word in symbols.split(" "))])[:-1]
        ]
        return cls(text, symbols, tuple(firsts), len(symbols.rstrip("".join(_MARKS))))

    def bounds(self, durations: Durations) -> Durations:
        """(W + 1,) units at which each word begins, and at which the last one ends."""
        return np.cumsum(durations)[[*self.firsts, self.end]]

    def characters(self) -> list[int]:
        """Index of each word's first character in the text."""
        return [0, *(index + 1 for index, character in enumerate(self.text) if character == " ")]


def in_rhythm(
    timed: TimedText, durations: Durations, word_timing: WordTiming, unit: float, silence: float
) -> Durations:
    """Durations with which each word begins where the padded text has it; the speech stays as long as it is.

    The symbols of a word, with the marks and the space after it, keep their proportions; each has at least one unit.

    Args:
        timed: the text.
        durations: (S + 2,) units, natural.
        word_timing: pads the text.
        unit, silence: of the synthesizer, in seconds.

    Returns:
        (S + 2,) units, whole numbers.
    """
    changed = durations.copy()
    silent = min(round(silence / unit), changed[timed.end] - 1)  # of the last phoneme, which is not scaled
    changed[timed.end] -= silent
    bounds = timed.bounds(changed)
    lead = LEAD / unit
    length = bounds[-1] - bounds[0] + lead + TAIL / unit  # of the clip, in units
    tokens = round(length * unit / seconds_of(1) / word_timing.frames_per_token)  # as in ``training.clips``
    padded = word_timing.padded(timed.text, tokens)
    aims = bounds[0] - lead + length * np.array(_positions(padded, timed.text)) / len(padded)
    ends, clock = [*aims[1:], bounds[-1]], float(bounds[0])
    for first, until, end in zip(timed.firsts, [*timed.firsts[1:], timed.end], ends, strict=True):
        own = slice(first + 1, until + 1)
        changed[own] = _scaled(changed[own], max(until - first, round(float(end) - clock)))
        clock += float(changed[own].sum())
    changed[timed.end] += silent
    return changed


def spoken_at(
    timed: TimedText, durations: Durations, unit: float, early: float
) -> tuple[list[float], list[tuple[float, str]]]:
    """The seconds at which each word begins, and each phoneme with its name.

    A stress mark belongs to the phoneme after it, a length mark to the one before it; marks are ``PAUSE``.
    """
    starts = np.cumsum(durations) * unit - early  # of each symbol, and of the silence after
    phonemes: list[tuple[float, str]] = []
    stressed: float | None = None
    for symbol, start in zip(timed.symbols, starts.tolist(), strict=False):
        if symbol in _STRESS:
            stressed = start if stressed is None else stressed
        elif symbol not in (" ", _LONG):
            phonemes.append((start if stressed is None else stressed, PAUSE if symbol in _MARKS else symbol))
            stressed = None
    phonemes.append((float(starts[len(timed.symbols)]), PAUSE))
    return [float(starts[first]) for first in timed.firsts], phonemes


class TimedTeacher:
    """Implements ``Teacher`` with timed synthesizers.

    Args:
        synthesizer_of: the synthesizer of a voice, by its name.
        word_timing: the rhythm to speak in; None: the synthesizer's own.
    """

    has_pitch = False

    def __init__(self, synthesizer_of: Callable[[str], TimedSynthesizer], word_timing: WordTiming | None) -> None:
        self._synthesizer_of, self._word_timing = synthesizer_of, word_timing

    def phonemes(self, text: str, speaker: Speaker) -> list[str]:
        symbols = self._synthesizer_of(speaker.voice).symbols(text)
        return [symbol for symbol in symbols if symbol not in _MARKS and symbol not in f"{_STRESS}{_LONG} "]

    def word_seconds(self, text: str, speaker: Speaker) -> list[float] | None:
        """(W + 1,) seconds at which each word begins and a clip of the text ends, at ``OWN_RATE``, without sound.

        From the beginning of the clip; None if the text cannot be spoken.
        """
        synthesizer = self._synthesizer_of(speaker.voice)
        timed = TimedText.of(text, synthesizer.symbols(text))
        if timed is None:
            return None
        bounds = timed.bounds(_with_pauses(timed, synthesizer, 1.0)) * synthesizer.unit
        seconds = bounds - bounds[0] + LEAD
        return [0.0, *seconds[1:-1].tolist(), float(seconds[-1]) - synthesizer.silence + TAIL]

    def speak(self, text: str, speaker: Speaker, words_per_minute: int, pitch: int = 0) -> Speech | None:
        synthesizer = self._synthesizer_of(speaker.voice)
        timed = TimedText.of(text, synthesizer.symbols(text))
        if timed is None:
            return None
        durations = _with_pauses(timed, synthesizer, words_per_minute / OWN_RATE)
        if self._word_timing:
            durations = in_rhythm(timed, durations, self._word_timing, synthesizer.unit, synthesizer.silence)
        samples = synthesizer.sound(timed.symbols, durations)
        unit = len(samples) / SAMPLE_RATE / float(durations.sum())
        words, phonemes = spoken_at(timed, durations, unit, synthesizer.early)
        begin, *_, end = timed.bounds(durations) * unit
        end = max(end - synthesizer.silence, begin + LEAD)
        spoken = samples[round(begin * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        level = np.float32(LEVEL / max(1e-6, float(np.sqrt(np.mean(spoken**2)))))
        return Speech(samples * level, tuple(zip(timed.characters(), words, strict=True)), tuple(phonemes))


def _with_pauses(timed: TimedText, synthesizer: TimedSynthesizer, speed: float) -> Durations:
    """The synthesizer's durations; a mark at the end of a sentence inside the text has at least ``_PAUSE``.

    Neural synthesizers speak sentence by sentence, with pauses between; two in one text they hardly part.
    """
    durations = synthesizer.durations(timed.symbols, speed)
    least = round(_PAUSE / speed / synthesizer.unit)
    for index, symbol in enumerate(timed.symbols[: timed.end]):
        if symbol in _SENTENCE_ENDS:
            durations[index + 1] = max(durations[index + 1], least)
    return durations


def _positions(padded: str, text: str) -> list[int]:
    """Index in the padded text of each word's first character."""
    found, at = [], 0
    for word in text.split(" "):
        at = padded.index(word, at)
        found.append(at)
        at += len(word)
    return found


def _scaled(durations: Durations, total: int) -> Durations:
    """Whole numbers, at least 1, in the proportions of ``durations`` as nearly as possible, with this sum."""
    count = len(durations)
    order = np.arange(count)
    ends = np.rint(np.cumsum(durations) * (total / durations.sum()))
    ends = np.maximum.accumulate(np.clip(ends, order + 1, total - count + 1 + order) - order) + order
    return np.diff(ends, prepend=0.0)
