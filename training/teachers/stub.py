"""A synthesizer for tests: each letter is a phoneme with a tone of its own. Deterministic, and needs no files."""

from __future__ import annotations

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE
from training.teachers.protocol import Samples
from training.teachers.timed import Durations

_UNITS = {**dict.fromkeys("aeiouy", 5), ".": 12, ",": 8, " ": 1}  # durations; 3 for consonants
_LOWEST, _STEP = 200.0, 60.0  # Hz of the tone of "a", and from letter to letter


def synthesizer(voice: str) -> Stub:
    """The synthesizer of a voice; the voice is the pitch of all its tones, relative to the first voice's."""
    return Stub(float(voice))


class Stub:
    """Implements ``TimedSynthesizer``."""

    unit, early, silence = 0.025, 0.0, 0.0

    def __init__(self, pitch: float) -> None:
        self._pitch = pitch

    def symbols(self, text: str) -> str:
        return text.replace("'", "").replace("?", ".").replace("!", ".")

    def durations(self, symbols: str, speed: float) -> Durations:
        units = [_UNITS.get(symbol, 3) for symbol in symbols]
        return np.maximum(1.0, np.rint(np.array([2, *units, 2]) / speed))

    def sound(self, symbols: str, durations: Durations) -> Samples:
        hertz = [_LOWEST + _STEP * (ord(symbol) - ord("a")) if symbol.isalpha() else 0.0 for symbol in symbols]
        counts = np.rint(durations * self.unit * SAMPLE_RATE).astype(int)
        tones = np.repeat([0.0, *hertz, 0.0], counts) * self._pitch
        return np.asarray(0.1 * np.sin(2 * np.pi * np.cumsum(tones) / SAMPLE_RATE), np.float32)
