"""Deleted manifests keep their partition, so that Dagster's page of automation still opens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

import dagster as dg
import pytest
from dagster._core.definitions.declarative_automation.serialized_objects import AutomationConditionEvaluationWithRunIds
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster_graphql.test.utils import execute_dagster_graphql

from f5_pipeline.defs.automation.conditions import deliver_spoken_batches
from f5_pipeline.defs.code_location import define
from f5_pipeline.defs.pipeline import DEFAULT
from tests.defs.conftest import Project
from tests.defs.story import Story, begin

#: As the UI's page of an asset asks, tab *Automation*.
EVALUATIONS = """{
  assetConditionEvaluationRecordsOrError(assetKey: {path: ["delivered_audio"]}, limit: 10) {
    ... on AssetConditionEvaluationRecords { records { numRequested evaluationNodes { numTrue numCandidates } } }
  }
}"""


@pytest.fixture
def story(project: Project, instance: dg.DagsterInstance) -> Story:
    return begin(project, instance)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance with the storage of evaluations, which one in memory lacks."""
    with dg.instance_for_test() as instance:
        yield instance


def evaluate_automation(story: Story) -> int:
    """Evaluate the condition of ``delivered_audio`` and record it, as the daemon does; how many batches to deliver."""
    definitions = define(settings=story.settings, store=story.store)
    storage = story.instance.schedule_storage
    assert storage is not None
    with partition_loading_context(story.now, story.instance):
        result = dg.evaluate_automation_conditions(
            definitions, story.instance, deliver_spoken_batches(DEFAULT).asset_selection, evaluation_time=story.now
        )
        evaluations = [
            AutomationConditionEvaluationWithRunIds(each.serializable_evaluation, frozenset())
            for each in result.results
        ]
        storage.add_auto_materialize_asset_evaluations(1, evaluations)
        return result.total_requested


def automation_page(instance: dg.DagsterInstance) -> list[dict[str, object]]:
    now = datetime.now(timezone.utc)
    with (
        WorkspaceProcessContext(instance, None) as workspace,
        partition_loading_context(now, instance),
    ):  # as the webserver
        answer = execute_dagster_graphql(workspace.create_request_context(), EVALUATIONS)
    records: list[dict[str, object]] = answer.data["assetConditionEvaluationRecordsOrError"]["records"]
    return records


def observations(instance: dg.DagsterInstance) -> list[tuple[str | None, object]]:
    """The observed partitions of ``utterances``, with what was observed."""
    found = instance.fetch_observations(dg.AssetKey("utterances"), limit=10).records
    events = [record.asset_observation for record in found]
    return [(event.partition, event.metadata["manifest"].value) for event in events if event]


def begin_with_a_deleted_manifest(story: Story) -> None:
    for batch in ("kept", "deleted"):
        story.manifest(batch)
    assert sorted(story.tick()) == ["deleted", "kept"]
    story.succeeds("kept", "deleted")
    evaluate_automation(story)
    story.store.delete("manifests/deleted.csv")


def test_the_automation_page_opens_after_a_manifest_was_deleted(story: Story) -> None:
    begin_with_a_deleted_manifest(story)
    assert story.tick() == []
    (record,) = automation_page(story.instance)
    assert record["evaluationNodes"]


def test_the_automation_page_of_dagster_fails_without_the_partition(story: Story) -> None:
    """Why partitions stay. If this fails, Dagster has fixed it (issue 33910), and they can be removed."""
    begin_with_a_deleted_manifest(story)
    story.instance.delete_dynamic_partition("batches", "deleted")
    with pytest.raises(Exception, match="Nonexistent partition keys"):
        automation_page(story.instance)


def test_a_deletion_is_observed_once(story: Story) -> None:
    begin_with_a_deleted_manifest(story)
    assert story.tick() == []
    assert "the manifest was deleted: deleted" in story.skip_message
    for _ in range(3):
        assert story.tick() == []
        assert "deleted" not in story.skip_message
    assert story.partitions == ["deleted", "kept"]
    assert observations(story.instance) == [("deleted", "deleted")]
    assert evaluate_automation(story) == 0  # it is no reason to deliver anything


def test_a_manifest_that_comes_back_runs_and_can_be_deleted_again(story: Story) -> None:
    begin_with_a_deleted_manifest(story)
    story.tick()
    story.manifest("deleted")
    assert story.tick() == ["deleted"]
    story.succeeds("deleted")
    story.tick()
    story.store.delete("manifests/deleted.csv")
    story.tick()
    story.tick()
    assert observations(story.instance) == [("deleted", "deleted")] * 2


def test_a_partition_that_a_person_removes_stays_removed(story: Story) -> None:
    begin_with_a_deleted_manifest(story)
    story.tick()
    story.instance.delete_dynamic_partition("batches", "deleted")
    story.tick()
    assert story.partitions == story.settled == ["kept"]


def test_a_deletion_in_a_lost_tick_is_observed_by_the_next(story: Story) -> None:
    begin_with_a_deleted_manifest(story)
    story.tick(completed=False)
    assert observations(story.instance) == []
    story.tick()
    assert observations(story.instance) == [("deleted", "deleted")]


def test_marked_partitions_cost_no_queries(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    begin_with_a_deleted_manifest(story)
    for _ in range(2):
        story.tick()
    queries: list[object] = []
    get_runs = type(story.instance).get_runs
    monkeypatch.setattr(
        type(story.instance), "get_runs", lambda *given, **named: queries.append(1) or get_runs(*given, **named)
    )
    assert story.tick() == []
    assert queries == []
