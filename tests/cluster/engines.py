"""Engines without a model that Ray's workers load by name. They record what they speak, and may be slow."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from f5_pipeline.engine.protocol import Chunk, SpokenChunk
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.synthesis.executor import EngineFor
from tests.synthesis.fake_engine import FakeEngine


class WatchedEngine(FakeEngine):
    """Records each text, before it speaks it, in a file in ``folder`` that is named after its process."""

    def __init__(self, folder: Path, seconds: float, processes: int) -> None:
        super().__init__()
        self._folder, self._seconds, self._processes = folder, seconds, processes

    def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
        for index, chunk in enumerate(chunks):
            with (self._folder / str(os.getpid())).open("a") as file:
                file.write(f"{chunk.text}\n")
            while len(list(self._folder.iterdir())) < self._processes:
                time.sleep(0.02)
            time.sleep(self._seconds)
            yield from (SpokenChunk(index, spoken.samples) for spoken in super().speak([chunk]))


def _load(folder: Path, seconds: float, processes: int, model: ReadyModel) -> WatchedEngine:
    return WatchedEngine(folder, seconds, processes)


class Watched:
    """Loads such engines, and reads their records.

    Args:
        seconds: for each chunk.
        processes: an engine waits until so many have begun.
    """

    def __init__(self, folder: Path, seconds: float = 0.0, processes: int = 1) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.load: EngineFor = partial(_load, folder, seconds, processes)

    @property
    def processes(self) -> list[int]:
        return [int(path.name) for path in self.folder.iterdir()]

    @property
    def texts(self) -> list[str]:
        return [text for path in self.folder.iterdir() for text in path.read_text().splitlines()]
