"""Resources that cannot be created: a readable failure of the step that needs them, not of the run."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import RunFailureReason

from f5_pipeline.defs.code_location import define
from f5_pipeline.defs.resources import StoreResource
from f5_pipeline.errors import BadSetting
from f5_pipeline.storage.local import LocalStore


@pytest.mark.parametrize(
    ("variable", "value", "job"),
    [
        ("F5_STORE", "ftp://x/y", "speech_batch"),
        ("F5_DEVICE", "gpu", "setup"),
        ("F5_STORE", "ftp://x/y", "housekeeping"),
    ],
)
def test_a_wrong_setting_fails_a_step_with_one_paragraph(
    monkeypatch: pytest.MonkeyPatch, instance: dg.DagsterInstance, cache: Path, variable: str, value: str, job: str
) -> None:
    monkeypatch.setenv("F5_CACHE", str(cache))
    monkeypatch.setenv(variable, value)
    tags = {"dagster/partition": "b"} if job == "speech_batch" else {}
    result = define().resolve_job_def(job).execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    assert not result.success
    failures = [event.step_failure_data.user_failure_data for event in result.all_events if event.is_step_failure]
    assert failures != []
    for failure in failures:
        assert failure is not None
        assert str(failure.description).startswith(f"Environment, setting {variable!r}")
    assert not [event for event in result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]
    (failed,) = [event for event in result.all_events if event.event_type is dg.DagsterEventType.RUN_FAILURE]
    assert failed.job_failure_data.failure_reason is RunFailureReason.STEP_FAILURE  # the instance retries others only


def test_a_wrong_setting_fails_the_tick_of_a_sensor(
    monkeypatch: pytest.MonkeyPatch, instance: dg.DagsterInstance
) -> None:
    monkeypatch.setenv("F5_STORE", "ftp://x/y")
    all_resources = define().resources or {}
    resources = {name: all_resources[name] for name in ("settings", "store")}
    with (
        dg.build_sensor_context(instance, resources=resources) as context,
        pytest.raises(BadSetting, match="setting 'F5_STORE'"),
    ):
        define().get_repository_def().get_sensor_def("new_manifests")(context)


def test_the_store_resource_opens_the_store(tmp_path: Path) -> None:
    with dg.build_init_resource_context() as context:
        store = StoreResource(url=str(tmp_path)).create_resource(context)
    assert isinstance(store, LocalStore)
