"""The automation condition of ``delivered_audio``, told as ticks of a story."""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg
import pytest

from f5_pipeline.definitions import define
from f5_pipeline.defs.conditions import deliver_spoken_batches
from f5_pipeline.defs.switch import automation_settings, schedules_at_start, sensors_at_start
from tests.defs.conftest import MANIFEST, Project

SPEECH = ("flash_attn_environment", "model_weights", "voice_files", "utterances", "generated_audio")


@dataclass
class Story:
    """Runs of some assets, and looks of the sensor in between."""

    project: Project
    instance: dg.DagsterInstance
    cursor: dg.AssetDaemonCursor | None = None  # type: ignore[name-defined]

    def materialize(self, *assets: str) -> bool:
        self.instance.add_dynamic_partitions("batches", ["b"])
        job = self._definitions().resolve_implicit_global_asset_job_def()
        keys = [dg.AssetKey(asset) for asset in assets]
        return job.execute_in_process(
            instance=self.instance, asset_selection=keys, partition_key="b", raise_on_error=False
        ).success

    def tick(self) -> int:
        """How many batches are to be delivered."""
        result = dg.evaluate_automation_conditions(
            self._definitions(), self.instance, dg.AssetSelection.assets("delivered_audio"), cursor=self.cursor
        )
        self.cursor = result.cursor
        return result.total_requested

    def _definitions(self) -> dg.Definitions:
        project = self.project
        return define(settings=project.settings, store=project.store, load_engine=project.engine.load)


@pytest.fixture
def story(project: Project, instance: dg.DagsterInstance) -> Story:
    return Story(project, instance)


def test_what_is_spoken_alone_is_delivered_once_each_time(story: Story) -> None:
    assert story.tick() == 0
    assert story.materialize(*SPEECH)
    assert story.tick() == 0  # a run may just be delivering it
    assert story.tick() == 1
    assert story.tick() == 0  # one run, and no treadmill should that fail
    assert story.materialize("delivered_audio")
    assert story.tick() == 0
    assert story.materialize("generated_audio")
    assert [story.tick(), story.tick(), story.tick()] == [0, 1, 0]


def test_the_job_does_both_and_leaves_nothing_to_do(story: Story) -> None:
    assert story.materialize(*SPEECH, "delivered_audio")
    assert [story.tick(), story.tick()] == [0, 0]
    assert story.materialize(*SPEECH, "delivered_audio")
    assert [story.tick(), story.tick()] == [0, 0]


def test_what_a_blocking_check_stopped_is_not_delivered_behind_its_back(story: Story) -> None:
    story.project.manifest(MANIFEST.replace("f2", "nobody").replace("m1", "nobody"))
    assert not story.materialize(*SPEECH)
    assert [story.tick(), story.tick()] == [0, 0]
    story.project.manifest()
    assert story.materialize(*SPEECH)
    assert [story.tick(), story.tick()] == [0, 1]


def test_delivered_between_two_looks_is_delivered_once(story: Story) -> None:
    assert story.materialize(*SPEECH)
    assert story.tick() == 0
    assert story.materialize("delivered_audio")
    assert [story.tick(), story.tick()] == [0, 0]


# --- the switch -----------------------------------------------------------------------------------------------


def test_all_is_off_until_one_setting_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert deliver_spoken_batches.default_status is dg.DefaultSensorStatus.STOPPED
    assert schedules_at_start() is dg.DefaultScheduleStatus.STOPPED
    monkeypatch.setenv("F5_AUTOMATION", "on")
    assert sensors_at_start() is dg.DefaultSensorStatus.RUNNING
    assert schedules_at_start() is dg.DefaultScheduleStatus.RUNNING


def test_a_wrong_setting_leaves_it_off_and_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("F5_AUTOMATION", "yes please")
    assert sensors_at_start() is dg.DefaultSensorStatus.STOPPED
    assert "Automation starts switched off: Environment, setting 'F5_AUTOMATION'" in caplog.text
    assert automation_settings().nightly_cron == "0 2 * * *"
