"""A worker: gets ready as a single machine does, and speaks the groups of lines that it receives. No Ray here.

Errors are returned as text (``WorkerError``), as an exception might not survive the way to another machine.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from f5_pipeline.engine.protocol import SpeechEngine
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.errors import F5PipelineError, WorkerDiffers
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.models.weights import ReadyModel, ensure_weights
from f5_pipeline.quality.asr.recogniser import RecogniserSpec
from f5_pipeline.quality.asr.selection import choose_recogniser
from f5_pipeline.quality.neural.check import References
from f5_pipeline.quality.neural.networks import NetworksSpec, choose_networks
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.leases import Lease
from f5_pipeline.settings.environment import Settings, load_settings
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.open import open_store
from f5_pipeline.storage.retry import is_transient, limited_retries
from f5_pipeline.synthesis.executor import EngineFor, SynthesisJob
from f5_pipeline.synthesis.neural_checks import NeuralChecker, open_neural_checker
from f5_pipeline.synthesis.prepare import prepare_requests
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.session import run_in_process
from f5_pipeline.synthesis.transcriber import Transcriber, open_transcriber

_ATTEMPTS, _RETRY_SECONDS = 3, 10.0  # to get ready after a transient error
_PATIENCE = 900.0  # seconds with a store that does not answer: half of ``Policy.stall_seconds``
_HOST = platform.node()
_DIFFERENCE = "another version of f5-pipeline, or a voice that was replaced meanwhile"


@dataclass(frozen=True)
class Assignment:
    """The values that all workers of a batch share. The cache and the device come from a worker's own environment."""

    batch: str
    lease: str  # store key of the batch's lease
    store_url: str
    models: Mapping[str, ModelSpec]
    judge: Judge
    recogniser_setting: str | None
    load_engine: EngineFor
    references: References = field(default_factory=dict)  # embeddings of its voices; empty: clips are not measured


@dataclass(frozen=True)
class WorkItem:
    """A group of lines for a worker."""

    utterances: tuple[Utterance, ...]
    keys: tuple[str, ...]  # of their clips, as the batch planned them


@dataclass(frozen=True)
class WorkerReady:
    """A worker can speak."""

    name: str  # host, process and device, for people
    seconds: float  # since its process began


@dataclass(frozen=True)
class WorkerError:
    """A worker cannot get ready, or could not speak an item."""

    reason: str
    transient: bool
    place: str = ""  # the machine, as the pool names it
    differs: bool = False  # True if the item's lines would be other clips on this worker
    worth_repeating: bool = False  # True if it is transient, and the worker has not waited for it yet


@dataclass(frozen=True)
class WorkResult:
    """The result of an item. ``rows`` are in its order."""

    rows: tuple[IndexRow, ...]
    clips_spoken: int
    audio_seconds: float  # of the clips spoken
    takes: tuple[float, ...]  # seconds of audio of each take spoken
    seconds: float  # duration, without loading the model
    not_transcribed: str = ""  # why a clip has no transcript
    not_measured: str = ""  # why a clip has no neural measures
    device: str = ""  # where the model spoke


