"""The state of every batch: what ``manifests.staleness`` says of its inputs, together with its runs in Dagster."""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal, TypeAlias

import dagster as dg

from f5_pipeline.defs.automation.batch_runs import busy_batches, has_failed, latest_run_record
from f5_pipeline.manifests.staleness import NOT_SPOKEN, BatchState, batch_states
from f5_pipeline.results.index import read_index
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.parallel import in_parallel

State: TypeAlias = Literal["not spoken", "spoken", "out of date", "running", "failed", "being submitted"]

_SUBMISSION = "its submission is not complete; if it was interrupted, submit it again"


@dataclass(frozen=True)
class BatchOverview:
    """A batch that has a manifest."""

    batch: str
    state: State
    reason: str  # why the batch needs a run, or cannot have one yet; "" if it needs none
    lines: int | None  # in its index; None if it was never spoken
    audio_seconds: float | None  # of all its clips
    last_run: datetime | None  # the start of its latest run that Dagster has a record of


def batch_overviews(store: ObjectStore, settings: Settings, instance: dg.DagsterInstance) -> list[BatchOverview]:
    """All batches of the store, by name. Reads each index once.

    Raises:
        BadSetting: the user's catalogue cannot be read.
        StoreUnusable: the store cannot be listed or read.
    """
    states = sorted(batch_states(store, settings), key=lambda state: state.batch)
    sizes = in_parallel(lambda state: _size(store, state.batch), states)
    busy = busy_batches(instance, datetime.now(timezone.utc))
    return [_overview(instance, state, size, busy) for state, size in zip(states, sizes, strict=True)]


def _size(store: ObjectStore, batch: str) -> tuple[int, float] | None:
    rows = read_index(store, batch)
    return None if rows is None else (len(rows), sum(row.audio_seconds or 0.0 for row in rows))


def _overview(
    instance: dg.DagsterInstance, state: BatchState, size: tuple[int, float] | None, busy: frozenset[str]
) -> BatchOverview:
    record = latest_run_record(instance, state.batch)
    return BatchOverview(
        state.batch,
        _state(instance, state, record, busy),
        _SUBMISSION if state.being_submitted else state.reason,
        size[0] if size else None,
        size[1] if size else None,
        datetime.fromtimestamp(record.start_time, timezone.utc) if record and record.start_time else None,
    )


def _state(instance: dg.DagsterInstance, state: BatchState, record: dg.RunRecord | None, busy: frozenset[str]) -> State:
    if state.batch in busy:
        return "running"
    if state.being_submitted:
        return "being submitted"
    if not state.reason:
        return "spoken"
    if record is not None and has_failed(instance, record.dagster_run, state.batch):
        return "failed"
    return "not spoken" if state.reason == NOT_SPOKEN else "out of date"
