"""The Dagster instance: where it is, unusable homes and configurations, leftovers of crashed commands."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from f5_pipeline.doctor.finding import Finding
from f5_pipeline.doctor.instance import check_instance, probe_instance


def home_finding(folder: Path, **environment: str) -> Finding:
    return next(iter(check_instance(probe_instance(folder, environment))))


@pytest.fixture(autouse=True)
def state(tmp_path: Path, environment: pytest.MonkeyPatch) -> Path:
    environment.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_the_users_default_home_is_not_created(tmp_path: Path, state: Path) -> None:
    finding = home_finding(tmp_path)
    assert finding.status == "ok"
    assert finding.found.startswith(f"{state / 'f5-pipeline' / 'dagster'} can be written")
    assert not state.exists()


def test_dagster_yaml_of_the_working_folder_is_used_unless_dagster_home_is_set(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("storage: {sqlite: {base_dir: .dagster/storage}}\n")
    assert home_finding(tmp_path).found.startswith(f"{tmp_path / '.dagster/storage'} can be written")
    home = tmp_path / "home"
    home.mkdir()
    assert home_finding(tmp_path, DAGSTER_HOME=str(home)).found == f"{home} can be written."


def test_relative_or_missing_home_fails(tmp_path: Path) -> None:
    relative = home_finding(tmp_path, DAGSTER_HOME="relative")
    assert (relative.status, "not an absolute path" in relative.found) == ("fail", True)
    missing = home_finding(tmp_path, DAGSTER_HOME=str(tmp_path / "none"))
    assert (missing.status, missing.fix) == ("fail", f"Create it: mkdir -p {tmp_path / 'none'}")


@pytest.mark.parametrize("text", ["storage: {", "- a\n- list\n", "\xff"])
def test_unreadable_configuration_fails(tmp_path: Path, text: str) -> None:
    (tmp_path / "dagster.yaml").write_bytes(text.encode("latin-1"))
    finding = home_finding(tmp_path, DAGSTER_HOME=str(tmp_path))
    assert (finding.status, "dagster.yaml cannot be read" in finding.found) == ("fail", True)


def test_sqlite_on_a_network_volume_is_a_warning(tmp_path: Path) -> None:
    remote = replace(probe_instance(tmp_path, {}), on_network_volume=True)
    assert next(iter(check_instance(remote))).status == "warn"
    postgres = replace(remote, sqlite=False)
    assert next(iter(check_instance(postgres))).status == "ok"


def test_storage_in_postgres_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("storage: {postgres: {postgres_url: x}}\n")
    assert not probe_instance(tmp_path, {"DAGSTER_HOME": str(tmp_path)}).sqlite


def test_leftover_temporary_home_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / ".tmp_dagster_home_abc").mkdir()
    *_, leftovers = check_instance(probe_instance(tmp_path, {}))
    assert (leftovers.name, leftovers.status) == ("instance_leftovers", "warn")
    assert str(tmp_path / ".tmp_dagster_home_abc") in leftovers.found


def test_temporary_home_of_a_running_dagster_dev_is_no_leftover(tmp_path: Path) -> None:
    (tmp_path / ".tmp_dagster_home_abc").mkdir()
    (tmp_path / "dagster").write_text("import sys, time\nprint(flush=True)\ntime.sleep(600)\n")
    command = [sys.executable, "dagster", "dev"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            *_, leftovers = check_instance(probe_instance(tmp_path, {}))
        finally:
            process.kill()
    assert leftovers.status == "ok"
