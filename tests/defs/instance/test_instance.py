"""The location of the Dagster instance: one for all commands, by DAGSTER_HOME, by dagster.yaml or by default."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._cli.utils import get_possibly_temporary_instance_for_cli
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.instance.config import PoolGranularity
from dagster._core.scheduler import DagsterDaemonScheduler

from f5_pipeline.defs.instance.instance import ensure_persistent_home, instance_location, open_instance, register_batch
from f5_pipeline.defs.instance.launcher import WatchingRunLauncher
from f5_pipeline.errors import FileUnusable, UnsafeName

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and a home of the user without records of Dagster."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", "")  # so that monkeypatch restores it
    monkeypatch.delenv("DAGSTER_HOME")
    return folder


def persistent_home(tmp_path: Path) -> Path:
    return tmp_path / "state" / "f5-pipeline" / "dagster"


def partitions(home: Path) -> list[str]:
    """The batches as the ``dagster`` command sees them."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return list(instance.get_dynamic_partitions("batches"))


def test_dagster_home_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> None:
    shutil.copy(ROOT / "dagster.yaml", elsewhere)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "mine"))  # need not exist yet
    assert register_batch("b") == str(tmp_path / "mine") == instance_location()
    assert partitions(tmp_path / "mine") == ["b"]
    assert list(elsewhere.iterdir()) == [elsewhere / "dagster.yaml"]
    assert not persistent_home(tmp_path).exists()
    assert not (tmp_path / "mine" / "dagster.yaml").exists()  # its content is up to the user


def test_a_checkout_keeps_its_records_in_dot_dagster(tmp_path: Path, elsewhere: Path) -> None:
    shutil.copy(ROOT / "dagster.yaml", elsewhere)
    location = register_batch("b")
    assert location == instance_location() == str(elsewhere / ".dagster" / "storage")
    assert Path(location).is_dir()
    assert not persistent_home(tmp_path).exists()
    assert "DAGSTER_HOME" not in os.environ
    with open_instance() as instance:
        assert list(instance.get_dynamic_partitions("batches")) == ["b"]


def test_elsewhere_the_records_are_in_the_users_home(tmp_path: Path, elsewhere: Path) -> None:
    assert register_batch("b") == str(persistent_home(tmp_path)) == instance_location()
    assert partitions(persistent_home(tmp_path)) == ["b"]
    assert "telemetry: {enabled: false}" in (persistent_home(tmp_path) / "dagster.yaml").read_text()
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("config", ["telemetry: {enabled: false}\n", "", "[", "- a list", "storage: {postgres: {}}\n"])
def test_a_dagster_yaml_without_a_storage_folder_is_ignored(tmp_path: Path, elsewhere: Path, config: str) -> None:
    (elsewhere / "dagster.yaml").write_text(config)
    assert register_batch("b") == str(persistent_home(tmp_path))


def test_an_existing_configuration_is_kept(tmp_path: Path) -> None:
    persistent_home(tmp_path).mkdir(parents=True)
    (persistent_home(tmp_path) / "dagster.yaml").write_text("telemetry: {enabled: true}\n")
    register_batch("b")
    assert (persistent_home(tmp_path) / "dagster.yaml").read_text() == "telemetry: {enabled: true}\n"


def test_a_checkout_and_the_users_home_have_the_same_configuration(tmp_path: Path) -> None:
    """Word for word, with the same comments. The checkout's also says where its records are."""
    register_batch("b")
    persistent = (persistent_home(tmp_path) / "dagster.yaml").read_text()
    head, _, rest = (ROOT / "dagster.yaml").read_text().partition("\n\n")
    assert rest == persistent
    assert set(yaml.safe_load(head)) == {"storage", "local_artifact_storage", "compute_logs"}


def test_a_new_home_is_configured_for_unattended_runs(tmp_path: Path) -> None:
    register_batch("b")
    with dg.DagsterInstance.from_config(str(persistent_home(tmp_path))) as instance:
        concurrency = instance.get_concurrency_config()
        assert concurrency.pool_config.pool_granularity is PoolGranularity.RUN
        assert concurrency.pool_config.default_pool_limit == 1
        assert concurrency.run_queue_config is not None
        assert concurrency.run_queue_config.max_concurrent_runs == 4
        assert concurrency.run_queue_config.max_user_code_failure_retries == 5
        (batch_limit,) = concurrency.run_queue_config.tag_concurrency_limits
        assert (batch_limit["key"], batch_limit["limit"]) == ("dagster/partition", 1)
        assert isinstance(instance.run_launcher, WatchingRunLauncher)
        assert isinstance(instance.scheduler, DagsterDaemonScheduler)
        assert instance.scheduler.max_tick_retries == 20
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_max_runtime_seconds == 24 * 60 * 60
        assert (instance.run_retries_enabled, instance.run_retries_max_retries) == (True, 2)
        assert not instance.run_retries_retry_on_asset_or_op_failure


