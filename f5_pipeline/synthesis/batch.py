"""Speaking a batch: from ``utterances.jsonl`` to clips and an index, everything it needs made ready on the way.

The same function serves a first run, a re-run and a fresh worker: weights and voices that are already here cost
milliseconds. Reading the manifest is ``manifest``'s business, delivering is ``delivery``'s.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
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
from f5_pipeline.quality.asr.selection import ChooseRecogniser, no_recogniser
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow, rows_by_key, write_index
from f5_pipeline.results.leases import hold_lease
from f5_pipeline.results.provenance import record_spoken
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.executor import Speak, SynthesisJob, WorkerReport, speak_in_process
from f5_pipeline.synthesis.gc_freeze import gc_paused, gc_unfrozen
from f5_pipeline.synthesis.prepare import cast
from f5_pipeline.synthesis.session import EngineFor, Progress
from f5_pipeline.synthesis.stored_takes import settled_before
from f5_pipeline.synthesis.transcriber import listening


@dataclass(frozen=True)
class BatchReport:
    """What speaking a batch did."""

    batch: str
    rows: tuple[IndexRow, ...]  # in the manifest's order
    clips_spoken: int
    audio_seconds_spoken: float
    seconds: float  # of the whole run
    load_seconds: float  # of it, for loading models
    speak_seconds: float  # of it, for speaking, storing and listening
    recogniser: str = ""  # who listened to the clips; "": nobody
    not_heard: str = ""  # why a clip was not listened to after all
    workers: tuple[WorkerReport, ...] = ()  # if it was spoken on several machines

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have each status, all four of them."""
        return dict.fromkeys(("ok", "suspect", "rejected", "failed"), 0) | Counter(row.status for row in self.rows)

    @property
    def cached(self) -> int:
        return sum(row.cached for row in self.rows)

    @property
    def audio_seconds(self) -> float:
        return sum(row.audio_seconds or 0.0 for row in self.rows)

    @property
    def device_seconds(self) -> float:
        """What was in use for it, all machines together; 0 if nothing was spoken."""
        if self.workers:
            return sum(worker.held_seconds for worker in self.workers)
        return self.load_seconds + self.speak_seconds if self.clips_spoken else 0.0

    @property
    def real_time_factor(self) -> float | None:
        """Seconds of work for a second of audio; None if nothing was spoken."""
        return self.speak_seconds / self.audio_seconds_spoken if self.audio_seconds_spoken else None


@gc_unfrozen()
def speak_batch(
    store: ObjectStore,
    cache: Path,
    batch: str,
    catalogue: Mapping[str, ModelSpec],
    load_engine: EngineFor,
    progress: Progress | None = None,
    choose_recogniser: ChooseRecogniser = no_recogniser,
    speak: Speak = speak_in_process,
) -> BatchReport:
    """Speak what is missing of a batch and write its index.

    Args:
        load_engine: makes the engine of a model; called only if something is missing.
        choose_recogniser: who listens to the clips, by the word of the batch settings.
        speak: who does the speaking: this process, or many machines.

    Raises:
        ObjectMissing: the manifest was not resolved yet (``utterances``).
        UnknownModel, BadWeights, WeightsUnavailable, LicenceForbids: a model cannot be used.
        RecogniserMissing: the recogniser that the batch wants is not here.
        RowsRejected: lines cannot be spoken after all (a recording that cannot be used, characters), and the batch
            stops at bad rows; nothing was spoken.
        Superseded: the batch was submitted anew meanwhile; the index is not touched.
        NothingSpoken: there were lines to speak, and every one of them failed.
    """
    started = time.monotonic()
    version = utterances_version(store, batch)
    with gc_paused():
        contents = load_utterances(store, batch)
    recogniser = choose_recogniser(contents.settings.recogniser)
    judge = Judge(contents.settings.quality, recogniser.name if recogniser else "")
    models = _ready_models(contents, catalogue, cache, store)
    with gc_paused():
        lines, rejected = cast(contents.utterances, models, store, cache)
    if rejected and contents.settings.on_bad_rows == "fail":
        raise RowsRejected(batch, [f"row {row.row}: {row.reason.rstrip('.')}" for row in rejected])
    speaking = time.monotonic()
    known = rows_by_key(store, batch, judge.fingerprint)
    with listening(recogniser, store) as listener, ExitStack() as claimed:
        with gc_paused():
            settled = settled_before(lines, ClipStore(store), known, listener)
            # No index names their clips, until this one does.
            unsettled = [line for line in lines if line.key not in settled] if settled else lines
            keys = (key for line in unsettled for key in line.all_keys())
            mine = claimed.enter_context(hold_lease(store, batch, keys)).name
        word = contents.settings.recogniser
        order = SynthesisJob(batch, mine, store, cache, lines, settled, load_engine, judge, listener, word)
        outcome = speak(order, progress)
        rows = _in_order(contents, outcome.generation.rows, rejected)
        check_not_superseded(store, batch, version, contents)
        write_index(store, batch, rows, judge.fingerprint)
    record_spoken(store, batch, contents.input_versions, sum(row.status == "failed" for row in rows))
    report = BatchReport(
        batch=batch,
        rows=rows,
        clips_spoken=outcome.generation.clips_spoken,
        audio_seconds_spoken=outcome.generation.audio_seconds_spoken,
        seconds=time.monotonic() - started,
        load_seconds=outcome.load_seconds,
        speak_seconds=time.monotonic() - speaking - outcome.load_seconds,
        recogniser=listener.recogniser,
        not_heard=outcome.not_heard,
        workers=outcome.workers,
    )
    if report.counts["failed"] and not report.counts["ok"] + report.counts["suspect"]:
        raise NothingSpoken(batch, report.counts["failed"], next(row.reason for row in rows if row.status == "failed"))
    return report


def _ready_models(
    contents: BatchContents, catalogue: Mapping[str, ModelSpec], cache: Path, store: ObjectStore
) -> dict[str, ReadyModel]:
    """The models that the batch is spoken with, their files on this machine."""
    ready = {}
    for name in dict.fromkeys(utterance.model for utterance in contents.utterances):
        if name not in catalogue:
            raise UnknownModel(name, sorted(catalogue))
        check_licence(catalogue[name], contents.settings.commercial)
        ready[name] = ReadyModel(catalogue[name], ensure_weights(catalogue[name], cache, store))
    return ready


def _in_order(
    contents: BatchContents, spoken_rows: Sequence[IndexRow], rejected: Sequence[RejectedRow]
) -> tuple[IndexRow, ...]:
    """All rows of the batch in the manifest's order."""
    by_id = {row.id: row for row in spoken_rows}
    numbered = [(u.row, by_id[u.id]) for u in contents.utterances if u.id in by_id]
    refused = [(r.row, _rejected_row(r)) for r in (*contents.rejected, *rejected)]
    return tuple(row for _, row in sorted([*numbered, *refused], key=lambda pair: pair[0]))


def _rejected_row(row: RejectedRow) -> IndexRow:
    reason = f"row {row.row}: {row.reason}"
    return IndexRow(id=row.id, text=row.text, voice=row.voice, status="rejected", reason=reason, columns=row.columns)
