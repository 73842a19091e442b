"""Engines that Ray's workers load by name: without a model, slow, and deadly where a test wants them to be."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from f5_pipeline.engine.protocol import SpeechChunk, Spoken
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.synthesis.executor import EngineFor
from tests.synthesis.fake_engine import FakeEngine

SICK = "CUDA error: unspecified launch failure"


class WatchedEngine(FakeEngine):
    """Writes down in ``folder`` which process says what, as it begins to."""

    def __init__(self, folder: Path, seconds: float, deadly: str, together: int, sick: bool) -> None:
        super().__init__()
        self._folder, self._seconds, self._deadly, self._together = folder, seconds, deadly, together
        self._sick = sick and _is_first(folder.with_suffix(".sick"))

    def speak(self, chunks: Sequence[SpeechChunk]) -> Iterator[Spoken]:
        for index, chunk in enumerate(chunks):
            with (self._folder / str(os.getpid())).open("a") as file:
                file.write(f"{chunk.text}\n")
            if self._deadly in chunk.text:
                os.kill(os.getpid(), signal.SIGKILL)
            while len(list(self._folder.iterdir())) < self._together:
                time.sleep(0.02)
            if self._sick:
                yield Spoken(index, None, SICK)
                continue
            time.sleep(self._seconds)
            yield from (Spoken(index, spoken.samples) for spoken in super().speak([chunk]))


def _is_first(mark: Path) -> bool:
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _load(folder: Path, seconds: float, deadly: str, together: int, sick: bool, model: ReadyModel) -> WatchedEngine:
    return WatchedEngine(folder, seconds, deadly, together, sick)


class Watched:
    """How to load such engines, and what they wrote down.

    Args:
        seconds: that each chunk takes.
        deadly: its process dies of a chunk whose text contains this.
        together: nobody goes on before so many processes have begun.
        sick: whether everything fails on the first that is loaded.
    """

    def __init__(
        self, folder: Path, seconds: float = 0.0, deadly: str = "\0", together: int = 1, sick: bool = False
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.load: EngineFor = partial(_load, folder, seconds, deadly, together, sick)

    @property
    def processes(self) -> list[int]:
        return [int(path.name) for path in self.folder.iterdir()]

    @property
    def texts(self) -> list[str]:
        return [text for path in self.folder.iterdir() for text in path.read_text().splitlines()]
