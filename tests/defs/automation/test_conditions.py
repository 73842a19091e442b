"""The automation condition of ``delivered_audio``, told as ticks of a story; and ``F5_AUTOMATION``."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime, timezone

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._utils.schedules import is_valid_cron_string

from f5_pipeline.defs.automation.conditions import deliver_spoken_batches
from f5_pipeline.defs.code_location import define
from f5_pipeline.defs.partitions import batch_check
from f5_pipeline.defs.pipeline import DEFAULT
from tests.defs.conftest import MANIFEST, Project
from tests.settings.cron_expressions import VALID

SPEECH = ("flash_attn_environment", "model_weights", "voice_files", "utterances", "generated_audio")
UNKNOWN_VOICES = MANIFEST.replace("f2", "unknown").replace("m1", "unknown")


@dataclass
class Story:
    """Runs of some assets, and ticks of the sensor in between."""

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
        """The batches to deliver."""
        result = dg.evaluate_automation_conditions(
            self._definitions(), self.instance, dg.AssetSelection.assets("delivered_audio"), cursor=self.cursor
        )
        self.cursor = result.cursor
        with partition_loading_context(datetime.now(timezone.utc), self.instance):
            keys = [each.true_subset.expensively_compute_partition_keys() for each in result.results]
        return sorted(batch for batches in keys for batch in batches)

    def delivered(self, batch: str) -> dict[str, str]:
        return {info.key: info.etag for info in self.project.store.list(f"batches/{batch}/audio/")}

    def _definitions(self) -> dg.Definitions:
        project = self.project
        return define(settings=project.settings, store=project.store, load_engine=project.engine.load)


@pytest.fixture
def story(project: Project, instance: dg.DagsterInstance) -> Story:
    return Story(project, instance)


def test_a_batch_that_is_spoken_alone_is_delivered_once(story: Story) -> None:
    assert story.tick() == []
    assert story.materialize(*SPEECH)
    assert story.tick() == []  # a run may be about to deliver it
    assert story.tick() == ["b"]
    assert story.tick() == []  # one run, even if it fails
    assert story.materialize("delivered_audio")
    assert story.tick() == []
    assert story.materialize("generated_audio")
    assert [story.tick(), story.tick(), story.tick()] == [[], ["b"], []]


def test_a_batch_that_the_job_speaks_and_delivers_is_not_delivered_again(story: Story) -> None:
    assert story.materialize(*SPEECH, "delivered_audio")
    assert [story.tick(), story.tick()] == [[], []]
    assert story.materialize(*SPEECH, "delivered_audio")
    assert [story.tick(), story.tick()] == [[], []]


def test_a_batch_that_a_blocking_check_has_stopped_is_not_delivered(story: Story) -> None:
    story.project.manifest(UNKNOWN_VOICES)
    assert not story.materialize(*SPEECH)
    assert [story.tick(), story.tick()] == [[], []]
    story.project.manifest()
    assert story.materialize(*SPEECH)
    assert [story.tick(), story.tick()] == [[], ["b"]]


def test_a_batch_that_passes_does_not_release_one_that_is_blocked(story: Story) -> None:
    story.project.manifest(batch="good")
    story.project.manifest(batch="bad")
    assert story.materialize(*SPEECH, "delivered_audio", batch="bad")
    assert [story.tick(), story.tick()] == [[], []]
    before = story.delivered("bad")
    story.project.manifest(UNKNOWN_VOICES, batch="bad")
    assert not story.materialize(*SPEECH, batch="bad")
    assert [story.tick(), story.tick()] == [[], []]
    assert story.materialize(*SPEECH, batch="good")
    assert [story.tick(), story.tick(), story.tick()] == [[], ["good"], []]
    assert not story.materialize("delivered_audio", batch="bad")  # nor from the UI
    assert story.delivered("bad") == before
    assert len(before) == 3


def test_a_check_without_partitions_has_one_result_for_all_partitions(instance: dg.DagsterInstance) -> None:
    """Why the checks of a batch are partitioned, although Dagster calls that a preview and warns."""
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


def test_loading_the_definitions_warns_of_no_preview_features() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", dg.PreviewWarning)
        batch_check("some_check", "generated_audio", "A description.")
        define().get_repository_def()


def test_a_batch_that_is_delivered_between_two_ticks_is_not_delivered_again(story: Story) -> None:
    assert story.materialize(*SPEECH)
    assert story.tick() == []
    assert story.materialize("delivered_audio")
    assert [story.tick(), story.tick()] == [[], []]


# --- F5_AUTOMATION ---------------------------------------------------------------------------------------------


def test_automation_is_off_unless_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert deliver_spoken_batches(DEFAULT).default_status is dg.DefaultSensorStatus.STOPPED
    assert DEFAULT.schedule_status is dg.DefaultScheduleStatus.STOPPED
    monkeypatch.setenv("F5_AUTOMATION", "on")
    assert DEFAULT.sensor_status is dg.DefaultSensorStatus.RUNNING
    assert DEFAULT.schedule_status is dg.DefaultScheduleStatus.RUNNING


@pytest.mark.parametrize("text", VALID)
def test_times_that_our_settings_take_dagster_takes_too(text: str) -> None:
    assert is_valid_cron_string(text)


@pytest.mark.parametrize(("variable", "value"), [("F5_AUTOMATION", "yes please"), ("F5_NIGHTLY_CRON", "0 25 * * *")])
def test_automation_is_off_if_a_setting_is_invalid(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, variable: str, value: str
) -> None:
    monkeypatch.setenv("F5_AUTOMATION", "on")
    monkeypatch.setenv(variable, value)
    assert DEFAULT.sensor_status is dg.DefaultSensorStatus.STOPPED
    assert f"setting '{variable}'" in caplog.text
    assert DEFAULT.definition_settings.nightly_cron == "0 2 * * *"  # the definitions load with the defaults
