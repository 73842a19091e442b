"""The interface of teachers: the synthesizers whose speech the model learns. Text in, speech with times out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.recipe import Speaker

PAUSE = "_"  # the phoneme that is silence
OWN_RATE = 170  # words per minute: the pace of a neural teacher at speed 1, and of the table of word durations

LEVEL = 0.1  # RMS of every clip, the level that F5 raises references to

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Speech:
    """A teacher's speech for one text.

    Attributes:
        samples: (n,) float32, 24 kHz.
        words: index of each word's first character, and its start in seconds.
        phonemes: start of each phoneme in seconds, and its name; silence is ``PAUSE``.
    """

    samples: Samples
    words: tuple[tuple[int, float], ...]
    phonemes: tuple[tuple[float, str], ...]


class Teacher(Protocol):
    """A synthesizer. Not thread-safe: one thread at a time."""

    has_pitch: bool  # True if ``pitch`` changes the sound

    def phonemes(self, text: str, speaker: Speaker) -> list[str]:
        """The names of a text's phonemes; empty if the text cannot be spoken."""

    def speak(self, text: str, speaker: Speaker, words_per_minute: int, pitch: int = 0) -> Speech | None:
        """Speak a text; None if it cannot be spoken.

        Args:
            text: after the text front end.
            speaker: the voice.
            words_per_minute: the speech rate.
            pitch: added to the speaker's own.
        """
