"""Where Dagster's records are kept, and what can be wrong there."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from f5_pipeline.doctor.finding import Finding
from f5_pipeline.doctor.instance import judge_instance, see_instance


def found(here: Path, **environment: str) -> Finding:
    return next(iter(judge_instance(see_instance(here, environment))))


@pytest.fixture(autouse=True)
def state(tmp_path: Path, environment: pytest.MonkeyPatch) -> Path:
    environment.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_the_users_own_is_the_default_and_is_not_made(tmp_path: Path, state: Path) -> None:
    finding = found(tmp_path)
    assert finding.status == "ok"
    assert finding.found.startswith(f"{state / 'f5-pipeline' / 'dagster'} can be written")
    assert not state.exists()


def test_the_working_folders_configuration(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("storage: {sqlite: {base_dir: .dagster/storage}}\n")
    assert found(tmp_path).found.startswith(f"{tmp_path / '.dagster/storage'} can be written")
    home = tmp_path / "home"
    home.mkdir()
    assert found(tmp_path, DAGSTER_HOME=str(home)).found == f"{home} can be written."


def test_a_home_that_is_relative_or_missing(tmp_path: Path) -> None:
    relative = found(tmp_path, DAGSTER_HOME="here")
    assert (relative.status, "not an absolute path" in relative.found) == ("fail", True)
    missing = found(tmp_path, DAGSTER_HOME=str(tmp_path / "none"))
    assert (missing.status, missing.fix) == ("fail", f"mkdir -p {tmp_path / 'none'}")


@pytest.mark.parametrize("text", ["storage: {", "- a\n- list\n", "\xff"])
def test_a_configuration_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "dagster.yaml").write_bytes(text.encode("latin-1"))
    finding = found(tmp_path, DAGSTER_HOME=str(tmp_path))
    assert (finding.status, "dagster.yaml cannot be read" in finding.found) == ("fail", True)


def test_databases_on_a_network_volume(tmp_path: Path) -> None:
    seen = replace(see_instance(tmp_path, {}), network=True)
    assert "network volume" in next(iter(judge_instance(seen))).found
    elsewhere = replace(seen, database=False)
    assert next(iter(judge_instance(elsewhere))).status == "ok"


def test_records_in_another_database_are_seen(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("storage: {postgres: {postgres_url: x}}\n")
    assert not see_instance(tmp_path, {"DAGSTER_HOME": str(tmp_path)}).database


def test_what_crashed_commands_left(tmp_path: Path) -> None:
    (tmp_path / ".tmp_dagster_home_abc").mkdir()
    *_, leftovers = judge_instance(see_instance(tmp_path, {}))
    assert (leftovers.name, leftovers.status) == ("instance_leftovers", "warn")
    assert str(tmp_path / ".tmp_dagster_home_abc") in leftovers.found


def test_the_home_of_a_running_dagster_dev_is_not_one_of_them(tmp_path: Path) -> None:
    (tmp_path / ".tmp_dagster_home_abc").mkdir()
    (tmp_path / "dagster").write_text("import sys, time\nprint(flush=True)\ntime.sleep(600)\n")
    command = [sys.executable, "dagster", "dev"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            *_, leftovers = judge_instance(see_instance(tmp_path, {}))
        finally:
            process.kill()
    assert leftovers.status == "ok"
