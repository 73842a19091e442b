"""A batch in a store, spoken in this process, on a pool of workers or on a cluster; and what tests compare of it."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from f5_pipeline.cluster.driver import WorkerPool, speak_with
from f5_pipeline.cluster.policy import Policy
from f5_pipeline.cluster.sizing import speak_on_ray
from f5_pipeline.cluster.worker import Assignment
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance_file import save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.quality.neural.networks import choose_networks
from f5_pipeline.results.index import IndexRow
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import CLIPS
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.batch import BatchReport, SynthesisContext, speak_batch
from f5_pipeline.synthesis.executor import EngineFor, Executor, NullProgress, Progress
from tests.cluster.local_pool import LocalPool
from tests.material import WORDS, put_voices

LOG = logging.getLogger("tests.cluster")
TIMEOUT = 120.0  # seconds


class Batch:
    """The batch ``b`` in a store of its own."""

    def __init__(self, store: ObjectStore, cache: Path) -> None:
        self.store, self.cache = store, cache
        self.settings = Settings(cache=cache, model="demo", recogniser="none", ray_cpus_per_worker=1)
        self.catalogue = load_catalogue(self.settings)
        put_voices(store, "f2", "m1")

    def write(self, texts: list[str], toml: str = "") -> None:
        rows = "".join(f"{text},{('f2', 'm1')[number % 2]}\n" for number, text in enumerate(texts))
        self.store.write("manifests/b.csv", f"text,voice\n{rows}".encode())
        self.store.write("manifests/b.toml", toml.encode())
        save_utterances(self.store, "b", read_utterances(self.store, "b", self.settings, self.catalogue))

    def speak_in_process(self, engine: EngineFor) -> BatchReport:
        return speak_batch("b", SynthesisContext(self.store, self.cache, self.catalogue, engine))

    def speak_on_ray(self, engine: EngineFor, progress: Progress | None = None, **settings: object) -> BatchReport:
        """On the cluster that this process is connected to, or on the one that ``settings`` name."""
        return self._speak(engine, progress, speak_on_ray(self.settings.model_copy(update=settings), LOG))

    def speak_on_pool(
        self,
        engine: EngineFor,
        progress: Progress | None = None,
        policy: Policy = Policy(1),  # noqa: B008 - it is frozen
        pool: Callable[[Assignment], WorkerPool] = LocalPool,
    ) -> BatchReport:
        @contextmanager
        def open_pool(assignment: Assignment) -> Iterator[tuple[WorkerPool, Policy]]:
            yield pool(assignment), policy

        return self._speak(engine, progress, speak_with(open_pool, LOG, log_seconds=0.0))

    def _speak(self, engine: EngineFor, progress: Progress | None, execute: Executor) -> BatchReport:
        progress = progress or NullProgress()
        networks = partial(choose_networks, self.settings)
        context = SynthesisContext(
            self.store, self.cache, self.catalogue, engine, progress, choose_networks=networks, execute=execute
        )
        return speak_batch("b", context)

    @property
    def clips(self) -> dict[str, bytes]:
        """All clips, by object key."""
        return {info.key: self.store.read(info.key) for info in self.store.list(CLIPS) if info.key.endswith(".flac")}


class CountingProgress:
    """Implements ``Progress``."""

    def __init__(self) -> None:
        self.begun: tuple[int, int, int] = (0, 0, 0)
        self.audio: list[float] = []

    def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None:
        self.begun = lines, missing, waiting

    def advance(self, audio_seconds: float) -> None:
        self.audio.append(audio_seconds)


def worker_variables(cache: Path) -> dict[str, str]:
    """Environment variables of a machine with workers."""
    return {"F5_CACHE": str(cache), "F5_DEVICE": "cpu", "F5_RECOGNISER": "none"}


def some_lines(count: int) -> list[str]:
    """So many lines; the last two repeat the first two."""
    generator = random.Random(count)
    texts = [f"{' '.join(generator.choices(WORDS, k=generator.randrange(2, 8)))} {number}." for number in range(count)]
    return [*texts[: count - 2], *texts[:2]]


def comparable(row: IndexRow) -> tuple[object, ...]:
    """The columns that do not depend on where a line was spoken."""
    return row.id, row.text, row.spoken_text, row.voice, row.status, row.key, row.clip, row.seed, row.clip_bytes


@contextmanager
def meanwhile(until: Callable[[], bool], action: Callable[[], object]) -> Iterator[list[object]]:
    """Run ``action`` as soon as a condition holds, while the block runs; its result goes into the list."""
    results: list[object] = []

    def watch() -> None:
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline and not until():
            time.sleep(0.02)
        results.append(action())

    thread = threading.Thread(target=watch)
    thread.start()
    yield results
    thread.join(TIMEOUT)


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
