"""A batch in a store, to be spoken here or on a cluster, and what is compared of it."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from f5_pipeline.cluster.sizing import speak_on_ray
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance_file import save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.results.index import IndexRow
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import CLIPS
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.batch import BatchReport, SynthesisContext, speak_batch
from f5_pipeline.synthesis.executor import EngineFor, NullProgress, Progress
from tests.material import WORDS, put_voices

LOG = logging.getLogger("tests.cluster")
PATIENCE = 120.0  # seconds


class Batch:
    """One store, with the batch ``b``."""

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
        """On the cluster that this process is connected to."""
        execute = speak_on_ray(self.settings.model_copy(update=settings), LOG)
        progress = progress or NullProgress()
        context = SynthesisContext(self.store, self.cache, self.catalogue, engine, progress, execute=execute)
        return speak_batch("b", context)

    @property
    def clips(self) -> dict[str, bytes]:
        """All clips, by object key."""
        return {info.key: self.store.read(info.key) for info in self.store.list(CLIPS) if info.key.endswith(".flac")}


def some_lines(count: int) -> list[str]:
    """Different lines, some of them the same as others."""
    generator = random.Random(count)
    texts = [f"{' '.join(generator.choices(WORDS, k=generator.randrange(2, 8)))} {number}." for number in range(count)]
    return [*texts[: count - 2], *texts[:2]]


def essence(row: IndexRow) -> tuple[object, ...]:
    """What is the same wherever a line was spoken."""
    return row.id, row.text, row.spoken_text, row.voice, row.status, row.key, row.clip, row.seed, row.clip_bytes


@contextmanager
def meanwhile(until: Callable[[], bool], action: Callable[[], object]) -> Iterator[list[object]]:
    """Do something as soon as a condition holds, while the block runs; its result goes into the list."""
    done: list[object] = []

    def watch() -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not until():
            time.sleep(0.02)
        done.append(action())

    thread = threading.Thread(target=watch)
    thread.start()
    yield done
    thread.join(PATIENCE)
