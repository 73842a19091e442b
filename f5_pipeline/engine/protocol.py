"""The protocol between the pipeline and a speech engine: chunks in, waveforms out. No torch here.

``duration`` cuts a text into chunks; ``synthesis`` joins and stores the waveforms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from f5_pipeline.audio.join import Joint
from f5_pipeline.audio.samples import SAMPLE_RATE, Samples
from f5_pipeline.models.spec import Sampling

HOP_LENGTH = 256  # samples per mel frame
TARGET_RMS = 0.1  # a quieter reference is raised to this level, and the speech keeps it

#: Part of every clip key. Bump it when the same parts would sound different: also when
#: ``models.word_timing`` would pad a text with other spaces.
ENGINE_VERSION = "f5-packed-3"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A text that the model speaks in one pass. An engine reads the fields up to ``seed``."""

    text: str
    ref_audio: str  # local path: WAV, 24 kHz, mono
    ref_seconds: float  # how much of it is used, from its beginning
    ref_text: str  # after the text front end
    frames: int  # mel frames to generate
    sampling: Sampling
    seed: int
    key: str = ""  # its clip key: that of a line with this text alone
    attempt: int = 1  # another attempt has another key and another seed
    language: str = ""  # of the text
    pause_after_seconds: float = 0.0  # silence between it and the next chunk of its line
    cross_fade_seconds: float = 0.0  # overlap with the next chunk, where there is no pause
    voice: str = ""  # the name of its voice

    @property
    def joint(self) -> Joint:
        """The transition to the next chunk of its line."""
        return Joint(self.pause_after_seconds, self.cross_fade_seconds)

    @property
    def seconds(self) -> float:
        """The planned duration, without the pause."""
        return seconds_of(self.frames)


@dataclass(frozen=True)
class SpokenChunk:
    """The result of one chunk."""

    index: int  # in the sequence of chunks given
    samples: Samples | None  # 24 kHz, shape (n,); None: it failed
    error: str = ""


class SpeechEngine(Protocol):
    """A text-to-speech engine."""

    def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
        """Speak all chunks, batched to suit the device; yields each result as soon as it is ready, in any order.

        A chunk sounds the same in every batch. A chunk that fails does not stop the others.
        """


def placement_of(engine: SpeechEngine) -> str:
    """Where an engine speaks, for people: "cuda:0"; "" if it has no attribute ``placement``."""
    return str(getattr(engine, "placement", ""))


def frames_of(seconds: float) -> int:
    """The mel frames of a duration."""
    return round(seconds * SAMPLE_RATE / HOP_LENGTH)


def reference_frames(seconds: float) -> int:
    """The mel frames of the first ``seconds`` of a recording, as the model's mel spectrogram counts them."""
    return round(seconds * SAMPLE_RATE) // HOP_LENGTH + 1


def seconds_of(frames: int) -> float:
    """The duration of mel frames, in seconds."""
    return frames * HOP_LENGTH / SAMPLE_RATE
