"""The interface between the pipeline and a speech engine: chunks in, sound out. No torch here.

A chunk is what a model speaks in one go. Which chunks there are is ``plan``'s business, what becomes of the sound
``generate``'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.models.spec import Sampling

HOP_LENGTH = 256  # samples to a mel frame
TARGET_RMS = 0.1  # quieter references are raised to this level, and the speech stays there

#: Part of every clip key. Bump it when the same parts would sound different: also when
#: ``text.spacing`` would give a text other spaces.
ENGINE_VERSION = "f5-packed-3"


@dataclass(frozen=True)
class SpeechChunk:
    """A text to be spoken in one go."""

    text: str
    ref_audio: str  # local path: WAV, 24 kHz, mono
    ref_seconds: float  # how much of it to use, from its beginning
    ref_text: str  # after the text front end
    frames: int  # mel frames to generate
    sampling: Sampling
    seed: int


@dataclass(frozen=True)
class Spoken:
    """What became of one chunk."""

    index: int  # in the sequence of chunks given
    samples: np.ndarray | None  # float32, mono, 24 kHz, shape (n,); None: it failed
    error: str = ""


class SpeechEngine(Protocol):
    """Something that speaks."""

    def speak(self, chunks: Sequence[SpeechChunk]) -> Iterator[Spoken]:
        """Speak all chunks, batched as suits the device; each is given back as soon as it is ready, in any order.

        A chunk sounds the same whatever it is spoken with. One that fails does not stop the others.
        """


def frames_of(seconds: float) -> int:
    """Mel frames of a duration."""
    return round(seconds * SAMPLE_RATE / HOP_LENGTH)


def reference_frames(seconds: float) -> int:
    """Mel frames of so much of a recording, as the model's mel spectrogram counts them."""
    return round(seconds * SAMPLE_RATE) // HOP_LENGTH + 1


def seconds_of(frames: int) -> float:
    """The duration of so many mel frames."""
    return frames * HOP_LENGTH / SAMPLE_RATE
