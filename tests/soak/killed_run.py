"""A whole run of a batch, from manifest to delivered files, in a process that may be killed at any moment.

Everything is real except the model: its waveforms are computed, and every chunk that it speaks is noted in a file.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path

from f5_pipeline.engine.protocol import Chunk, SpokenChunk
from f5_pipeline.errors import ClipDamaged, ObjectMissing, StoreBusy
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import read_index
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import clip_key_of
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.open import open_store
from tests.finished_batches import finish
from tests.material import WORDS, put_voices
from tests.synthesis.fake_engine import FakeEngine

BATCH = "night"
FINISHED, KILLED, STORE_BUSY = 0, -9, 3  # exit codes
_VOICES = ("f2", "m1")
_IMPORTED = ("boto3", "pandas", "psutil", "pyarrow.csv", "pyarrow.parquet", "scipy.ndimage", "scipy.signal")
_SETTINGS = b'format = "flac"\njoin_sections = true\nsubtitles = "srt"\nmax_attempts = 1\n'


def prepare(store: ObjectStore) -> None:
    """Put voices and a manifest of 20 lines, in two voices and two sections, into a store."""
    put_voices(store, *_VOICES)
    texts = [f"The {WORDS[n % 15]} and the {WORDS[(n + 4) % 15]} near the {WORDS[(n * 7) % 15]}." for n in range(20)]
    texts[3] = " ".join(texts)  # several chunks
    texts[5] = texts[4]  # one clip for two lines in one voice
    rows = [f"{_VOICES[n // 2 % 2]},part-{n // 10},{text}" for n, text in enumerate(texts)]
    store.write(f"manifests/{BATCH}.toml", _SETTINGS)
    store.write(f"manifests/{BATCH}.csv", "\n".join(["voice,section,text", *rows]).encode())


class NotingEngine(FakeEngine):
    """Appends the key of each chunk that it speaks to a file, which outlives the process."""

    def __init__(self, notes: Path) -> None:
        super().__init__()
        self._notes = notes

    def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
        for spoken in super().speak(chunks):
            with self._notes.open("a") as file:
                file.write(f"{chunks[spoken.index].key}\n")
            yield spoken


def run(url: str, root: Path, environment: Mapping[str, str]) -> None:
    """The killed process: resolve, speak and deliver."""
    os.environ.update(environment)
    try:
        finish(open_store(url), Settings(store=url, cache=root / "cache"), BATCH, NotingEngine(root / "notes"))
    except StoreBusy:
        os._exit(STORE_BUSY)


def context() -> ForkServerContext:
    """Processes are forked from one that has this module's imports, so that they start quickly."""
    forkserver = multiprocessing.get_context("forkserver")
    forkserver.set_forkserver_preload(["tests.soak.killed_run", *_IMPORTED])
    return forkserver


@dataclass
class Figures:
    """What happened in all runs together."""

    kills: int = 0
    killed_while: dict[str, int] = field(default_factory=lambda: {"preparing": 0, "speaking": 0, "delivering": 0})
    busy: int = 0  # runs that ended because the bucket did not answer
    finished: int = 0
    lost: int = 0  # clips that were stored before a run and not after it, or not whole
    spoken: int = 0  # chunks
    spoken_again: int = 0  # chunks whose clip was stored
    in_hand: int = 0  # chunks that were spoken, and not stored, when the process died


@dataclass
class Night:
    """A store whose batch is run again and again, and checked after each run."""

    store: ObjectStore  # without faults
    root: Path
    figures: Figures
    environment: Mapping[str, str] = field(default_factory=dict)  # of the runs: with faults
    chance: random.Random = field(default_factory=random.Random)
    code: int | None = None  # of the last run
    seconds: float = 0.0  # that it took

    def run(self, kill_within: float | None = None) -> None:
        """Run the batch, and kill the process within so many seconds."""
        stored, noted, started = self._stored(), len(self._noted()), time.monotonic()
        process = context().Process(target=run, args=(self.store.url, self.root, dict(self.environment)))
        process.start()
        process.join(None if kill_within is None else self.chance.random() * kill_within)
        process.kill()
        process.join()
        self.code, self.seconds = process.exitcode, time.monotonic() - started
        assert self.code in (FINISHED, KILLED, STORE_BUSY)
        self._count(self.code, stored, self._noted()[noted:])

    def _count(self, code: int, stored_before: set[str], spoken: list[str]) -> None:
        figures, stored = self.figures, self._stored()
        whole = stored - {key for key in stored - stored_before if not self._is_whole(key)}
        figures.kills += code == KILLED
        if code == KILLED:
            indexed = read_index(self.store, BATCH) is not None
            figures.killed_while["delivering" if indexed else "speaking" if spoken else "preparing"] += 1
        figures.busy += code == STORE_BUSY
        figures.finished += code == FINISHED
        figures.lost += len(stored_before - stored) + len(stored - whole)
        figures.spoken += len(spoken)
        figures.spoken_again += len(stored_before.intersection(spoken)) + len(spoken) - len(set(spoken))
        figures.in_hand += len(set(spoken) - stored)

    def _stored(self) -> set[str]:
        return {key for info in self.store.list("clips/") if (key := clip_key_of(info.key))}

    def _is_whole(self, key: str) -> bool:
        try:
            ClipStore(self.store).load(key)
        except (ClipDamaged, ObjectMissing):
            return False
        return True

    def _noted(self) -> list[str]:
        notes = self.root / "notes"
        return notes.read_text().splitlines() if notes.exists() else []
