"""Sensors: runs that follow an event. Runs at a time of day are in ``schedules``."""

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from functools import cached_property

import dagster as dg

from f5_pipeline.defs.automation.automation_status import default_sensor_status
from f5_pipeline.defs.automation.batch_runs import (
    busy_batches,
    counted,
    describe_submissions,
    latest_run,
    named,
    request_run,
)
from f5_pipeline.defs.automation.manifest_versions import (
    is_run_of,
    manifest_version,
    settled_versions,
    version_run_key,
)
from f5_pipeline.defs.instance.pools import prepare_pool
from f5_pipeline.defs.jobs import speech_batch
from f5_pipeline.defs.partitions import batches
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.manifests.staleness import BatchState, batch_states
from f5_pipeline.results.manifest_files import ManifestFiles, list_manifests
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore

MAX_RUNS = 10  # of one tick; the next ticks take the rest
_MAX_EXAMINED = 200  # manifests whose provenance is read in one tick
_MIN_AGE = timedelta(seconds=5)  # a younger manifest may still be written

_PartitionsRequest = dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest


@dg.sensor(
    job=speech_batch,
    minimum_interval_seconds=30,
    default_status=default_sensor_status(),
    description="Runs every new or changed manifest, once for each version. Removes the partitions of deleted "
    "manifests; their clips stay.",
)
def new_manifests(
    context: dg.SensorEvaluationContext, store: dg.ResourceParam[ObjectStore], settings: dg.ResourceParam[Settings]
) -> dg.SensorResult | dg.SkipReason:
    """Register a partition and request a run for each new or changed manifest; remove partitions of deleted ones.

    A manifest is changed if it or a file beside it was written again. Each version is run once, so a broken manifest
    causes one failed run. Batches are not run if they are finished, have a run that is queued or in progress, or are
    being submitted. At most 10 runs are requested in a tick, the oldest manifests first. Clips of deleted manifests
    stay.
    """
    return scan_manifests(context.instance, store, settings, datetime.now(timezone.utc))


def scan_manifests(
    instance: dg.DagsterInstance, store: ObjectStore, settings: Settings, now: datetime
) -> dg.SensorResult | dg.SkipReason:
    """The sensor's evaluation, with its clock as a parameter. Changes nothing but the pool: see ``prepare_pool``.

    Raises:
        F5PipelineError: a permanent error of the store or the settings. A transient one is a skipped tick.
    """
    try:
        return _Scan(instance, store, settings, now).result()
    except F5PipelineError as error:
        if not error.transient:
            raise
        return dg.SkipReason(f"{error} The next tick tries again.")


class _Scan:
    """One evaluation of the sensor: a listing of the manifests, and what follows from it."""

    def __init__(self, instance: dg.DagsterInstance, store: ObjectStore, settings: Settings, now: datetime) -> None:
        self._instance, self._store, self._settings, self._now = instance, store, settings, now
        # Partitions before manifests. A batch that is submitted in between then has a manifest and no partition; in the
        # other order it would have a partition and no manifest, and lose its partition.
        self._partitions = frozenset(instance.get_dynamic_partitions(str(batches.name)))
        self._settled = frozenset(instance.get_dynamic_partitions(str(settled_versions.name)))
        self._manifests = list_manifests(store)
        self._versions = {batch: manifest_version(store.url, files) for batch, files in self._manifests.items()}

    @cached_property
    def _busy(self) -> frozenset[str]:
        """Queried only if a batch may have to be run or removed, which is not the case at most ticks.

        Queried after the manifests are listed: a run that has ended by then has its results in the store.
        """
        return busy_batches(self._instance, self._now)

    def result(self) -> dg.SensorResult:
        unsettled = [files for files in self._manifests.values() if self._versions[files.batch] not in self._settled]
        ready = [files for files in unsettled if self._is_ready(files)]
        oldest = sorted(ready, key=lambda files: (files.changed, files.batch))[:_MAX_EXAMINED]
        states = batch_states(self._store, self._settings, {files.batch: files for files in oldest})
        requests, settled = self._decide(states)
        if requests:
            prepare_pool(self._instance)
        requested = {str(request.partition_key) for request in requests}
        deleted = self._deleted_batches()
        waiting = {files.batch for files in unsettled if not files.being_submitted} - settled
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else self._skip_message(waiting, deleted),
            dynamic_partitions_requests=[
                *_changes(batches, settled.union(requested) - self._partitions, deleted),
                *_changes(settled_versions, {self._versions[batch] for batch in settled}, self._outdated_versions()),
            ],
        )

    def _is_ready(self, files: ManifestFiles) -> bool:
        if files.being_submitted or files.batch in self._busy:
            return False
        return abs(self._now - files.changed) >= _MIN_AGE  # a time far in the future is a wrong clock, not a new file

    def _decide(self, states: Iterable[BatchState]) -> tuple[list[dg.RunRequest], set[str]]:
        """The runs to request now, and the batches whose version is settled: it needs no run, or its run has ended."""
        requests: list[dg.RunRequest] = []
        settled = set()
        for state in states:
            if not state.reason:
                settled.add(state.batch)
            elif len(requests) < MAX_RUNS:
                version, previous = self._versions[state.batch], latest_run(self._instance, state.batch)
                if is_run_of(previous, version):
                    settled.add(state.batch)
                else:
                    requests.append(request_run(state, version_run_key(version, previous)))
        return requests, settled

    def _deleted_batches(self) -> set[str]:
        """Partitions without a manifest and without a run. Empty if no manifest is left: the store is missing."""
        deleted = self._partitions - self._manifests.keys() if self._manifests else frozenset()
        return set(deleted - self._busy) if deleted else set()

    def _outdated_versions(self) -> frozenset[str]:
        return self._settled - frozenset(self._versions.values()) if self._manifests else frozenset()

    def _skip_message(self, waiting: Iterable[str], deleted: Iterable[str]) -> str:
        if not self._manifests:
            return f"The store {self._store.url} has no manifests."
        parts = [f"{counted(len(self._manifests), 'manifest')}, no run needed now"]
        submissions = [batch for batch, files in self._manifests.items() if files.being_submitted]
        parts += [describe_submissions(submissions)] if submissions else []
        parts += [f"in progress, queued or being written: {names}"] if (names := named(waiting)) else []
        parts += [f"partition removed because the manifest was deleted: {names}"] if (names := named(deleted)) else []
        return "; ".join(parts) + "."


def _changes(
    definition: dg.DynamicPartitionsDefinition, added: Iterable[str], removed: Iterable[str]
) -> list[_PartitionsRequest]:
    requests: list[_PartitionsRequest] = []
    if keys := sorted(added):
        requests.append(definition.build_add_request(keys))
    if keys := sorted(removed):
        requests.append(definition.build_delete_request(keys))
    return requests
