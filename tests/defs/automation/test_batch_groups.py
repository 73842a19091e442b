"""Which batches share a run, and sensor and schedule with runs of several batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone

import dagster as dg
import pytest
from dagster._core.events import AssetMaterializationPlannedData
from dagster._core.test_utils import create_run_for_test

from f5_pipeline.defs.automation.batch_groups import group_batches, registration_order
from f5_pipeline.defs.automation.batch_runs import busy_batches, count_attempts, latest_run
from f5_pipeline.defs.automation.schedules import MAX_ATTEMPTS, request_due_batches
from f5_pipeline.defs.automation.sensors import MAX_RUNS, scan_manifests
from f5_pipeline.manifests.staleness import BatchState, batch_states
from tests.defs.conftest import Project
from tests.finished_batches import finish

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
FIRST, LAST = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def state(batch: str, size: int = 1) -> BatchState:
    return BatchState(batch, "not spoken yet", NOW, f"digest of {batch}", manifest_bytes=size)


def groups(due: str, order: str, most: int = 20, alone: str = "", **sizes: int) -> str:
    """Batches are letters here: "ab c" is a run of a and b, and one of c."""
    states = [state(batch, sizes.get(batch, 1)) for batch in due]
    found = group_batches(states, order, most, alone, max_bytes=100)
    return " ".join("".join(state.batch for state in group) for group in found)


@pytest.mark.parametrize(
    ("due", "order", "expected"),
    [
        ("abc", "abc", "abc"),
        ("cba", "abc", "abc"),  # in the order of registration, not of the manifests
        ("abd", "abcd", "ab d"),  # c is not due, so no range contains both b and d
        ("dab", "abcd", "d ab"),  # the run with the oldest manifest first
        ("", "abc", ""),
        ("b", "abc", "b"),
    ],
)
def test_a_run_takes_batches_that_follow_each_other(due: str, order: str, expected: str) -> None:
    assert groups(due, order) == expected


def test_a_run_takes_a_limited_number_of_batches() -> None:
    assert groups("abcde", "abcde", most=2) == "ab cd e"
    assert groups("abc", "abc", most=1) == "a b c"


def test_a_run_takes_small_batches_only() -> None:
    assert groups("abcd", "abcd", b=101) == "a b cd"
    assert groups("abcd", "abcd", a=50, b=50, c=50) == "ab cd"


def test_a_batch_that_has_failed_before_gets_a_run_of_its_own() -> None:
    assert groups("abcd", "abcd", alone="b") == "a b cd"


def test_new_partitions_come_last() -> None:
    assert registration_order(["b", "a"], ["c", "a", "d"]) == ["b", "a", "c", "d"]


# --- runs of several batches in the records -------------------------------------------------------------------


def record_run(
    instance: dg.DagsterInstance, tags: Mapping[str, str], batches: Sequence[str], status: dg.DagsterRunStatus
) -> dg.DagsterRun:
    """A run as Dagster records it: with the materializations that it plans."""
    run = create_run_for_test(instance, job_name="speech_batch", status=status, tags=dict(tags))
    for batch in batches:
        planned = AssetMaterializationPlannedData(dg.AssetKey("generated_audio"), partition=batch)
        event = dg.DagsterEvent.build_asset_materialization_planned_event("speech_batch", "generated_audio", planned)
        instance.report_dagster_event(event, run.run_id)
    return run


def test_every_batch_of_an_unfinished_run_is_busy(instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions("batches", ["z", "a", "y", "b", "x"])
    record_run(instance, {FIRST: "a", LAST: "b"}, (), dg.DagsterRunStatus.STARTED)
    record_run(instance, {"dagster/partition": "x"}, (), dg.DagsterRunStatus.NOT_STARTED)
    assert busy_batches(instance, NOW) == {"a", "y", "b", "x"}
    instance.delete_dynamic_partition("batches", "b")
    assert busy_batches(instance, NOW) == {"a", "b", "x"}


def test_the_latest_run_of_a_batch_may_have_others(instance: dg.DagsterInstance) -> None:
    assert latest_run(instance, "a") is None
    record_run(instance, {"dagster/partition": "a"}, ["a"], dg.DagsterRunStatus.FAILURE)
    several = record_run(instance, {FIRST: "a", LAST: "b"}, ["a", "b"], dg.DagsterRunStatus.SUCCESS)
    found = latest_run(instance, "a")
    assert found is not None
    assert found.run_id == several.run_id
    alone = record_run(instance, {"dagster/partition": "a"}, ["a"], dg.DagsterRunStatus.FAILURE)
    found = latest_run(instance, "a")
    assert found is not None
    assert found.run_id == alone.run_id


# --- sensor and schedule --------------------------------------------------------------------------------------


@pytest.fixture
def named(project: Project) -> list[str]:
    """Ninety new manifests."""
    project.store.delete("manifests/b.csv")
    project.store.delete("manifests/b.toml")
    names = [f"n{number:02}" for number in range(90)]
    for name in names:
        project.store.write(f"manifests/{name}.csv", b"text,voice\nA line.,f2\n")
    return names


def tick(project: Project, instance: dg.DagsterInstance) -> list[list[str]]:
    """Evaluate the sensor and record its runs as the daemon does; returns the batches of each."""
    result = scan_manifests(
        instance, project.store, project.settings, datetime.now(timezone.utc) + timedelta(minutes=1)
    )
    assert isinstance(result, dg.SensorResult)
    for change in result.dynamic_partitions_requests or []:
        if isinstance(change, dg.AddDynamicPartitionsRequest):
            instance.add_dynamic_partitions(change.partitions_def_name, change.partition_keys)
    return start(instance, result.run_requests or [])


def start(instance: dg.DagsterInstance, requests: Sequence[dg.RunRequest]) -> list[list[str]]:
    partitions = list(instance.get_dynamic_partitions("batches"))
    started = []
    for request in requests:
        span = (request.tags.get(FIRST, request.partition_key), request.tags.get(LAST, request.partition_key))
        first, last = (partitions.index(str(batch)) for batch in span)
        started.append(partitions[first : last + 1])
        assert all(len(value) < 2_600 for value in request.tags.values())  # PostgreSQL indexes them
        tags = {**request.tags, "dagster/run_key": str(request.run_key)}
        record_run(instance, tags, started[-1], dg.DagsterRunStatus.NOT_STARTED)
    return started


def end(instance: dg.DagsterInstance, event: dg.DagsterEventType) -> None:
    """All queued runs end."""
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.NOT_STARTED])):
        instance.report_dagster_event(dg.DagsterEvent(event.value, "speech_batch"), run.run_id)


def test_the_sensor_requests_new_manifests_together(
    project: Project, instance: dg.DagsterInstance, named: list[str]
) -> None:
    started = tick(project, instance)
    assert [len(group) for group in started] == [20, 20, 20, 20, 10]
    assert sorted(name for group in started for name in group) == named
    assert len(started) <= MAX_RUNS
    assert tick(project, instance) == []
    (run, *_) = instance.get_runs()
    assert run.tags["f5/reason"] == "10 batches: not spoken yet"


def test_each_version_is_run_once_and_a_changed_manifest_again(
    project: Project, instance: dg.DagsterInstance, named: list[str]
) -> None:
    project.settings = project.settings.model_copy(update={"batches_per_run": 100})
    assert len(tick(project, instance)) == 1
    end(instance, dg.DagsterEventType.RUN_FAILURE)
    assert tick(project, instance) == []
    for name in ("n03", "n04"):
        project.store.write(f"manifests/{name}.csv", b"text,voice\nAnother line.,f2\n")
    assert tick(project, instance) == [["n03"], ["n04"]]  # alone, because their last run has failed
    end(instance, dg.DagsterEventType.RUN_SUCCESS)
    for name in ("n03", "n04"):
        project.store.write(f"manifests/{name}.csv", b"text,voice\nA third line.,f2\n")
    assert tick(project, instance) == [["n03", "n04"]]


def test_the_schedule_requests_batches_together_and_failed_ones_alone(
    project: Project, instance: dg.DagsterInstance, named: list[str]
) -> None:
    def night() -> list[list[str]]:
        found = request_due_batches(instance, project.store, project.settings, NOW, lambda: False)
        return [] if isinstance(found, dg.SkipReason) else start(instance, found)

    for name in named[5:]:
        project.store.delete(f"manifests/{name}.csv")
    assert night() == [named[:5]]
    assert night() == []  # all of them have a run
    finish(project.store, project.settings, "n00")
    end(instance, dg.DagsterEventType.RUN_FAILURE)
    (one, *_) = [found for found in batch_states(project.store, project.settings) if found.batch == "n01"]
    assert count_attempts(instance, one) == 1
    assert night() == [[name] for name in named[1:5]]
    end(instance, dg.DagsterEventType.RUN_FAILURE)
    assert len(night()) == 4
    end(instance, dg.DagsterEventType.RUN_FAILURE)
    assert count_attempts(instance, one) == MAX_ATTEMPTS
    assert night() == []
