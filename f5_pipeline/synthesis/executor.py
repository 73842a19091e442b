"""Who carries out what a batch wants spoken: this process, or many machines (``scale``). One order for both."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.engine.protocol import SpeechEngine
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.session import EngineFor, Generation, Progress, generate
from f5_pipeline.synthesis.takes import Takes
from f5_pipeline.synthesis.transcriber import Listener


@dataclass(frozen=True)
class SynthesisJob:
    """Lines that are to have clips, and by which rules."""

    batch: str
    claim: str  # the object by which the batch's clips are claimed
    store: ObjectStore
    cache: Path  # of this machine
    lines: Sequence[SynthesisRequest]
    settled: Takes  # of lines that need nothing more
    load_engine: EngineFor
    judge: Judge
    listener: Listener  # here
    recogniser_word: str | None = None  # what the batch settings say of it: another machine has its own files


@dataclass(frozen=True)
class WorkerReport:
    """What one worker of several did. Times are in seconds."""

    name: str
    lines: int
    audio_seconds: float  # that it spoke
    speaking_seconds: float  # that it took, loading aside
    held_seconds: float  # from when its process began until it was let go
    left: str = ""  # why it did not stay to the end

    @property
    def times_real_time(self) -> float:
        """Seconds of audio for a second of work."""
        return self.audio_seconds / self.speaking_seconds if self.speaking_seconds else 0.0


@dataclass(frozen=True)
class SynthesisResult:
    """What was done of an order."""

    generation: Generation
    load_seconds: float = 0.0  # that nothing was spoken in, because a model was loaded
    not_heard: str = ""  # why a clip was not listened to after all
    workers: tuple[WorkerReport, ...] = ()  # if there were several machines


Speak = Callable[[SynthesisJob, Progress | None], SynthesisResult]


def speak_in_process(order: SynthesisJob, progress: Progress | None = None) -> SynthesisResult:
    """Speak what is missing in this process."""
    loading, listener = Loading(order.load_engine), order.listener
    done = generate(order.lines, ClipStore(order.store), order.settled, loading, progress, order.judge, listener)
    return SynthesisResult(done, loading.seconds, next(iter(listener.failures), ""))


class Loading:
    """Loads engines, and remembers how long it took."""

    def __init__(self, load_engine: EngineFor) -> None:
        self._load, self.seconds = load_engine, 0.0

    def __call__(self, model: ReadyModel) -> SpeechEngine:
        started = time.monotonic()
        engine = self._load(model)
        self.seconds += time.monotonic() - started
        return engine
