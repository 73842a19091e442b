"""The automation condition of ``delivered_audio``, told as ticks of a story."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime, timezone

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._utils.schedules import is_valid_cron_string

from f5_pipeline.defs.automation.automation_status import automation_settings, schedules_at_start, sensors_at_start
from f5_pipeline.defs.automation.conditions import deliver_spoken_batches
from f5_pipeline.defs.code_location import define
from f5_pipeline.defs.partitions import batch_check
from tests.defs.conftest import MANIFEST, Project
from tests.settings.cron_expressions import VALID

SPEECH = ("flash_attn_environment", "model_weights", "voice_files", "utterances", "generated_audio")
NOBODY_SPEAKS = MANIFEST.replace("f2", "nobody").replace("m1", "nobody")


@dataclass
class Story:
    """Runs of some assets, and looks of the sensor in between."""

    project: Project
    instance: dg.DagsterInstance
    cursor: dg.AssetDaemonCursor | None = None  # type: ignore[name-defined]

    def materialize(self, *assets: str, batch: str = "b") -> bool:
        self.instance.add_dynamic_partitions("batches", [batch])
        job = self._definitions().resolve_implicit_global_asset_job_def()
        keys = [dg.AssetKey(asset) for asset in assets]
        return job.execute_in_process(
            instance=self.instance, asset_selection=keys, partition_key=batch, raise_on_error=False
        ).success

    def tick(self) -> list[str]:
        """The batches that are to be delivered."""
        result = dg.evaluate_automation_conditions(
            self._definitions(), self.instance, dg.AssetSelection.assets("delivered_audio"), cursor=self.cursor
        )
        self.cursor = result.cursor
        with partition_loading_context(datetime.now(timezone.utc), self.instance):
            found = [each.true_subset.expensively_compute_partition_keys() for each in result.results]
        return sorted(batch for batches in found for batch in batches)

    def delivered(self, batch: str) -> dict[str, str]:
        return {info.key: info.etag for info in self.project.store.list(f"batches/{batch}/audio/")}

    def _definitions(self) -> dg.Definitions:
        project = self.project
        return define(settings=project.settings, store=project.store, load_engine=project.engine.load)


@pytest.fixture
def story(project: Project, instance: dg.DagsterInstance) -> Story:
    return Story(project, instance)


def test_what_is_spoken_alone_is_delivered_once_each_time(story: Story) -> None:
    assert story.tick() == []
    assert story.materialize(*SPEECH)
    assert story.tick() == []  # a run may just be delivering it
    assert story.tick() == ["b"]
    assert story.tick() == []  # one run, and no treadmill should that fail
    assert story.materialize("delivered_audio")
    assert story.tick() == []
    assert story.materialize("generated_audio")
    assert [story.tick(), story.tick(), story.tick()] == [[], ["b"], []]


def test_the_job_does_both_and_leaves_nothing_to_do(story: Story) -> None:
    assert story.materialize(*SPEECH, "delivered_audio")
    assert [story.tick(), story.tick()] == [[], []]
    assert story.materialize(*SPEECH, "delivered_audio")
    assert [story.tick(), story.tick()] == [[], []]


def test_what_a_blocking_check_stopped_is_not_delivered_behind_its_back(story: Story) -> None:
    story.project.manifest(NOBODY_SPEAKS)
    assert not story.materialize(*SPEECH)
    assert [story.tick(), story.tick()] == [[], []]
    story.project.manifest()
    assert story.materialize(*SPEECH)
    assert [story.tick(), story.tick()] == [[], ["b"]]


def test_a_batch_that_passes_does_not_speak_for_one_that_is_blocked(story: Story) -> None:
    story.project.manifest(batch="good")
    story.project.manifest(batch="bad")
    assert story.materialize(*SPEECH, "delivered_audio", batch="bad")
    assert [story.tick(), story.tick()] == [[], []]
    before = story.delivered("bad")
    story.project.manifest(NOBODY_SPEAKS, batch="bad")
    assert not story.materialize(*SPEECH, batch="bad")
    assert [story.tick(), story.tick()] == [[], []]
    assert story.materialize(*SPEECH, batch="good")
    assert [story.tick(), story.tick(), story.tick()] == [[], ["good"], []]
    assert not story.materialize("delivered_audio", batch="bad")  # nor by a person, in the UI
    assert story.delivered("bad") == before
    assert len(before) == 3


def test_dagster_takes_a_check_without_partitions_for_one_of_all_partitions(instance: dg.DagsterInstance) -> None:
    """Why the checks of a batch have partitions, though Dagster calls that a preview and warns of it."""
    days = dg.StaticPartitionsDefinition(["bad", "good"])
    condition = dg.AutomationCondition.all_deps_blocking_checks_passed()

    @dg.asset(partitions_def=days, check_specs=[dg.AssetCheckSpec("passes", asset="upstream", blocking=True)])
    def upstream() -> dg.MaterializeResult:
        day = dg.AssetExecutionContext.get().partition_key
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=day == "good")])

    @dg.asset(partitions_def=days, deps=[upstream], automation_condition=condition)
    def downstream() -> None: ...

    for day in ("bad", "good"):
        dg.materialize([upstream], instance=instance, partition_key=day, raise_on_error=False)
    result = dg.evaluate_automation_conditions([upstream, downstream], instance)
    assert result.total_requested == 2


def test_loading_the_definitions_warns_of_nothing_that_was_decided() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", dg.PreviewWarning)
        batch_check("some_check", "generated_audio", "What it says.")
        define().get_repository_def()


def test_delivered_between_two_looks_is_delivered_once(story: Story) -> None:
    assert story.materialize(*SPEECH)
    assert story.tick() == []
    assert story.materialize("delivered_audio")
    assert [story.tick(), story.tick()] == [[], []]


# --- the switch -----------------------------------------------------------------------------------------------


def test_all_is_off_until_one_setting_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert deliver_spoken_batches.default_status is dg.DefaultSensorStatus.STOPPED
    assert schedules_at_start() is dg.DefaultScheduleStatus.STOPPED
    monkeypatch.setenv("F5_AUTOMATION", "on")
    assert sensors_at_start() is dg.DefaultSensorStatus.RUNNING
    assert schedules_at_start() is dg.DefaultScheduleStatus.RUNNING


@pytest.mark.parametrize("text", VALID)
def test_times_that_our_settings_take_dagster_takes_too(text: str) -> None:
    assert is_valid_cron_string(text)


@pytest.mark.parametrize(("variable", "value"), [("F5_AUTOMATION", "yes please"), ("F5_NIGHTLY_CRON", "0 25 * * *")])
def test_a_wrong_setting_leaves_it_off_and_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, variable: str, value: str
) -> None:
    monkeypatch.setenv("F5_AUTOMATION", "on")
    monkeypatch.setenv(variable, value)
    assert sensors_at_start() is dg.DefaultSensorStatus.STOPPED
    assert f"Automation starts switched off: Environment, setting '{variable}'" in caplog.text
    assert automation_settings().nightly_cron == "0 2 * * *"  # so that the definitions load
