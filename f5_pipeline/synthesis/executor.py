"""Executors: a synthesis job runs in this process (``session``) or on a cluster (``cluster.driver``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from f5_pipeline.engine.protocol import SpeechEngine
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.leases import Lease
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.neural_checks import NeuralChecker, NullNeuralChecker
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.takes import Takes
from f5_pipeline.synthesis.transcriber import Transcriber

EngineFor = Callable[[ReadyModel], SpeechEngine]  # loads the engine of a model


class LoadedEngine:
    """An ``EngineFor`` that keeps the engine of the last model, for batches that are spoken one after the other.

    Only one, because two models may not fit into a GPU's memory.
    """

    def __init__(self, load: EngineFor) -> None:
        self._load = load
        self._fingerprint = ""
        self._engine: SpeechEngine | None = None

    def __call__(self, model: ReadyModel) -> SpeechEngine:
        if self._engine is None or self._fingerprint != model.files.fingerprint:
            self._engine = None  # released before the next is loaded
            self._engine, self._fingerprint = self._load(model), model.files.fingerprint
        return self._engine


class Progress(Protocol):
    """Receives the progress of a long run. Durations are seconds of audio."""

    def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None:
        """Of ``lines`` lines, ``missing`` different clips have to be spoken, about ``audio_seconds`` long together.

        ``waiting`` further clips are stored and wait for their verdicts; a bad verdict calls for another take.
        """

    def advance(self, audio_seconds: float) -> None:
        """One more take has been spoken and stored."""


class NullProgress:
    """Discards progress."""

    def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None: ...

    def advance(self, audio_seconds: float) -> None: ...


@dataclass(frozen=True)
class SynthesisJob:
    """The requests of a batch, and the rules for their takes."""

    batch: str
    lease: Lease  # protects the clips of its requests
    store: ObjectStore
    cache: Path  # of this machine
    requests: Sequence[SynthesisRequest]
    reused: Takes  # of requests that need nothing more
    load_engine: EngineFor  # called only for a model that has something to speak
    judge: Judge
    transcriber: Transcriber  # on this machine
    recogniser_setting: str | None = None  # from the batch settings: another machine chooses its own recogniser
    checker: NeuralChecker = field(default_factory=NullNeuralChecker)  # on this machine


@dataclass(frozen=True)
class WorkerReport:
    """What one worker of a cluster did. Durations are in seconds."""

    name: str
    lines: int
    audio_seconds: float  # that it spoke
    speaking_seconds: float  # that it took, without loading
    held_seconds: float  # from the start of its process to its release
    left: str = ""  # why it left before the end
    device: str = ""  # where its model spoke

    @property
    def times_real_time(self) -> float:
        """Seconds of audio per second of work."""
        return self.audio_seconds / self.speaking_seconds if self.speaking_seconds else 0.0


@dataclass(frozen=True)
class SynthesisResult:
    """The result of a job: one index row for each request, in their order."""

    rows: tuple[IndexRow, ...]
    clips_spoken: int  # without those that were only joined from stored chunks
    audio_seconds_spoken: float
    load_seconds: float = 0.0  # spent on loading models
    not_transcribed: str = ""  # why a clip has no transcript
    not_measured: str = ""  # why a clip has no neural measures
    workers: tuple[WorkerReport, ...] = ()  # of a cluster
    device: str = ""  # where the model spoke; "": nothing was spoken in this process


Executor = Callable[[SynthesisJob, Progress], SynthesisResult]
