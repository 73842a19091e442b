"""An engine without a model: each seed and text has its own waveform. The engine records the chunks that it speaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.protocol import HOP_LENGTH, Chunk, SpokenChunk
from f5_pipeline.models.weights import ReadyModel


def waveform_of(chunk: Chunk) -> np.ndarray:
    """Syllables of random pitch, as long as the chunk; the measures of ``quality`` find no defect in them."""
    generator = np.random.default_rng([chunk.seed, *chunk.text.encode()])
    samples = np.zeros(chunk.frames * HOP_LENGTH, np.float32)
    start = 0
    while start < samples.size:
        length = round(generator.uniform(0.1, 0.18) * SAMPLE_RATE)
        time = np.arange(min(length, samples.size - start)) / SAMPLE_RATE
        wave = sum(np.sin(2 * np.pi * generator.uniform(100, 3000) * time) for _ in range(4))
        samples[start : start + time.size] = 0.05 * wave * np.hanning(time.size)
        start += length + round(0.03 * SAMPLE_RATE)
    samples[-SAMPLE_RATE // 20 :] = 0
    return samples + 0.0003 * generator.standard_normal(samples.size, np.float32)


def clipped(samples: np.ndarray) -> np.ndarray:
    """A suspect take: so loud that it clips."""
    return np.clip(100 * samples, -1, 1)


def quiet(samples: np.ndarray) -> np.ndarray:
    """A suspect take with a lower penalty than ``clipped``."""
    return 0.1 * samples


def silent(samples: np.ndarray) -> np.ndarray:
    """A failed take: digital silence."""
    return 0 * samples


class FakeEngine:
    """Implements ``SpeechEngine``. Yields chunks in reverse order; speaks on the device ``placement``.

    Args:
        takes: word → functions that change the samples of the first, second, … take of texts that contain the word.
        fails: chunks whose text contains this fail.
        dies_after: raises ``KeyboardInterrupt`` after so many chunks, like a process that is killed.
    """

    placement = "fake:0"

    def __init__(
        self,
        takes: dict[str, Sequence[Callable[[np.ndarray], np.ndarray]]] | None = None,
        fails: str = "\0",
        dies_after: int | None = None,
    ) -> None:
        self.takes, self.fails, self.dies_after = takes or {}, fails, dies_after
        self.spoken: list[Chunk] = []
        self.loaded: list[str] = []
        self._take_counts = Counter[str]()

    @property
    def texts(self) -> list[str]:
        return [chunk.text for chunk in self.spoken]

    def load(self, model: ReadyModel) -> FakeEngine:
        """Implements ``LoadEngine``."""
        self.loaded.append(model.spec.name)
        return self

    def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
        for index, chunk in reversed(list(enumerate(chunks))):
            if self.dies_after is not None and len(self.spoken) >= self.dies_after:
                raise KeyboardInterrupt
            self.spoken.append(chunk)
            if self.fails in chunk.text:
                yield SpokenChunk(index, None, "RuntimeError: engine failed")
            else:
                yield SpokenChunk(index, self._take(chunk)(waveform_of(chunk)))

    def _take(self, chunk: Chunk) -> Callable[[np.ndarray], np.ndarray]:
        self._take_counts[chunk.text] += 1
        for word, takes in self.takes.items():
            if word in chunk.text and self._take_counts[chunk.text] <= len(takes):
                return takes[self._take_counts[chunk.text] - 1]
        return lambda samples: samples
