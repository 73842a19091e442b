"""What one machine of many does: get ready as a single machine does, and speak what it is given. No Ray here.

What goes wrong is told in words (``WorkerError``): an exception would have to survive its journey to another machine.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from f5_pipeline.engine.protocol import SpeechEngine
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.errors import F5PipelineError, WorkerDiffers
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.models.weights import ReadyModel, ensure_weights
from f5_pipeline.quality.asr.recogniser import RecogniserSpec
from f5_pipeline.quality.asr.selection import choose_recogniser
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.settings.environment import Settings, load_settings
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.open import open_store
from f5_pipeline.synthesis.executor import Loading
from f5_pipeline.synthesis.prepare import cast
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.session import EngineFor, generate
from f5_pipeline.synthesis.transcriber import Listener, listening

_ATTEMPTS, _BETWEEN = 3, 10.0  # to get ready, if it may be a passing trouble; seconds
_WHY = "another version of f5-pipeline, or a voice that was replaced meanwhile"


@dataclass(frozen=True)
class Assignment:
    """What every worker of a batch is told. Where its cache is and what its device is its own environment says."""

    claim: str  # the object that a batch being spoken is known by
    store_url: str
    models: Mapping[str, ModelSpec]
    judge: Judge
    recogniser_word: str | None
    load_engine: EngineFor


@dataclass(frozen=True)
class WorkItem:
    """A group of lines on its way to a worker."""

    utterances: tuple[Utterance, ...]
    keys: tuple[str, ...]  # of their clips, as the batch knows them


@dataclass(frozen=True)
class Ready:
    """A worker can speak."""

    where: str  # host, process, device: for people
    seconds: float  # since its process began


@dataclass(frozen=True)
class WorkerError:
    """Why it cannot."""

    reason: str
    transient: bool
    place: str = ""  # the machine, where whoever placed the worker knows it
    differs: bool = False  # its lines would be other clips here


@dataclass(frozen=True)
class Spoken:
    """What became of a portion. ``rows`` are in its order."""

    rows: tuple[IndexRow, ...]
    clips_spoken: int
    audio_seconds: float  # spoken
    takes: tuple[float, ...]  # seconds of audio of each take that was spoken
    seconds: float  # that it took, loading aside
    not_heard: str = ""


class Worker:
    """Speaks one group after the other; engine, voices and recogniser stay loaded between them."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._began = time.monotonic()
        self._lasting = ExitStack()
        self._engines: dict[str, SpeechEngine] = {}

    def prepare(self) -> Ready | WorkerError:
        """Prove the environment, and have weights and recogniser here, before anything is to be said."""
        trouble = self._prepare()
        for _ in range(_ATTEMPTS - 1):
            if isinstance(trouble, Ready) or not trouble.transient:
                break
            time.sleep(_BETWEEN)
            trouble = self._prepare()
        return trouble

    def _prepare(self) -> Ready | WorkerError:
        try:
            self._settings = load_settings()
            proven = prove_environment(self._settings)
            self._store = self._same_store()
            self._models = {
                name: ReadyModel(spec, ensure_weights(spec, self._settings.cache, self._store))
                for name, spec in self._assignment.models.items()
            }
            spec = _same_recogniser(self._settings, self._assignment)
            self._listener: Listener = self._lasting.enter_context(listening(spec, self._store))
        except F5PipelineError as error:
            return WorkerError(str(error), error.transient)
        device = proven.tags.gpu or f"{os.environ.get('OMP_NUM_THREADS') or os.cpu_count()} threads"
        where = f"{platform.node()} {os.getpid()}, {device}, {proven.attention} attention"
        return Ready(where, time.monotonic() - self._began)

    def speak(self, portion: WorkItem) -> Spoken | WorkerError:
        """Have a clip for each line of a portion, in the store."""
        started, loading, takes = time.monotonic(), Loading(self._engine), _Takes()
        try:
            lines = self._cast(portion)
            clips, judge = ClipStore(self._store), self._assignment.judge
            done = generate(lines, clips, {}, loading, takes, judge, self._listener)
        except F5PipelineError as error:
            return WorkerError(str(error), error.transient, differs=isinstance(error, WorkerDiffers))
        seconds, not_heard = time.monotonic() - started - loading.seconds, next(iter(self._listener.failures), "")
        self._listener.failures.clear()
        spoken, audio_seconds = tuple(takes.audio_seconds), done.audio_seconds_spoken
        return Spoken(done.rows, done.clips_spoken, audio_seconds, spoken, seconds, not_heard)

    def _cast(self, portion: WorkItem) -> list[SynthesisRequest]:
        """The lines, proven to be those that the batch means.

        Raises:
            WorkerDiffers: they would be other clips here.
        """
        lines, rejected = cast(portion.utterances, self._models, self._store, self._settings.cache)
        if rejected:
            raise WorkerDiffers(_here(), f"refuses the line {rejected[0].id!r}: {rejected[0].reason}")
        for line, key in zip(lines, portion.keys, strict=True):
            if line.key != key:
                raise WorkerDiffers(_here(), f"would make another clip of {line.utterance.id!r} ({_WHY})")
        return lines

    def _engine(self, model: ReadyModel) -> SpeechEngine:
        """One at a time: lines of a model come together, and two models may not fit into memory."""
        name = model.spec.name
        if name not in self._engines:
            self._engines.clear()
            self._engines[name] = self._assignment.load_engine(model)
        return self._engines[name]

    def _same_store(self) -> ObjectStore:
        """The store of the batch.

        Raises:
            WorkerDiffers: under its name this machine sees another folder or bucket.
        """
        store = open_store(self._assignment.store_url)
        if store.stat(self._assignment.claim) is None:
            raise WorkerDiffers(_here(), f"sees another store under {store.url}: this batch is not being spoken there")
        return store


class _Takes:
    """Implements ``Progress``: what there is to tell goes back with the rows."""

    def __init__(self) -> None:
        self.audio_seconds: list[float] = []

    def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None: ...

    def advance(self, audio_seconds: float) -> None:
        self.audio_seconds.append(audio_seconds)


def _same_recogniser(settings: Settings, assignment: Assignment) -> RecogniserSpec | None:
    """Who listens here, who must be the one that the batch's verdicts are of."""
    wanted = assignment.judge.recogniser
    spec = choose_recogniser(settings, assignment.recogniser_word) if wanted else None
    found = spec.name if spec else ""
    if found != wanted:
        raise WorkerDiffers(_here(), f"has the recogniser {found or 'none'!r}, and the batch wants {wanted!r}")
    return spec


def _here() -> str:
    return platform.node()
