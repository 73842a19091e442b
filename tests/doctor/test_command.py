"""``f5-pipeline doctor`` as users and monitoring see it. The import tests are replaced by a fixed result."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.cli.main import main
from f5_pipeline.doctor import imports
from f5_pipeline.doctor.imports import Imports
from f5_pipeline.storage.local import LocalStore
from tests.doctor.check_names import BUCKET_ONLY, NAMES
from tests.storage import servers
from tests.storage.servers import Server


class Doctor:
    """The command in a working folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = main(["doctor", *arguments])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def checks(self) -> tuple[int, dict[str, dict[str, Any]]]:
        code, out, err = self("--json")
        report = json.loads(out)
        assert "Traceback" not in err
        assert report["usable"] == (code == 0)
        return code, {check["name"]: check for check in report["checks"]}


@pytest.fixture
def doctor(tmp_path: Path, cache: Path, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Doctor:
    environment.chdir(tmp_path)
    environment.setenv("F5_CACHE", str(cache))
    environment.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    working = Imports(dict.fromkeys(imports.NAMES, ""), "2.13.0+cpu")
    environment.setattr(imports, "probe_imports", lambda: working)
    return Doctor(tmp_path, capsys)


def test_a_new_machine_is_usable_and_unchanged(doctor: Doctor) -> None:
    code, checks = doctor.checks()
    assert code == 0
    assert list(checks) == [name for name in NAMES if name not in BUCKET_ONLY]
    assert {name for name, check in checks.items() if check["status"] == "warn"} <= {"voices", "port", "disk", "memory"}
    assert all(set(check) == {"name", "status", "found", "fix"} for check in checks.values())
    assert list(doctor.folder.iterdir()) == []


def test_table_has_findings_fixes_and_a_summary(doctor: Doctor) -> None:
    code, out, _ = doctor()
    lines = out.splitlines()
    assert code == 0
    assert [line.split()[:2] for line in lines[1:3]] == [["ok", "settings"], ["ok", "variables"]]
    assert "→ Put voices/NAME.wav" in out
    assert lines[-1].endswith(("warning.", "warnings."))


def test_a_bucket_has_more_checks_and_is_unchanged(
    doctor: Doctor, environment: pytest.MonkeyPatch, rclone_server: Server
) -> None:
    for name, value in servers.environment(rclone_server.endpoint).items():
        environment.setenv(name, value)
    bucket = rclone_server.bucket()
    environment.setenv("F5_STORE", f"s3://{bucket}")
    client = servers.client(rclone_server.endpoint)
    for name in ("f2.wav", "f2.txt"):
        client.put_object(
            Bucket=bucket, Key=f"voices/{name}", Body=files("f5_pipeline.demo").joinpath("voices", name).read_bytes()
        )
    code, checks = doctor.checks()
    assert (code, list(checks)) == (0, NAMES)
    assert checks["voices"]["status"] == "ok"
    assert len(client.list_objects_v2(Bucket=bucket)["Contents"]) == 2


def test_a_dead_endpoint_skips_only_the_checks_that_need_it(doctor: Doctor, environment: pytest.MonkeyPatch) -> None:
    for name, value in servers.environment(f"http://127.0.0.1:{servers.free_port()}").items():
        environment.setenv(name, value)
    environment.setenv("F5_STORE", "s3://bucket")
    code, checks = doctor.checks()
    assert (code, list(checks)) == (1, NAMES)
    assert {name for name, check in checks.items() if check["status"] == "fail"} == {"store_endpoint"}
    assert "store_endpoint" in checks["voices"]["found"]
    assert checks["model"]["status"] == "ok"
    _, out, err = doctor()
    assert out.splitlines()[-1].startswith("1 problem ")
    assert servers.SECRET_KEY not in out + err


@pytest.mark.parametrize(
    ("variable", "value", "fact"),
    [
        ("F5_STROE", "x", "F5_STORE"),
        ("F5_DEVICE", "tpu", "F5_DEVICE"),
        ("F5_MODEL", "loud", "catalogue"),
        ("F5_STORE", "ftp://x/y", "F5_STORE"),
    ],
)
def test_invalid_settings_are_a_finding(
    doctor: Doctor, environment: pytest.MonkeyPatch, variable: str, value: str, fact: str
) -> None:
    environment.setenv(variable, value)
    code, checks = doctor.checks()
    assert code == 1
    assert {name for name, check in checks.items() if check["status"] == "fail"} == {"settings"}
    assert fact in checks["settings"]["found"]
    assert set(checks) == set(NAMES) - set(BUCKET_ONLY)
    assert checks["python"]["status"] == "ok"


def test_an_unknown_variable_in_dot_env_is_a_finding(doctor: Doctor, environment: pytest.MonkeyPatch) -> None:
    (doctor.folder / ".env").write_text("F5_ZZZ=1\n")
    environment.setenv("F5_ZZZ", "")  # removed again after the test
    environment.delenv("F5_ZZZ")
    code, checks = doctor.checks()
    assert code == 0
    assert checks["variables"]["status"] == "warn"
    assert "F5_ZZZ" in checks["variables"]["found"]


def test_a_binary_dot_env_is_a_finding(doctor: Doctor) -> None:
    (doctor.folder / ".env").write_bytes(b"F5_DEVICE=\xff\n")
    code, checks = doctor.checks()
    assert (code, checks["settings"]["status"]) == (1, "fail")


def test_hostile_texts_are_printed_without_control_characters(doctor: Doctor) -> None:
    store = LocalStore(doctor.folder / "store")
    store.write("voices/anna.wav", b"")
    (doctor.folder / "store" / "voices" / "anna.txt").write_text("\x1b[31mred")
    store.write("voices/anna.toml", b"'\\u001b[31m' = 1")
    assert "\x1b" not in doctor()[1]
