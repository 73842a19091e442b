"""A pool of workers in the process of the test, and engines for it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from f5_pipeline.cluster.driver import WorkerDied, WorkerEvent
from f5_pipeline.cluster.worker import Assignment, Worker, WorkItem
from f5_pipeline.engine.protocol import Chunk, SpokenChunk
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.synthesis.executor import EngineFor
from tests.synthesis.fake_engine import FakeEngine


class LocalPool:
    """Implements ``WorkerPool``: each call of ``wait`` runs one call of one worker. A ``KeyboardInterrupt`` kills it.

    Args:
        hangs: workers that answer to no item, but once they are stopped.
    """

    def __init__(self, assignment: Assignment, hangs: frozenset[int] = frozenset()) -> None:
        self._assignment, self._hangs = assignment, hangs
        self._workers: dict[int, Worker] = {}
        self._calls: deque[tuple[int, Callable[[], WorkerEvent | None]]] = deque()

    def start(self, worker: int, avoid: frozenset[str]) -> None:
        self._workers[worker] = Worker(self._assignment)
        self._calls.append((worker, self._workers[worker].prepare))

    def assign(self, worker: int, item: WorkItem) -> None:
        if worker not in self._hangs:
            self._calls.append((worker, partial(self._workers[worker].speak, item)))

    def stop(self, worker: int) -> None:
        self._calls = deque((each, call) for each, call in self._calls if each != worker)
        if worker in self._hangs:
            self._calls.append((worker, lambda: WorkerDied("it answers too late")))

    def wait(self, seconds: float) -> list[tuple[int, WorkerEvent]]:
        if not self._calls:
            return []
        worker, call = self._calls.popleft()
        try:
            event = call()
        except KeyboardInterrupt:
            event = WorkerDied("it was killed")
        return [(worker, event)] if event else []


class SlowPool(LocalPool):
    """Each item takes two calls of ``wait``: the first one stores clips of its first half, and takes ``SECONDS``."""

    SECONDS = 0.5

    def assign(self, worker: int, item: WorkItem) -> None:
        def speak_half() -> None:
            half = (len(item.keys) + 1) // 2
            self._workers[worker].speak(WorkItem(item.utterances[:half], item.keys[:half]))
            time.sleep(self.SECONDS)

        self._calls.append((worker, speak_half))
        super().assign(worker, item)


class ScriptedEngine(FakeEngine):
    """Calls ``before`` with the text of each chunk, which may raise."""

    def __init__(self, before: Callable[[str], object]) -> None:
        super().__init__()
        self._before = before

    def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
        for index, chunk in enumerate(chunks):
            self._before(chunk.text)
            yield from (SpokenChunk(index, spoken.samples) for spoken in super().speak([chunk]))


def in_turn(*engines: FakeEngine) -> EngineFor:
    """The first worker loads the first engine, and so on; the last engine is for all that follow."""
    remaining = list(engines)

    def load(model: ReadyModel) -> FakeEngine:
        return remaining.pop(0) if len(remaining) > 1 else remaining[0]

    return load