def test_the_pool_is_created_before_the_first_runs_and_a_changed_limit_stays(tmp_path: Path) -> None:
    def limits() -> dict[str, int | None]:
        with dg.DagsterInstance.from_config(str(persistent_home(tmp_path))) as instance:
            return {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}

    register_batch("b")
    assert limits() == {"gpu": 1}
    with open_instance() as instance:
        instance.event_log_storage.set_concurrency_slots("gpu", 2)
    register_batch("c")
    assert limits() == {"gpu": 2}


def test_a_run_that_waits_for_its_pool_in_its_process_keeps_a_core_busy() -> None:
    """Why the pool "gpu" has the granularity "run": Dagster's pause between two checks of the pool is never positive.

    If this fails, Dagster has fixed it: granularity "op" would then let a batch be delivered while another speaks.
    """
    with dg.DagsterInstance.local_temp() as instance:
        storage = instance.event_log_storage
        storage.set_concurrency_slots("gpu", 1)
        storage.claim_concurrency_slot("gpu", "another-run", "step")
        run = dg.DagsterRun("job", run_id="this-run")
        with InstanceConcurrencyContext(instance, run) as waiting:
            assert not waiting.claim("gpu", "step")
            assert waiting.interval_to_next_pending_claim_check() <= 0


def test_registering_twice_is_fine(tmp_path: Path) -> None:
    register_batch("b")
    register_batch("b")
    register_batch("c")
    assert sorted(partitions(persistent_home(tmp_path))) == ["b", "c"]


@pytest.mark.parametrize("batch", ["../evil", "", "a/b"])
def test_hostile_names_are_not_registered(batch: str) -> None:
    with pytest.raises(UnsafeName):
        register_batch(batch)
    assert not Path("evil").exists()


def test_a_home_that_cannot_be_created_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(FileUnusable, match="DAGSTER_HOME"):
        register_batch("b")


def test_the_dagster_command_with_damaged_records_ends_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the run begins: Dagster would show where the definitions raised the error."""
    register_batch("b")
    monkeypatch.delenv("DAGSTER_HOME")
    (persistent_home(tmp_path) / "history" / "runs.db").write_bytes(b"not a database" * 1000)
    monkeypatch.setattr(sys, "argv", ["/bin/dagster", "job", "execute"])
    with pytest.raises(SystemExit) as exit:
        ensure_persistent_home()
    assert exit.value.code == 1
    assert capsys.readouterr().err.startswith(f"Dagster's records in {persistent_home(tmp_path)} cannot be used")


# --- the dagster command --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_dagster_command_keeps_its_records_in_the_users_home(tmp_path: Path, elsewhere: Path) -> None:
    """By itself it keeps them in a temporary folder and deletes it. (The script ``dagster``: ``test_commands``.)"""
    environment = {**os.environ, "F5_STORE": str(tmp_path / "store"), "F5_CACHE": str(tmp_path / "cache")}
    environment["PYTHONWARNINGS"] = "ignore"
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "job", "execute", "-m", "f5_pipeline.definitions", "-j", "setup"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    home = persistent_home(tmp_path)
    assert f"DAGSTER_HOME is not set: the instance is kept in {home}" in done.stderr
    assert list(elsewhere.iterdir()) == []  # no .tmp_dagster_home_… either
    runs = sqlite3.connect(home / "history" / "runs.db").execute("select pipeline_name, status from runs").fetchall()
    assert runs == [("setup", "SUCCESS")]


def test_dagster_removes_its_temporary_home_when_a_command_exits_early(elsewhere: Path) -> None:
    """``ensure_persistent_home`` relies on this. It also relies on the command loading the definitions in its own
    process, after it has created the folder, and on ``SystemExit`` passing through: else the test above would fail.
    """
    with suppress(SystemExit), get_possibly_temporary_instance_for_cli():
        (created,) = elsewhere.iterdir()
        raise SystemExit
    assert created.name.startswith(".tmp_dagster_home_")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.slow
def test_other_programs_that_load_the_definitions_are_not_restarted(tmp_path: Path, elsewhere: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import f5_pipeline.definitions, os; print(os.environ.get('DAGSTER_HOME'))", "job"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "None\n"
    assert not persistent_home(tmp_path).exists()
    assert list(elsewhere.iterdir()) == []
