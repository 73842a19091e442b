"""Assembly: an unfinished take collects its chunks as they arrive, and joins them into one waveform. Does no I/O."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from f5_pipeline.audio.join import Joint, join_chunks, starts_of
from f5_pipeline.audio.samples import SAMPLE_RATE, Samples
from f5_pipeline.engine.protocol import Chunk
from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.results.chunk_spans import ChunkSpan
from f5_pipeline.synthesis.request import SynthesisRequest


@dataclass(frozen=True)
class Waveform:
    """The samples of a clip, and what is stored with them."""

    key: str
    samples: Samples  # 24 kHz
    speech: Samples  # the samples without the inserted pauses: what is measured
    text: str
    expected_seconds: float  # of ``speech``
    seed: int
    attempt: int
    chunk_keys: tuple[str, ...] = ()  # the clips that it is joined from
    chunk_spans: tuple[ChunkSpan, ...] = ()


class TakeAssembly:
    """One unfinished take. Its chunks arrive in any order, from several threads."""

    def __init__(self, request: SynthesisRequest, attempt: int, chunks: Sequence[Chunk]) -> None:
        self.request, self.attempt, self.chunks = request, attempt, chunks
        self.key = request.take_key(attempt)
        #: True if the chunks are clips of their own; else the only chunk is the clip.
        self.is_joined = bool(request.utterance.passages) or len(chunks) > 1
        self.samples: Samples | None = None  # of the only chunk; those of a joined take are in the store
        self.error = ""
        self._missing = set(range(len(chunks)))
        self._lock = threading.Lock()

    @property
    def is_complete(self) -> bool:
        return not self._missing

    def put(self, position: int, samples: Samples | None = None, error: str = "") -> bool:
        """Note that a chunk has arrived, or failed; returns True if the take is complete with it."""
        with self._lock:
            self._missing.discard(position)
            self.error = self.error or error
            if samples is not None and not self.is_joined:
                self.samples = samples
            return self.is_complete

    def waveform(self, sounds: Sequence[Samples]) -> Waveform:
        """Join the samples of all chunks, 24 kHz each."""
        joints = [chunk.joint for chunk in self.chunks]
        lead = self.request.lead_seconds
        samples = speech = join_chunks(sounds, joints, lead)
        if lead or any(joint.pause_seconds for joint in joints):
            speech = join_chunks(sounds, [Joint() if joint.pause_seconds else joint for joint in joints])
        return Waveform(
            key=self.key,
            samples=samples,
            speech=speech,
            text=self.request.utterance.spoken_text,
            expected_seconds=sum(chunk.seconds for chunk in self.chunks),
            seed=self.request.take_seed(self.attempt),
            attempt=self.attempt,
            chunk_keys=tuple(chunk.key for chunk in self.chunks) if self.is_joined else (),
            chunk_spans=self._spans(sounds, joints) if self.is_joined else (),
        )

    def _spans(self, sounds: Sequence[Samples], joints: Sequence[Joint]) -> tuple[ChunkSpan, ...]:
        starts = starts_of([sound.size for sound in sounds], joints, self.request.lead_seconds)
        return tuple(
            ChunkSpan(len(words_of(chunk.text)), start / SAMPLE_RATE, (start + sound.size) / SAMPLE_RATE)
            for chunk, start, sound in zip(self.chunks, starts, sounds, strict=True)
        )


def chunk_waveform(chunk: Chunk, samples: Samples) -> Waveform:
    """A chunk as a clip of its own."""
    whole = join_chunks([samples], [Joint()])
    return Waveform(chunk.key, whole, whole, chunk.text, chunk.seconds, chunk.seed, chunk.attempt)