class Worker:
    """Speaks one item after the other; the engine, voices and the recogniser stay loaded between them."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._began = time.monotonic()
        self._resources = ExitStack()
        self._engines: dict[str, SpeechEngine] = {}

    def prepare(self) -> WorkerReady | WorkerError:
        """Prove the environment and load weights and recogniser, before there is anything to speak."""
        outcome = self._prepare()
        for _ in range(_ATTEMPTS - 1):
            if isinstance(outcome, WorkerReady) or not outcome.worth_repeating:
                break
            time.sleep(_RETRY_SECONDS)
            outcome = self._prepare()
        return outcome

    def _prepare(self) -> WorkerReady | WorkerError:
        try:
            self._settings = load_settings()
            proven = prove_environment(self._settings)
            self._store = self._open_store()
            self._models = {
                name: ReadyModel(spec, ensure_weights(spec, self._settings.cache, self._store))
                for name, spec in self._assignment.models.items()
            }
            spec = _recogniser(self._settings, self._assignment)
            transcriber = open_transcriber(spec, self._store)
            self._transcriber: Transcriber = self._resources.enter_context(transcriber)
            networks = _networks(self._settings, self._assignment)
            checker = open_neural_checker(networks, self._store, lambda *_: self._assignment.references)
            self._checker: NeuralChecker = self._resources.enter_context(checker)
        except F5PipelineError as error:
            return WorkerError(str(error), error.transient, worth_repeating=is_transient(error))
        device = proven.tags.gpu or f"{os.environ.get('OMP_NUM_THREADS') or os.cpu_count()} threads"
        name = f"{_HOST} {os.getpid()}, {device}, {proven.attention} attention"
        return WorkerReady(name, time.monotonic() - self._began)

    def speak(self, item: WorkItem) -> WorkResult | WorkerError:
        """Speak the lines of an item, and store their clips."""
        started, takes = time.monotonic(), _Takes()
        try:
            with limited_retries(_PATIENCE):
                result = run_in_process(self._job(self._requests(item)), takes)
        except F5PipelineError as error:
            return WorkerError(str(error), error.transient, differs=isinstance(error, WorkerDiffers))
        self._transcriber.failures.clear()
        self._checker.failures.clear()
        return WorkResult(
            rows=result.rows,
            clips_spoken=result.clips_spoken,
            audio_seconds=result.audio_seconds_spoken,
            takes=tuple(takes.audio_seconds),
            seconds=time.monotonic() - started - result.load_seconds,
            not_transcribed=result.not_transcribed,
            not_measured=result.not_measured,
            device=result.device,
        )

    def _job(self, requests: list[SynthesisRequest]) -> SynthesisJob:
        assignment = self._assignment
        return SynthesisJob(
            batch=assignment.batch,
            lease=Lease(self._store, assignment.lease),
            store=self._store,
            cache=self._settings.cache,
            requests=requests,
            reused={},
            load_engine=self._engine,
            judge=assignment.judge,
            transcriber=self._transcriber,
            checker=self._checker,
        )

    def _requests(self, item: WorkItem) -> list[SynthesisRequest]:
        """The requests of an item, with the clip keys that the batch planned.

        Raises:
            WorkerDiffers: they would be other clips on this worker.
        """
        requests, rejected = prepare_requests(item.utterances, self._models, self._store, self._settings.cache)
        if rejected:
            raise WorkerDiffers(_HOST, f"refuses the line {rejected[0].id!r}: {rejected[0].reason}")
        for request, key in zip(requests, item.keys, strict=True):
            if request.key != key:
                raise WorkerDiffers(_HOST, f"would make another clip of {request.utterance.id!r} ({_DIFFERENCE})")
        return requests

    def _engine(self, model: ReadyModel) -> SpeechEngine:
        """The engine of a model. Only the last one stays loaded: two may not fit into memory."""
        name = model.spec.name
        if name not in self._engines:
            self._engines.clear()
            self._engines[name] = self._assignment.load_engine(model)
        return self._engines[name]

    def _open_store(self) -> ObjectStore:
        """The store of the batch.

        Raises:
            WorkerDiffers: this machine has another folder or bucket under that URL.
        """
        store = open_store(self._assignment.store_url)
        if store.stat(self._assignment.lease) is None:
            raise WorkerDiffers(_HOST, f"sees another store under {store.url}: this batch is not being spoken there")
        return store


class _Takes:
    """Implements ``Progress``: collects the takes, which go back with the rows."""

    def __init__(self) -> None:
        self.audio_seconds: list[float] = []

    def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None: ...

    def advance(self, audio_seconds: float) -> None:
        self.audio_seconds.append(audio_seconds)


def _recogniser(settings: Settings, assignment: Assignment) -> RecogniserSpec | None:
    """The recogniser of this machine.

    Raises:
        WorkerDiffers: it is not the one that the batch's verdicts need.
    """
    wanted = assignment.judge.recogniser
    spec = choose_recogniser(settings, assignment.recogniser_setting) if wanted else None
    found = spec.name if spec else ""
    if found != wanted:
        raise WorkerDiffers(_HOST, f"has the recogniser {found or 'none'!r}, and the batch needs {wanted!r}")
    return spec


def _networks(settings: Settings, assignment: Assignment) -> NetworksSpec | None:
    """The networks of this machine.

    Raises:
        WorkerDiffers: they are not those that the batch's verdicts need.
    """
    wanted = assignment.judge.networks
    spec = choose_networks(settings) if wanted else None
    found = spec.name if spec else ""
    if found != wanted:
        raise WorkerDiffers(_HOST, f"has the networks {found or 'none'!r}, and the batch needs {wanted!r}")
    return spec
