"""Runs over a range of partitions: each batch by itself, and a failing one does not take the others along."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from f5_pipeline.defs.assets.utterances import utterances
from f5_pipeline.defs.code_location import define
from f5_pipeline.defs.partitions import batches
from f5_pipeline.errors import StoreBusy
from f5_pipeline.results.index import read_index
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectInfo
from tests.defs.conftest import Project

NAMES = ["alder", "birch", "cedar", "elder"]
ASSETS = ("utterances", "generated_audio", "delivered_audio")


@pytest.fixture
def many(project: Project, instance: dg.DagsterInstance) -> Project:
    """Four batches of one line. Also one that is registered before them, and one after."""
    for name in ["acacia", *NAMES, "yew"]:
        project.manifest(f"id,text,voice\none,The {name} by the river.,f2\n", batch=name)
    instance.add_dynamic_partitions("batches", ["acacia", *NAMES, "yew"])
    project.instance = instance
    return project


def run(
    project: Project, first: str = NAMES[0], last: str = NAMES[-1], select: str = "", **resources: object
) -> dg.ExecuteInProcessResult:
    """Execute the job for a range of batches."""
    assert project.instance is not None
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    values = {"settings": project.settings, "store": project.store, "load_engine": project.engine.load, **resources}
    return (
        define(**values)
        .resolve_job_def("speech_batch")
        .execute_in_process(
            instance=project.instance,
            tags=tags,
            raise_on_error=False,
            asset_selection=[dg.AssetKey(select)] if select else None,
        )
    )


def materialized(result: dg.ExecuteInProcessResult, asset: str) -> list[str | None]:
    events = result.get_asset_materialization_events()
    return [event.partition for event in events if event.asset_key == dg.AssetKey(asset)]


def failures(result: dg.ExecuteInProcessResult) -> dict[str | None, str]:
    """The reasons in the observations, by batch."""
    observed = [event for event in result.all_events if event.event_type is dg.DagsterEventType.ASSET_OBSERVATION]
    return {
        event.partition: str(event.asset_observation_data.asset_observation.metadata["failed"].value)
        for event in observed
    }


def error(result: dg.ExecuteInProcessResult) -> str:
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    return str(data.description)


def status(project: Project, asset: str, of: str) -> set[str]:
    """The partitions that the UI shows as ``of`` ("materialized", "failed", "in_progress")."""
    assert project.instance is not None
    value = get_and_update_asset_status_cache_value(project.instance, dg.AssetKey(asset), batches)
    assert value is not None
    subset = getattr(value, f"deserialize_{of}_partition_subsets")(batches)
    return set(subset.get_partition_keys())


def test_every_batch_of_the_range_is_reported_by_itself(many: Project) -> None:
    result = run(many)
    assert result.success
    assert many.engine.loaded == ["demo"]  # once
    assert sorted(many.engine.texts) == [f"the {name} by the river." for name in NAMES]
    for asset in ASSETS:
        assert materialized(result, asset) == NAMES
        assert status(many, asset, "materialized") == set(NAMES)
        assert status(many, asset, "in_progress") == set()
    spoken = [e for e in result.get_asset_materialization_events() if e.asset_key == dg.AssetKey("generated_audio")]
    versions = {event.materialization.tags["dagster/data_version"] for event in spoken if event.materialization.tags}
    assert len(versions) == len(NAMES)
    pages = [str(event.materialization.metadata["index"].value) for event in spoken]
    assert all(f"/{name}/" in page for name, page in zip(NAMES, pages, strict=True))
    for name in NAMES:
        assert many.store.stat(f"batches/{name}/report.html") is not None


def test_every_batch_has_its_own_checks(many: Project) -> None:
    many.manifest("id,text,voice\none,The birch.,f2\ntwo,,f2\n", batch="birch")
    result = run(many)
    assert result.success
    found: dict[str, set[str | None]] = {}
    for check in result.get_asset_check_evaluations():
        if check.asset_key.to_user_string() in ASSETS:
            found.setdefault(check.check_name, set()).add(check.partition)
            assert check.target_materialization_data is not None
    assert len(found) == 7  # without every_clip_listened_to: there is no recogniser
    assert all(partitions == set(NAMES) for partitions in found.values())
    rows = [check for check in result.get_asset_check_evaluations() if check.check_name == "every_row_accepted"]
    assert {check.partition: check.passed for check in rows} == {name: name != "birch" for name in NAMES}


def test_no_partition_is_out_of_date_afterwards(many: Project) -> None:
    assert run(many).success
    assert many.instance is not None
    graph = define().resolve_asset_graph()
    resolver = CachingStaleStatusResolver(many.instance, graph, LoadingContextForTest(many.instance))
    found = {resolver.get_status(dg.AssetKey(asset), name) for asset in ASSETS for name in NAMES}
    assert found == {StaleStatus.FRESH}
    many.manifest("id,text,voice\none,Another text.,f2\n", batch="birch")
    assert run(many, "birch", "birch", "utterances").success
    resolver = CachingStaleStatusResolver(many.instance, graph, LoadingContextForTest(many.instance))
    stale = {name for name in NAMES if resolver.get_status(dg.AssetKey("generated_audio"), name) != StaleStatus.FRESH}
    assert stale == {"birch"}


def test_a_range_of_one_batch_is_a_run_of_that_batch(many: Project) -> None:
    result = run(many, "cedar", "cedar")
    assert result.success
    assert materialized(result, "delivered_audio") == ["cedar"]
    checks = [c for c in result.get_asset_check_evaluations() if c.asset_key == dg.AssetKey("generated_audio")]
    assert {check.partition for check in checks} == {"cedar"}


# --- a batch that fails ---------------------------------------------------------------------------------------


def break_manifest(project: Project) -> None:
    project.manifest("words\nhello\n", batch="birch")


def let_every_line_fail(project: Project) -> None:
    project.engine.fails = "birch"


def reject_every_row(project: Project) -> None:
    project.manifest("text,voice\n,f2\n", batch="birch")


@pytest.mark.parametrize(
    ("spoil", "asset", "fact"),
    [
        (break_manifest, "utterances", "'text'"),
        (let_every_line_fail, "generated_audio", "engine failed"),
        (reject_every_row, "generated_audio", "'anything_spoken'"),
    ],
)
def test_a_failing_batch_does_not_take_the_others_along(
    many: Project, spoil: Callable[[Project], None], asset: str, fact: str
) -> None:
    spoil(many)
    result = run(many)
    others = [name for name in NAMES if name != "birch"]
    assert not result.success
    assert materialized(result, "delivered_audio") == others
    assert all(many.store.stat(f"batches/{name}/report.html") for name in others)
    assert many.store.stat("batches/birch/report.html") is None
    assert list(failures(result)) == ["birch"]
    assert fact in failures(result)["birch"]
    assert error(result).startswith("1 of 4 batches failed: 'birch' (")
    assert fact in error(result)
    assert status(many, "delivered_audio", "failed") == {"birch"}
    assert status(many, "delivered_audio", "materialized") == set(others)
    if fact != "'anything_spoken'":  # a failed check is one of a materialization
        assert status(many, asset, "failed") == {"birch"}


def test_a_repeated_run_speaks_only_what_is_missing(many: Project) -> None:
    many.engine.fails = "birch"
    assert not run(many).success
    many.engine.fails = "\0"
    many.engine.spoken.clear()
    result = run(many)
    assert result.success
    assert set(many.engine.texts) == {"the birch by the river."}
    assert materialized(result, "delivered_audio") == NAMES


def test_the_failure_of_all_names_all(many: Project) -> None:
    for name in NAMES:
        many.manifest("words\nhello\n", batch=name)
    result = run(many)
    assert error(result).startswith("4 of 4 batches failed: ")
    assert all(f"'{name}'" in error(result) for name in NAMES)
    assert "others" not in error(result)
    assert many.engine.loaded == []


def test_a_step_that_is_selected_alone_fails_itself(many: Project) -> None:
    break_manifest(many)
    result = run(many, select="utterances")
    assert materialized(result, "utterances") == [name for name in NAMES if name != "birch"]
    assert error(result).startswith("1 of 4 batches failed: 'birch'")
    assert not run(many, select="delivered_audio").success  # nothing is spoken yet


# --- errors that may pass -------------------------------------------------------------------------------------


class Unreliable(LocalStore):
    """A store that is busy at some writes."""

    def __init__(self, folder: Path, busy: dict[str, int]) -> None:
        super().__init__(folder)
        self.busy = busy
        self.writes: list[str] = []

    def write(self, key: str, data: bytes) -> ObjectInfo:
        self.writes.append(key)
        if self.busy.get(key, 0) > 0:
            self.busy[key] -= 1
            raise StoreBusy(self.url, "writing", "SlowDown")
        return super().write(key, data)


@pytest.fixture
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dg.RetryPolicy, "calculate_delay", lambda policy, attempt: 0)


def test_a_transient_failure_repeats_the_step_without_the_batches_that_are_done(many: Project, no_delay: None) -> None:
    store = Unreliable(Path(many.store.url), {"batches/cedar/utterances.jsonl": 1})
    result = run(many, store=store)
    assert result.success
    assert materialized(result, "utterances") == NAMES
    assert store.writes.count("batches/alder/utterances.jsonl") == 1
    assert store.writes.count("batches/cedar/utterances.jsonl") == 2
    assert failures(result) == {}


def test_a_failure_that_does_not_pass_is_the_batches_own_after_three_attempts(many: Project, no_delay: None) -> None:
    store = Unreliable(Path(many.store.url), {"batches/cedar/utterances.jsonl": 99})
    result = run(many, store=store)
    assert store.writes.count("batches/cedar/utterances.jsonl") == 3
    assert materialized(result, "delivered_audio") == ["alder", "birch", "elder"]
    assert error(result).startswith("1 of 4 batches failed: 'cedar' (")


def test_an_interrupt_ends_the_run(many: Project) -> None:
    many.engine.dies_after = 1
    result = run(many)
    assert not result.success
    assert materialized(result, "generated_audio") == ["alder"]
    assert failures(result) == {}
    assert read_index(many.store, "birch") is None


def test_a_range_whose_end_was_removed_is_refused(many: Project) -> None:
    """As for a run that waited in the queue meanwhile."""
    assert many.instance is not None
    span = dg.PartitionKeyRange("alder", "gone")
    with (
        dg.build_asset_context(instance=many.instance, partition_key_range=span) as context,
        pytest.raises(dg.Failure, match="'gone'"),
    ):
        utterances(context, settings=many.settings, store=many.store)


# --- what of Dagster this relies on ---------------------------------------------------------------------------


def test_a_range_follows_the_order_of_registration(many: Project, instance: dg.DagsterInstance) -> None:
    """``automation.batch_groups`` relies on it. A partition that is added later, or again, comes last."""
    instance.delete_dynamic_partition("batches", "birch")
    instance.add_dynamic_partitions("batches", ["zelkova", "birch", "bamboo"])
    assert [*instance.get_dynamic_partitions("batches")][-3:] == ["zelkova", "birch", "bamboo"]
    assert materialized(run(many, select="utterances"), "utterances") == ["alder", "cedar", "elder"]


def test_backfills_take_several_batches_in_a_run() -> None:
    graph = define().resolve_asset_graph()
    for name in ASSETS:
        policy = graph.get(dg.AssetKey(name)).backfill_policy
        assert policy == dg.BackfillPolicy.multi_run(20)
