"""Sensors: what is started as soon as something happens. What is started at a time of day is in ``schedules``."""

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from functools import cached_property

import dagster as dg

from f5_pipeline.defs.automation.automation_status import sensors_at_start
from f5_pipeline.defs.automation.batch_runs import being_submitted, busy_batches, request_run
from f5_pipeline.defs.automation.manifest_cursor import Known
from f5_pipeline.defs.automation.requested import claim
from f5_pipeline.defs.instance.pools import prepare_pool
from f5_pipeline.defs.jobs import speech_batch
from f5_pipeline.defs.partitions import batches
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.manifests.staleness import BatchState, batch_states
from f5_pipeline.results.manifest_files import ManifestFiles, list_manifests
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore

RUNS_A_TICK = 10  # what comes in a heap is spread over the ticks
_LOOKED_AT_A_TICK = 200  # manifests that are new to the sensor: whether they were spoken already
_SETTLED = timedelta(seconds=5)  # a manifest that is still being written is left for the next tick


@dg.sensor(
    job=speech_batch,
    minimum_interval_seconds=30,
    default_status=sensors_at_start(),
    description="Speaks every new or changed manifest, once for each version. Batches of deleted ones go; clips stay.",
)
def new_manifests(
    context: dg.SensorEvaluationContext, store: dg.ResourceParam[ObjectStore], settings: dg.ResourceParam[Settings]
) -> dg.SensorResult | dg.SkipReason:
    """Every new or changed manifest becomes a partition and one run; a deleted one is a partition no more.

    A manifest counts as changed when it, or what lies beside it, has another ETag. Each version is run once: a broken
    one is one failed run, until it is mended. Nothing is run that was spoken and delivered already, has a run that
    waits or goes on, or is being submitted. At most 10 runs a tick, the longest waiting first. Clips of deleted
    manifests stay.
    """
    try:
        return _Tick(context, store, settings).result()
    except F5PipelineError as error:
        if not error.transient:
            raise
        return dg.SkipReason(f"{error} Nothing is forgotten: the next tick looks again.")


class _Tick:
    """One look at the manifests."""

    def __init__(self, context: dg.SensorEvaluationContext, store: ObjectStore, settings: Settings) -> None:
        self._instance, self._store, self._settings = context.instance, store, settings
        self._now = _now()
        self._known = Known(context.instance, context.cursor, store.url)
        # Before the manifests: of what is submitted in between, the manifest is seen and the partition is not. The
        # other way round it would be a partition without a manifest, and removed.
        self._partitions = frozenset(context.instance.get_dynamic_partitions(str(batches.name)))
        self._manifests = list_manifests(store)

    @cached_property
    def _busy(self) -> frozenset[str]:
        """Asked only where something is to be run or removed: at most ticks, nothing is. After the manifests, as a run
        that has ended by then is no longer in the way, and one that was begun by then is.
        """
        return busy_batches(self._instance, self._now)

    def result(self) -> dg.SensorResult:
        # What is being submitted is not known, whatever it was: it may become what it was, and a run in between failed.
        unknown = {
            name: files for name, files in self._manifests.items() if files.being_submitted or files not in self._known
        }
        ready = {name: files for name, files in unknown.items() if self._settled(files) and name not in self._busy}
        first = sorted(ready.values(), key=lambda files: (files.changed, files.batch))[:_LOOKED_AT_A_TICK]
        states = batch_states(self._store, self._settings, {files.batch: files for files in first})
        wanted = [state for state in states if state.reason][:RUNS_A_TICK]
        wanted = self._claimed(wanted)
        handled = {state.batch for state in wanted} | {state.batch for state in states if not state.reason}
        gone = self._gone()
        return dg.SensorResult(
            run_requests=[request_run(state) for state in wanted],  # no run key: it would be run only once, ever
            skip_reason=None if wanted else self._said(unknown.keys() - handled, gone),
            cursor=self._known.keep(
                files for name, files in self._manifests.items() if name in handled or name not in unknown
            ),
            dynamic_partitions_requests=_partition_requests(handled - self._partitions, gone),
        )

    def _settled(self, files: ManifestFiles) -> bool:
        if files.being_submitted:
            return False
        return abs(self._now - files.changed) >= _SETTLED  # a clock that is far off is no reason to wait for ever

    def _claimed(self, wanted: list[BatchState]) -> list[BatchState]:
        """Those that no other policy has asked for a moment ago."""
        if not wanted:
            return []
        prepare_pool(self._instance)
        mine = claim(self._instance, "new_manifests", (state.batch for state in wanted), self._now)
        return [state for state in wanted if state.batch in mine]

    def _gone(self) -> list[str]:
        """Partitions without a manifest. If there is no manifest at all, it is the store that is gone."""
        gone = self._partitions - self._manifests.keys() if self._manifests else ()
        return sorted(gone - self._busy) if gone else []

    def _said(self, waiting: Iterable[str], gone: list[str]) -> str:
        if not self._manifests:
            return f"The store {self._store.url} has no manifests."
        said = [f"{len(self._manifests)} manifests, none to be run now"]
        submitted = {name for name, files in self._manifests.items() if files.being_submitted}
        waiting = set(waiting) - submitted
        said += [being_submitted(submitted)] if submitted else []
        said += [f"in work or being written: {', '.join(sorted(waiting)[:5])}"] if waiting else []
        said += [f"deleted, and so a partition no more: {', '.join(gone[:5])}"] if gone else []
        return "; ".join(said) + "."


def _partition_requests(
    new: Iterable[str], gone: list[str]
) -> list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest]:
    added = sorted(new)
    return [
        *([batches.build_add_request(added)] if added else []),
        *([batches.build_delete_request(gone)] if gone else []),
    ]


def _now() -> datetime:
    return datetime.now(timezone.utc)
