"""A scenario of sensor and schedule, told in ticks: a store that changes, a clock that the test moves, runs that end.

The daemon's part is played here as the daemon does it: partitions are added and removed, runs are created with their
run keys, and nothing of a lost tick is kept. That the real daemon does so is tested in ``test_daemon``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.test_utils import create_run_for_test

from f5_pipeline.defs.automation.batch_runs import latest_run
from f5_pipeline.defs.automation.manifest_versions import settled_versions
from f5_pipeline.defs.automation.schedules import request_due_batches
from f5_pipeline.defs.automation.sensors import scan_manifests
from f5_pipeline.defs.dagster_internals import PARTITION_NAME_TAG, RUN_KEY_TAG
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore
from tests.defs.conftest import Project
from tests.finished_batches import finish
from tests.synthesis.fake_engine import FakeEngine

START = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def add_run_in_progress(instance: dg.DagsterInstance, batch: str) -> None:
    """Record a run of this batch that is in progress."""
    create_run_for_test(
        instance, job_name="speech_batch", status=dg.DagsterRunStatus.STARTED, tags={PARTITION_NAME_TAG: batch}
    )


def begin(project: Project, instance: dg.DagsterInstance) -> Story:
    """A story whose store has two voices and no manifest, with a run for each batch."""
    project.store.delete("manifests/b.csv")
    project.store.delete("manifests/b.toml")
    return Story(project.store, project.settings.model_copy(update={"batches_per_run": 1}), instance)


@dataclass
class Story:
    """One store, one instance, one clock."""

    store: LocalStore
    settings: Settings
    instance: dg.DagsterInstance
    now: datetime = START
    skip_message: str = ""  # why the last tick started nothing
    warnings: list[str] = field(default_factory=list)  # of the last night
    engine: Callable[[], FakeEngine] = FakeEngine
    policy_store: ObjectStore | None = None  # the store that sensor and schedule use, if it is another one
    out_of_time: Callable[[], bool] = lambda: False

    # --- what people do -------------------------------------------------------------------------------------------

    def manifest(self, batch: str, *lines: str, file: str = "") -> None:
        """Write a manifest (or ``file`` beside it) at this moment."""
        key = f"manifests/{file or f'{batch}.csv'}"
        self.store.write(key, "\n".join(lines or ("text,voice", f"This is {batch}.,f2")).encode())
        os.utime(self.store.location(key), (self.now.timestamp(),) * 2)

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)

    # --- what the daemon does -------------------------------------------------------------------------------------

    def tick(self, completed: bool = True, **wait: float) -> list[str]:
        """The batches of which the sensor starts runs, after a while.

        Args:
            completed: False: the tick is evaluated and then lost, as in *Preview tick result* of the UI.
        """
        self.wait(**(wait or {"seconds": 30}))
        result = scan_manifests(self.instance, self.policy_store or self.store, self.settings, self.now)
        if isinstance(result, dg.SkipReason):
            self.skip_message = str(result.skip_message)
            return []
        self.skip_message = str(getattr(result.skip_reason, "skip_message", ""))
        requests = result.run_requests or []
        if not completed:
            return [str(request.partition_key) for request in requests]
        for event in result.asset_events:
            self.instance.report_runless_asset_event(event)
        for request in result.dynamic_partitions_requests or []:
            self._change_partitions(request)
        for request in requests:  # the daemon would drop a run key that has been used
            assert self.instance.get_runs_count(dg.RunsFilter(tags={RUN_KEY_TAG: str(request.run_key)})) == 0
        return self._start(requests)

    def night(self) -> list[str]:
        """The batches of which the schedule starts runs, at two o'clock of the next night."""
        self.now = self.now.replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return self._start(self.evaluate_schedule())

    def evaluate_schedule(self, preview: bool = False) -> Sequence[dg.RunRequest]:
        """The requests of the schedule at this moment."""
        self.warnings = []
        store = self.policy_store or self.store
        result = request_due_batches(
            self.instance, store, self.settings, self.now, self.out_of_time, preview, self.warnings.append
        )
        self.skip_message = str(result.skip_message) if isinstance(result, dg.SkipReason) else ""
        return [] if isinstance(result, dg.SkipReason) else result

    def _change_partitions(self, request: dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest) -> None:
        if isinstance(request, dg.AddDynamicPartitionsRequest):
            self.instance.add_dynamic_partitions(request.partitions_def_name, request.partition_keys)
            return
        for key in request.partition_keys:
            self.instance.delete_dynamic_partition(request.partitions_def_name, key)

    def _start(self, requests: Sequence[dg.RunRequest]) -> list[str]:
        partitions = self.instance.get_dynamic_partitions("batches")
        for request in requests:
            assert request.partition_key in partitions
            tags = {**request.tags, RUN_KEY_TAG: str(request.run_key)}
            self.run(str(request.partition_key), dg.DagsterRunStatus.NOT_STARTED, **tags)
        return [str(request.partition_key) for request in requests]

    # --- how runs end ---------------------------------------------------------------------------------------------

    def run(self, batch: str, status: dg.DagsterRunStatus, **tags: Any) -> dg.DagsterRun:
        """Record a run."""
        return create_run_for_test(
            self.instance, job_name="speech_batch", status=status, tags={PARTITION_NAME_TAG: batch, **tags}
        )

    def succeeds(self, *batches: str) -> None:
        """The queued runs of these batches speak and deliver them."""
        for batch in batches:
            finish(self.store, self.settings, batch, self.engine())
            self._ends(batch, dg.DagsterEventType.RUN_SUCCESS)

    def fails(self, *batches: str) -> None:
        """The queued runs of these batches fail before they have done anything."""
        for batch in batches:
            self._ends(batch, dg.DagsterEventType.RUN_FAILURE)

    def is_retried(self, batch: str, times: int) -> None:
        """The instance retries the latest run of a batch, and each retry fails as well."""
        crashed = latest_run(self.instance, batch)
        assert crashed is not None
        for _ in range(times):
            create_run_for_test(
                self.instance,
                job_name="speech_batch",
                status=dg.DagsterRunStatus.FAILURE,
                tags=crashed.tags,
                parent_run_id=crashed.run_id,
                root_run_id=crashed.run_id,
            )

    def _ends(self, batch: str, event: dg.DagsterEventType) -> None:
        queued = self.instance.get_runs(
            dg.RunsFilter(statuses=[dg.DagsterRunStatus.NOT_STARTED], tags={PARTITION_NAME_TAG: batch})
        )
        assert len(queued) == 1, f"{batch} has {len(queued)} runs"
        self.instance.report_dagster_event(dg.DagsterEvent(event.value, "speech_batch"), queued[0].run_id)

    # --- what there is --------------------------------------------------------------------------------------------

    def runs(self, batch: str) -> int:
        """How many runs a batch has had."""
        return self.instance.get_runs_count(dg.RunsFilter(tags={PARTITION_NAME_TAG: batch}))

    def tags(self, batch: str) -> dict[str, str]:
        """The tags of its latest run."""
        run = latest_run(self.instance, batch)
        return dict(run.tags) if run else {}

    @property
    def partitions(self) -> list[str]:
        return sorted(self.instance.get_dynamic_partitions("batches"))

    @property
    def settled(self) -> list[str]:
        """The batches whose present version the sensor need not examine again."""
        return sorted(key.partition("@")[0] for key in self.instance.get_dynamic_partitions(str(settled_versions.name)))

    @property
    def folder(self) -> Path:
        return Path(self.store.url)
