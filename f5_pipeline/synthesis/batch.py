"""Speaks a batch, from ``utterances.jsonl`` to clips and an index: load, prepare, reuse, speak, publish.

A first run, a re-run and a fresh machine take the same path: weights and voices that are already on the machine cost
milliseconds. Manifests are read in ``manifests``; files are delivered in ``delivery``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from f5_pipeline.errors import NothingSpoken, RowsRejected, UnknownModel
from f5_pipeline.manifests.utterance import RejectedRow
from f5_pipeline.manifests.utterance_file import (
    BatchContents,
    check_not_superseded,
    load_utterances,
    utterances_version,
)
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.models.weights import ReadyModel, check_licence, ensure_weights
from f5_pipeline.quality.asr.recogniser import RecogniserSpec
from f5_pipeline.quality.asr.selection import ChooseRecogniser, no_recogniser
from f5_pipeline.quality.neural.networks import NetworksSpec, no_networks
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow, rows_by_key, write_index
from f5_pipeline.results.leases import Lease, hold_lease
from f5_pipeline.results.provenance import record_spoken
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.executor import (
    EngineFor,
    Executor,
    NullProgress,
    Progress,
    SynthesisJob,
    SynthesisResult,
    WorkerReport,
)
from f5_pipeline.synthesis.gc_freeze import gc_paused, gc_unfrozen
from f5_pipeline.synthesis.neural_checks import NeuralChecker, embed_voices, open_neural_checker
from f5_pipeline.synthesis.prepare import prepare_requests
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.session import run_in_process
from f5_pipeline.synthesis.stored_takes import reuse_indexed_takes
from f5_pipeline.synthesis.takes import Takes
from f5_pipeline.synthesis.timing import place_row
from f5_pipeline.synthesis.transcriber import Transcriber, open_transcriber
from f5_pipeline.voices.voice import Voice


@dataclass(frozen=True)
class SynthesisContext:
    """The store, the cache and the functions that speaking a batch depends on."""

    store: ObjectStore
    cache: Path  # of this machine
    catalogue: Mapping[str, ModelSpec]
    load_engine: EngineFor  # called only if something has to be spoken
    progress: Progress = field(default_factory=NullProgress)
    choose_recogniser: ChooseRecogniser = no_recogniser  # from the ``recogniser`` of the batch settings
    choose_networks: Callable[[], NetworksSpec | None] = no_networks
    execute: Executor = run_in_process  # or an executor on a cluster


@dataclass(frozen=True)
class BatchReport:
    """The result of speaking a batch. Durations are in seconds."""

    batch: str
    rows: tuple[IndexRow, ...]  # in the manifest's order
    clips_spoken: int
    audio_seconds_spoken: float
    seconds: float  # of the whole run
    load_seconds: float  # spent on loading models
    speak_seconds: float  # spent on speaking, storing and transcribing
    recogniser: str = ""  # that transcribed the clips; "": none
    not_transcribed: str = ""  # why a clip has no transcript
    not_measured: str = ""  # why a clip has no neural measures
    damaged: Mapping[str, str] = field(default_factory=dict)  # clips that were spoken again, with the reasons
    workers: tuple[WorkerReport, ...] = ()  # of a cluster
    device: str = ""  # where the model spoke; "": nothing was spoken in this process

    @property
    def counts(self) -> dict[str, int]:
        """The number of rows of each status, all four of them."""
        return dict.fromkeys(("ok", "suspect", "rejected", "failed"), 0) | Counter(row.status for row in self.rows)

    @property
    def cached(self) -> int:
        return sum(row.cached for row in self.rows)

    @property
    def audio_seconds(self) -> float:
        return sum(row.audio_seconds or 0.0 for row in self.rows)

    @property
    def device_seconds(self) -> float:
        """How long devices were in use, of all machines together; 0 if nothing was spoken."""
        if self.workers:
            return sum(worker.held_seconds for worker in self.workers)
        return self.load_seconds + self.speak_seconds if self.clips_spoken else 0.0

    @property
    def real_time_factor(self) -> float | None:
        """Seconds of work per second of audio; None if nothing was spoken."""
        return self.speak_seconds / self.audio_seconds_spoken if self.audio_seconds_spoken else None


@dataclass(frozen=True)
class _Loaded:
    """A batch with everything that its lines need on this machine."""

    batch: str
    version: str  # of its utterances
    contents: BatchContents
    models: Mapping[str, ReadyModel]
    recogniser: RecogniserSpec | None
    networks: NetworksSpec | None
    judge: Judge


@gc_unfrozen()
def speak_batch(batch: str, context: SynthesisContext) -> BatchReport:
    """Speak the missing clips of a batch and write its index.

    Raises:
        ObjectMissing: the manifest is not resolved yet (``utterances``).
        UnknownModel, BadWeights, WeightsUnavailable, LicenceForbids: a model cannot be used.
        RecogniserMissing: the recogniser of the batch settings is not on this machine.
        RowsRejected: some lines cannot be spoken (an unusable recording, unknown characters), and the batch stops at
            bad rows; nothing was spoken.
        Superseded: the batch was submitted again meanwhile; the index is not touched.
        NothingSpoken: there were lines to speak, and every one of them failed.
    """
    started = time.monotonic()
    loaded = _load(batch, context)
    requests, rejected = _prepare(loaded, context)
    speaking = time.monotonic()
    references = partial(embed_voices, _voices(requests), loaded.judge.networks)
    with (
        open_transcriber(loaded.recogniser, context.store) as transcriber,
        open_neural_checker(loaded.networks, context.store, references) as checker,
    ):
        reused, damaged = _reuse(loaded, context.store, requests, transcriber, checker)
        with hold_lease(context.store, batch, clips_to_protect(requests, reused), context.cache) as lease:
            result = _speak(loaded, context, requests, reused, lease, transcriber, checker)
            rows = _publish(loaded, context.store, _placed(loaded, requests, result), rejected)
    report = _report(
        loaded, result, rows, transcriber.recogniser, time.monotonic() - started, time.monotonic() - speaking
    )
    return replace(report, damaged=damaged)


def _load(batch: str, context: SynthesisContext) -> _Loaded:
    """Load the batch, fetch its models to this machine, and select its recogniser."""
    version = utterances_version(context.store, batch)
    with gc_paused():
        contents = load_utterances(context.store, batch)
    recogniser = context.choose_recogniser(contents.settings.recogniser)
    networks = context.choose_networks()
    names = recogniser.name if recogniser else "", networks.name if networks else ""
    judge = Judge(contents.settings.quality, *names)
    models = {}
    for name in dict.fromkeys(utterance.model for utterance in contents.utterances):
        if (spec := context.catalogue.get(name)) is None:
            raise UnknownModel(name, sorted(context.catalogue))
        check_licence(spec, contents.settings.commercial)
        models[name] = ReadyModel(spec, ensure_weights(spec, context.cache, context.store))
    return _Loaded(batch, version, contents, models, recogniser, networks, judge)


def _prepare(loaded: _Loaded, context: SynthesisContext) -> tuple[list[SynthesisRequest], list[RejectedRow]]:
    """The requests of the batch, and the rows that turn out to be unusable on this machine."""
    utterances = loaded.contents.utterances
    with gc_paused():
        requests, rejected = prepare_requests(utterances, loaded.models, context.store, context.cache)
    if rejected and loaded.contents.settings.on_bad_rows == "fail":
        raise RowsRejected(loaded.batch, [f"row {row.row}: {row.reason.rstrip('.')}" for row in rejected])
    return requests, rejected


def _voices(requests: Sequence[SynthesisRequest]) -> Mapping[str, Voice]:
    """All voices of the batch, by name."""
    all_speakers = {id(request.speakers): request.speakers for request in requests}.values()  # a million share a few
    return {speaker.voice.name: speaker.voice for speakers in all_speakers for speaker in speakers}


def _reuse(
    loaded: _Loaded,
    store: ObjectStore,
    requests: Sequence[SynthesisRequest],
    transcriber: Transcriber,
    checker: NeuralChecker,
) -> tuple[Takes, Mapping[str, str]]:
    """The takes that the last run chose, if it judged by the same rules; and its damaged clips, with the reasons."""
    rows = rows_by_key(store, loaded.batch, loaded.judge.fingerprint)
    with gc_paused():
        return reuse_indexed_takes(requests, ClipStore(store), rows, transcriber, checker)


def clips_to_protect(requests: Sequence[SynthesisRequest], reused: Takes) -> Iterator[str]:
    """The clips of first takes that no index may name yet; those of later takes are added when they are spoken."""
    return (key for request in requests if request.identity not in reused for key in request.clip_keys())


def _speak(
    loaded: _Loaded,
    context: SynthesisContext,
    requests: Sequence[SynthesisRequest],
    reused: Takes,
    lease: Lease,
    transcriber: Transcriber,
    checker: NeuralChecker,
) -> SynthesisResult:
    """Speak what is missing, in this process or on a cluster."""
    job = SynthesisJob(
        batch=loaded.batch,
        lease=lease,
        store=context.store,
        cache=context.cache,
        requests=requests,
        reused=reused,
        load_engine=context.load_engine,
        judge=loaded.judge,
        transcriber=transcriber,
        recogniser_setting=loaded.contents.settings.recogniser,
        checker=checker,
    )
    return context.execute(job, context.progress)


def _placed(loaded: _Loaded, requests: Sequence[SynthesisRequest], result: SynthesisResult) -> list[IndexRow]:
    """The rows of the lines, with the verdict on those that have a time."""
    settings = loaded.contents.settings
    return [
        place_row(request, row, settings.quality, settings.trim.lead)
        for request, row in zip(requests, result.rows, strict=True)
    ]


def _publish(
    loaded: _Loaded, store: ObjectStore, spoken: Sequence[IndexRow], rejected: Sequence[RejectedRow]
) -> tuple[IndexRow, ...]:
    """Write the index and its provenance, unless the batch was submitted again meanwhile."""
    contents = loaded.contents
    rows = _in_order(contents, spoken, rejected)
    check_not_superseded(store, loaded.batch, loaded.version, contents)
    write_index(store, loaded.batch, rows, loaded.judge.fingerprint)
    record_spoken(store, loaded.batch, contents.input_versions, sum(row.status == "failed" for row in rows))
    return rows


def _in_order(
    contents: BatchContents, spoken: Sequence[IndexRow], rejected: Sequence[RejectedRow]
) -> tuple[IndexRow, ...]:
    """All rows of the batch in the manifest's order."""
    by_id = {row.id: row for row in spoken}
    numbered = [(u.row, by_id[u.id]) for u in contents.utterances if u.id in by_id]
    refused = [(r.row, _rejected_row(r)) for r in (*contents.rejected, *rejected)]
    return tuple(row for _, row in sorted([*numbered, *refused], key=lambda pair: pair[0]))


def _rejected_row(row: RejectedRow) -> IndexRow:
    reason = f"row {row.row}: {row.reason}"
    return IndexRow(id=row.id, text=row.text, voice=row.voice, status="rejected", reason=reason, columns=row.columns)


def _report(
    loaded: _Loaded,
    result: SynthesisResult,
    rows: tuple[IndexRow, ...],
    recogniser: str,
    seconds: float,
    speak_seconds: float,
) -> BatchReport:
    report = BatchReport(
        batch=loaded.batch,
        rows=rows,
        clips_spoken=result.clips_spoken,
        audio_seconds_spoken=result.audio_seconds_spoken,
        seconds=seconds,
        load_seconds=result.load_seconds,
        speak_seconds=speak_seconds - result.load_seconds,
        recogniser=recogniser,
        not_transcribed=result.not_transcribed,
        not_measured=result.not_measured,
        workers=result.workers,
        device=result.device,
    )
    if report.counts["failed"] and not report.counts["ok"] + report.counts["suspect"]:
        reason = next(row.reason for row in rows if row.status == "failed")
        raise NothingSpoken(loaded.batch, report.counts["failed"], reason)
    return report
