"""Sensors: runs that follow an event. Runs at a time of day are in ``schedules``."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from functools import cached_property

import dagster as dg

from f5_pipeline.defs.automation.batch_groups import group_batches, registration_order
from f5_pipeline.defs.automation.batch_runs import (
    busy_batches,
    describe_submissions,
    has_failed,
    latest_run,
    named,
    request_run,
)
from f5_pipeline.defs.automation.manifest_versions import (
    deleted_version,
    is_run_of,
    manifest_version,
    version_run_key,
)
from f5_pipeline.defs.dagster_internals import UnresolvedAssetJobDefinition
from f5_pipeline.defs.instance.pools import prepare_pool
from f5_pipeline.defs.pipeline import DEFAULT, Pipeline
from f5_pipeline.display.units import plural
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.manifests.staleness import BatchState, batch_states
from f5_pipeline.results.manifest_files import ManifestFiles, list_manifests
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.retry import limited_retries

MAX_RUNS = 10  # of one tick; the next ticks take the rest
_MAX_EXAMINED = 200  # manifests whose provenance is read in one tick
_PATIENCE = 10.0  # seconds with a store that does not answer; Dagster ends a tick after a minute
_MIN_AGE = timedelta(seconds=5)  # a younger manifest may still be written
_DELETED = "The manifest was deleted. The batch's clips, files and partition stay until you delete them."

_Due = dict[str, tuple[BatchState, dg.DagsterRun | None]]  # batches to run with their previous runs, oldest first
_PartitionsRequest = dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest


def new_manifests(pipeline: Pipeline, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """The sensor ``new_manifests``, which starts runs of ``job``."""

    def new_manifests(
        context: dg.SensorEvaluationContext, store: dg.ResourceParam[ObjectStore], settings: dg.ResourceParam[Settings]
    ) -> dg.SensorResult | dg.SkipReason:
        """Register a partition and request a run for each new or changed manifest; mark those of deleted ones.

        A manifest is changed if it or a file beside it was written again. Each version is run once, whether the sensor
        or a person started the run, so a broken manifest causes one failed run. Batches are not run if they are
        finished, have a run that is queued or in progress, or are being submitted. At most 10 runs are requested in a
        tick, the oldest manifests first; a run takes at most ``F5_BATCHES_PER_RUN`` small batches.

        A deleted manifest is an observation of its partition of ``utterances``. The partition stays: Dagster's page of
        automation shows evaluations of the last 30 days, and fails if one of them names a partition that does not
        exist.
        """
        return scan_manifests(context.instance, store, settings, datetime.now(timezone.utc), pipeline)

    return dg.sensor(
        name=pipeline.name("new_manifests"),
        job=job,
        minimum_interval_seconds=30,
        default_status=pipeline.sensor_status,
        description="Runs every new or changed manifest, once for each version; a run may take several. Marks the "
        "partitions of deleted manifests; their clips stay.",
    )(pipeline.with_resources(new_manifests))


def scan_manifests(
    instance: dg.DagsterInstance, store: ObjectStore, settings: Settings, now: datetime, pipeline: Pipeline = DEFAULT
) -> dg.SensorResult | dg.SkipReason:
    """The sensor's evaluation, with its clock as a parameter. Changes nothing but the pool: see ``prepare_pool``.

    Raises:
        F5PipelineError: a permanent error of the store or the settings. A transient one is a skipped tick.
    """
    try:
        with limited_retries(_PATIENCE):
            return _Scan(instance, store, settings, now, pipeline).result()
    except F5PipelineError as error:
        if not error.transient:
            raise
        return dg.SkipReason(f"{error} The next tick tries again.")


class _Scan:
    """One evaluation of the sensor: a listing of the manifests, and what follows from it."""

    def __init__(
        self, instance: dg.DagsterInstance, store: ObjectStore, settings: Settings, now: datetime, pipeline: Pipeline
    ) -> None:
        self._instance, self._store, self._settings, self._now = instance, store, settings, now
        self._pipeline = pipeline
        # Partitions before manifests. A batch that is submitted in between then has a manifest and no partition; in the
        # other order it would have a partition and no manifest, and count as deleted.
        self._partitions = instance.get_dynamic_partitions(str(pipeline.batches.name))
        self._settled = frozenset(instance.get_dynamic_partitions(str(pipeline.settled_versions.name)))
        self._manifests = list_manifests(store)
        self._versions = {batch: manifest_version(store.url, files) for batch, files in self._manifests.items()}

    @cached_property
    def _busy(self) -> frozenset[str]:
        """Queried only if a batch may have to be run or marked, which is not the case at most ticks.

        Queried after the manifests are listed: a run that has ended by then has its results in the store.
        """
        return busy_batches(self._instance, self._now, self._pipeline)

    def result(self) -> dg.SensorResult:
        unsettled = [files for files in self._manifests.values() if self._versions[files.batch] not in self._settled]
        ready = [files for files in unsettled if self._is_ready(files)]
        oldest = sorted(ready, key=lambda files: (files.changed, files.batch))[:_MAX_EXAMINED]
        states = batch_states(self._store, self._settings, {files.batch: files for files in oldest})
        due, settled = self._decide(states)
        groups = self._groups(due)[:MAX_RUNS]
        if groups:
            prepare_pool(self._instance)
        requested = [state.batch for group in groups for state in group]
        deleted = self._deleted_batches()
        waiting = {files.batch for files in unsettled if not files.being_submitted} - settled
        return dg.SensorResult(
            run_requests=[self._request(group, due) for group in groups],
            skip_reason=None if groups else self._skip_message(waiting, deleted),
            dynamic_partitions_requests=[
                *_changes(self._pipeline.batches, self._unregistered([*requested, *sorted(settled)]), ()),
                *_changes(
                    self._pipeline.settled_versions,
                    sorted(self._settled_now(settled, deleted)),
                    self._outdated_versions(),
                ),
            ],
            asset_events=[_deletion(self._pipeline, batch) for batch in sorted(deleted)],
        )

    def _is_ready(self, files: ManifestFiles) -> bool:
        if files.being_submitted or files.batch in self._busy:
            return False
        return abs(self._now - files.changed) >= _MIN_AGE  # a time far in the future is a wrong clock, not a new file

    def _decide(self, states: Iterable[BatchState]) -> tuple[_Due, set[str]]:
        """The batches that need a run, and those whose version is settled: it needs no run, or its run has ended."""
        due: _Due = {}
        settled = set()
        for state in states:
            previous = latest_run(self._instance, state.batch, self._pipeline) if state.reason else None
            if not state.reason or is_run_of(previous, self._versions[state.batch]):
                settled.add(state.batch)
            else:
                due[state.batch] = (state, previous)
        return due, settled

    def _groups(self, due: _Due) -> list[list[BatchState]]:
        """The batches of each run. A batch whose latest run has failed gets a run of its own."""
        failed = {
            batch for batch, (_, run) in due.items() if run and has_failed(self._instance, run, batch, self._pipeline)
        }
        order = registration_order(self._partitions, due)
        return group_batches([state for state, _ in due.values()], order, self._settings.batches_per_run, failed)

    def _request(self, group: Sequence[BatchState], due: _Due) -> dg.RunRequest:
        versions = [self._versions[state.batch] for state in group]
        return request_run(group, version_run_key(versions, [due[state.batch][1] for state in group]))

    def _unregistered(self, names: Iterable[str]) -> list[str]:
        """The batches that are no partitions yet, in the order in which they are registered."""
        known = frozenset(self._partitions)
        return [batch for batch in names if batch not in known]

    @cached_property
    def _missing(self) -> frozenset[str]:
        """Partitions without a manifest. Empty if no manifest is left: the store is missing."""
        return frozenset(self._partitions) - self._manifests.keys() if self._manifests else frozenset()

    def _deleted_batches(self) -> set[str]:
        """Partitions to mark: without a manifest, without a run, and not marked yet."""
        unmarked = {batch for batch in self._missing if deleted_version(batch) not in self._settled}
        return unmarked - self._busy if unmarked else set()

    def _settled_now(self, settled: Iterable[str], deleted: Iterable[str]) -> set[str]:
        return {self._versions[batch] for batch in settled} | {deleted_version(batch) for batch in deleted}

    def _outdated_versions(self) -> frozenset[str]:
        current = {*self._versions.values(), *(deleted_version(batch) for batch in self._missing)}
        return self._settled - current if self._manifests else frozenset()

    def _skip_message(self, waiting: Iterable[str], deleted: Iterable[str]) -> str:
        if not self._manifests:
            return f"The store {self._store.url} has no manifests."
        parts = [f"{plural(len(self._manifests), 'manifest')}, no run needed now"]
        submissions = [batch for batch, files in self._manifests.items() if files.being_submitted]
        parts += [describe_submissions(submissions)] if submissions else []
        parts += [f"in progress, queued or being written: {names}"] if (names := named(waiting)) else []
        parts += [f"partition marked, because the manifest was deleted: {names}"] if (names := named(deleted)) else []
        return "; ".join(parts) + "."


def _deletion(pipeline: Pipeline, batch: str) -> dg.AssetObservation:
    key = pipeline.key("utterances")
    return dg.AssetObservation(key, description=_DELETED, partition=batch, metadata={"manifest": "deleted"})


def _changes(
    definition: dg.DynamicPartitionsDefinition, added: Iterable[str], removed: Iterable[str]
) -> list[_PartitionsRequest]:
    requests: list[_PartitionsRequest] = []
    if keys := list(added):
        requests.append(definition.build_add_request(keys))
    if keys := sorted(removed):
        requests.append(definition.build_delete_request(keys))
    return requests
