"""A story told in ticks: a store that changes, a clock that the test moves, and runs that end as the test says.

The daemon's part (partitions added, runs recorded, the cursor kept, a failed tick keeping the old one) is played here
as the daemon plays it. That the daemon does is for ``test_daemon``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.test_utils import create_run_for_test

from f5_pipeline.defs.automation.schedules import nightly_batches
from f5_pipeline.defs.automation.sensors import new_manifests
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore
from tests.defs.conftest import Project
from tests.finished_batches import finish
from tests.synthesis.fake_engine import FakeEngine

START = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
PARTITION = "dagster/partition"


def going_on(instance: dg.DagsterInstance, batch: str) -> None:
    """A run of this batch is going on, for the records."""
    create_run_for_test(instance, job_name="speech_batch", status=dg.DagsterRunStatus.STARTED, tags={PARTITION: batch})


def begin(project: Project, instance: dg.DagsterInstance) -> Story:
    """A story whose store has two voices and no manifest."""
    project.store.delete("manifests/b.csv")
    project.store.delete("manifests/b.toml")
    return Story(project.store, project.settings, instance)


@dataclass
class Story:
    """One store, one instance, one clock."""

    store: LocalStore
    settings: Settings
    instance: dg.DagsterInstance
    now: datetime = START
    cursor: str | None = None
    said: str = ""  # why the last tick started nothing
    engine: Callable[[], FakeEngine] = FakeEngine
    seen_store: ObjectStore | None = None  # what the policies are given instead of the store

    # --- what people do -------------------------------------------------------------------------------------------

    def manifest(self, batch: str, *lines: str, file: str = "") -> None:
        """Write a manifest (or ``file`` beside it) at this moment."""
        key = f"manifests/{file or f'{batch}.csv'}"
        self.store.write(key, "\n".join(lines or ("text,voice", f"This is {batch}.,f2")).encode())
        os.utime(self.store.location(key), (self.now.timestamp(),) * 2)

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)

    # --- what the daemon does -------------------------------------------------------------------------------------

    def tick(self, started: bool = True, **wait: float) -> list[str]:
        """The sensor looks, after a while; the batches of which runs are started (if the daemon gets to that)."""
        self.wait(**(wait or {"seconds": 30}))
        with dg.build_sensor_context(self.instance, self.cursor, resources=self._resources()) as context:
            result = new_manifests(context)
        if isinstance(result, dg.SkipReason):
            self.said = str(result.skip_message)
            return []
        assert isinstance(result, dg.SensorResult)
        for request in result.dynamic_partitions_requests or []:
            self._change_partitions(request)
        self.cursor, self.said = result.cursor, str(getattr(result.skip_reason, "skip_message", ""))
        requests = result.run_requests or []
        return self._start(requests) if started else [str(request.partition_key) for request in requests]

    def night(self) -> list[str]:
        """The schedule looks at two o'clock of the next night."""
        self.now = self.now.replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return self._start(self.look(self.now, "42"))

    def look(self, scheduled: datetime, tick: str) -> Sequence[dg.RunRequest]:
        """What the schedule would start, if it looked at this moment for that time. ``tick`` ends its log's key."""
        with dg.build_schedule_context(self.instance, scheduled, resources=self._resources()) as context:
            context._log_key = ["__repository__", "nightly_batches", tick]
            result = nightly_batches(context)
        self.said = str(result.skip_message) if isinstance(result, dg.SkipReason) else ""
        return [] if isinstance(result, dg.SkipReason) else result

    def _change_partitions(self, request: dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest) -> None:
        if isinstance(request, dg.AddDynamicPartitionsRequest):
            self.instance.add_dynamic_partitions("batches", request.partition_keys)
        for key in request.partition_keys if isinstance(request, dg.DeleteDynamicPartitionsRequest) else ():
            self.instance.delete_dynamic_partition("batches", key)

    def _resources(self) -> dict[str, object]:
        return {"settings": self.settings, "store": self.seen_store or self.store}

    def _start(self, requests: Sequence[dg.RunRequest]) -> list[str]:
        partitions = self.instance.get_dynamic_partitions("batches")
        for request in requests:
            assert request.partition_key in partitions
            tags = {**request.tags, PARTITION: str(request.partition_key)}
            self.run(str(request.partition_key), dg.DagsterRunStatus.NOT_STARTED, **tags)
        return [str(request.partition_key) for request in requests]

    # --- what becomes of runs -------------------------------------------------------------------------------------

    def run(self, batch: str, status: dg.DagsterRunStatus, **tags: Any) -> dg.DagsterRun:
        """A run in the records."""
        return create_run_for_test(
            self.instance, job_name="speech_batch", status=status, tags={PARTITION: batch, **tags}
        )

    def succeeds(self, *batches: str) -> None:
        """The waiting runs of these batches do their work."""
        for batch in batches:
            finish(self.store, self.settings, batch, self.engine())
            self._ends(batch, dg.DagsterEventType.RUN_SUCCESS)

    def fails(self, *batches: str) -> None:
        """The waiting runs of these batches fail before they have done anything."""
        for batch in batches:
            self._ends(batch, dg.DagsterEventType.RUN_FAILURE)

    def is_retried(self, batch: str, times: int) -> None:
        """The latest run of a batch is retried by the instance, and each retry fails as well."""
        (crashed,) = self.instance.get_runs(dg.RunsFilter(tags={PARTITION: batch}), limit=1)
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
            dg.RunsFilter(statuses=[dg.DagsterRunStatus.NOT_STARTED], tags={PARTITION: batch})
        )
        assert len(queued) == 1, f"{batch} has {len(queued)} runs"
        self.instance.report_dagster_event(dg.DagsterEvent(event.value, "speech_batch"), queued[0].run_id)

    def runs(self, batch: str) -> int:
        """How many runs a batch has had."""
        return self.instance.get_runs_count(dg.RunsFilter(tags={PARTITION: batch}))

    def tags(self, batch: str) -> dict[str, str]:
        """Of its latest run."""
        return dict(self.instance.get_runs(dg.RunsFilter(tags={PARTITION: batch}), limit=1)[0].tags)

    @property
    def partitions(self) -> list[str]:
        return sorted(self.instance.get_dynamic_partitions("batches"))

    @property
    def folder(self) -> Path:
        return Path(self.store.url)
