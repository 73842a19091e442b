"""Engines that Ray's workers load by name: without a model, slow, and deadly where a test wants them to be."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from f5_pipeline.speech.engine import SpeechChunk, Spoken
from f5_pipeline.speech.generate import EngineFor
from f5_pipeline.speech.lines import ReadyModel
from tests.speech.fake_engine import FakeEngine


class WatchedEngine(FakeEngine):
    """Writes down in ``folder`` which process says what, as it begins to."""

    def __init__(self, folder: Path, seconds: float, deadly: str, together: int) -> None:
        super().__init__()
        self._folder, self._seconds, self._deadly, self._together = folder, seconds, deadly, together

    def speak(self, chunks: Sequence[SpeechChunk]) -> Iterator[Spoken]:
        for index, chunk in enumerate(chunks):
            with (self._folder / str(os.getpid())).open("a") as file:
                file.write(f"{chunk.text}\n")
            if self._deadly in chunk.text:
                os.kill(os.getpid(), signal.SIGKILL)
            while len(list(self._folder.iterdir())) < self._together:
                time.sleep(0.02)
            time.sleep(self._seconds)
            yield from (Spoken(index, spoken.samples) for spoken in super().speak([chunk]))


def _load(folder: Path, seconds: float, deadly: str, together: int, model: ReadyModel) -> WatchedEngine:
    return WatchedEngine(folder, seconds, deadly, together)


class Watched:
    """How to load such engines, and what they wrote down.

    Args:
        seconds: that each chunk takes.
        deadly: its process dies of a chunk whose text contains this.
        together: nobody goes on before so many processes have begun.
    """

    def __init__(self, folder: Path, seconds: float = 0.0, deadly: str = "\0", together: int = 1) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.load: EngineFor = partial(_load, folder, seconds, deadly, together)

    @property
    def processes(self) -> list[int]:
        return [int(path.name) for path in self.folder.iterdir()]

    @property
    def texts(self) -> list[str]:
        return [text for path in self.folder.iterdir() for text in path.read_text().splitlines()]
