"""One take in the making: the pieces it waits for, and the sound that they make together. Stores and speaks nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from f5_pipeline.audio.join import Joint, join_chunks, starts_of
from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.results.keys import clip_key, derive_seed
from f5_pipeline.results.segments import Segment
from f5_pipeline.synthesis.request import Piece, SynthesisRequest


@dataclass(frozen=True)
class Sound:
    """What is about to become a clip."""

    key: str
    samples: np.ndarray  # float32, mono, 24 kHz
    said: np.ndarray  # of them, without the pauses that were put in: what is measured
    text: str
    expected_seconds: float  # of ``said``
    seed: int
    attempt: int
    segments: tuple[Segment, ...] = ()  # of a line in pieces


class Work:
    """One take of a line. Its pieces come in any order, from several threads."""

    def __init__(self, line: SynthesisRequest, attempt: int, pieces: Sequence[Piece]) -> None:
        self.line, self.attempt, self.pieces = line, attempt, pieces
        self.key = line.key if attempt == 1 else clip_key(replace(line.parts, attempt=attempt))
        self.in_pieces = bool(line.utterance.passages) or len(pieces) > 1
        self.sounds: list[np.ndarray] = []  # of a short line; the pieces of another are in the store
        self.error = ""
        self._missing = set(range(len(pieces)))
        self._lock = threading.Lock()

    @property
    def complete(self) -> bool:
        return not self._missing

    @property
    def seed(self) -> int:
        return derive_seed(replace(self.line.parts, attempt=self.attempt))

    def put(self, position: int, samples: np.ndarray | None = None, error: str = "") -> bool:
        """A piece is there, or has failed; whether it was the last."""
        with self._lock:
            self._missing.discard(position)
            self.error = self.error or error
            if samples is not None and not self.in_pieces:
                self.sounds.append(samples)
            return self.complete


def sound_of_piece(piece: Piece, samples: np.ndarray) -> Sound:
    """A piece as a clip of its own."""
    whole = join_chunks([samples], [Joint()])
    return Sound(piece.key, whole, whole, piece.chunk.text, piece.seconds, piece.chunk.seed, piece.attempt)


def sound_of_line(work: Work, sounds: Sequence[np.ndarray]) -> Sound:
    """The pieces of a line as one clip."""
    joints, lead = [piece.joint for piece in work.pieces], work.line.lead_seconds
    whole = said = join_chunks(sounds, joints, lead)
    if lead or any(joint.pause_seconds for joint in joints):
        said = join_chunks(sounds, [Joint() if joint.pause_seconds else joint for joint in joints])
    expected = sum(piece.seconds for piece in work.pieces)
    segments = tuple(_segments(work, sounds)) if work.in_pieces else ()
    return Sound(work.key, whole, said, work.line.utterance.spoken_text, expected, work.seed, work.attempt, segments)


def _segments(work: Work, sounds: Sequence[np.ndarray]) -> Iterator[Segment]:
    sizes = [sound.size for sound in sounds]
    starts = starts_of(sizes, [piece.joint for piece in work.pieces], work.line.lead_seconds)
    for piece, start, size in zip(work.pieces, starts, sizes, strict=True):
        yield Segment(len(words_of(piece.chunk.text)), start / SAMPLE_RATE, (start + size) / SAMPLE_RATE)
