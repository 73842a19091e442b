"""``f5-pipeline doctor`` as people and monitoring see it. Importing is not done anew each time."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.cli.main import main
from f5_pipeline.doctor import engine
from f5_pipeline.doctor.engine import Imports
from f5_pipeline.storage.local import LocalStore
from tests.storage import servers
from tests.storage.servers import Server

#: Monitoring relies on these; the ones in the middle are of a bucket only.
NAMES = [
    *("settings", "variables", "python", "packages", "instance", "instance_leftovers", "port"),
    *("torch", "torchaudio", "vocos", "f5_tts", "cuda", "attention", "disk", "memory", "cache"),
    *("store_endpoint", "store_clock", "store_credentials"),
    *("store_listing", "store_write", "voices", "model", "model_licence"),
]
OF_A_BUCKET = ("store_endpoint", "store_clock", "store_credentials")


class Doctor:
    """The command in a working folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = main(["doctor", *arguments])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def checks(self) -> tuple[int, dict[str, dict[str, Any]]]:
        code, out, err = self("--json")
        found = json.loads(out)
        assert "Traceback" not in err
        assert found["usable"] == (code == 0)
        return code, {check["name"]: check for check in found["checks"]}


@pytest.fixture
def doctor(tmp_path: Path, cache: Path, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Doctor:
    environment.chdir(tmp_path)
    environment.setenv("F5_CACHE", str(cache))
    environment.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    every = ("torch", "torchaudio", "vocos", "f5_tts")
    environment.setattr(engine, "see_imports", lambda: Imports(dict.fromkeys(every, ""), "2.13.0+cpu"))
    return Doctor(tmp_path, capsys)


def test_a_new_machine_is_usable_and_is_left_as_it_was(doctor: Doctor) -> None:
    code, checks = doctor.checks()
    assert code == 0
    assert list(checks) == [name for name in NAMES if name not in OF_A_BUCKET]
    assert {name for name, check in checks.items() if check["status"] == "warn"} <= {"voices", "port", "disk", "memory"}
    assert all(set(check) == {"name", "status", "found", "fix"} for check in checks.values())
    assert list(doctor.folder.iterdir()) == []


def test_a_table_for_people(doctor: Doctor) -> None:
    code, out, _ = doctor()
    lines = out.splitlines()
    assert code == 0
    assert [line.split()[:2] for line in lines[1:3]] == [["ok", "settings"], ["ok", "variables"]]
    assert "→ Put voices/NAME.wav and voices/NAME.txt into the store" in out
    assert lines[-1].startswith("Batches can be spoken here; ")


def test_a_bucket(doctor: Doctor, environment: pytest.MonkeyPatch, rclone_server: Server) -> None:
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
    assert checks["voices"]["found"] == "1 voices can be used."
    assert len(client.list_objects_v2(Bucket=bucket)["Contents"]) == 2


def test_a_dead_endpoint_keeps_nothing_else_from_being_looked_at(
    doctor: Doctor, environment: pytest.MonkeyPatch
) -> None:
    for name, value in servers.environment(f"http://127.0.0.1:{servers.free_port()}").items():
        environment.setenv(name, value)
    environment.setenv("F5_STORE", "s3://bucket")
    code, checks = doctor.checks()
    assert (code, list(checks)) == (1, NAMES)
    assert {name for name, check in checks.items() if check["status"] == "fail"} == {"store_endpoint"}
    assert checks["voices"]["found"] == "Not looked at, because of store_endpoint."
    assert checks["model"]["status"] == "ok"
    _, out, err = doctor()
    assert "1 thing must be mended first" in out
    assert servers.SECRET_KEY not in out + err


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("F5_STROE", "x", "did you mean F5_STORE?"),
        ("F5_DEVICE", "tpu", "F5_DEVICE"),
        ("F5_MODEL", "loud", "is not in the catalogue"),
        ("F5_STORE", "ftp://x/y", "F5_STORE"),
    ],
)
def test_bad_settings_are_a_finding(
    doctor: Doctor, environment: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    environment.setenv(variable, value)
    code, checks = doctor.checks()
    assert code == 1
    assert {name for name, check in checks.items() if check["status"] == "fail"} == {"settings"}
    assert says in checks["settings"]["found"]
    assert set(checks) == set(NAMES) - set(OF_A_BUCKET)
    assert checks["python"]["status"] == "ok"


def test_a_slip_in_dot_env_is_a_finding(doctor: Doctor, environment: pytest.MonkeyPatch) -> None:
    (doctor.folder / ".env").write_text("F5_ZZZ=1\n")
    environment.setenv("F5_ZZZ", "")  # undone afterwards
    environment.delenv("F5_ZZZ")
    code, checks = doctor.checks()
    assert code == 0
    assert checks["variables"]["status"] == "warn"
    assert "F5_ZZZ" in checks["variables"]["found"]


def test_what_comes_from_outside_cannot_command_the_terminal(doctor: Doctor) -> None:
    store = LocalStore(doctor.folder / "store")
    store.write("voices/anna.wav", b"")
    (doctor.folder / "store" / "voices" / "anna.txt").write_text("\x1b[31mred")
    store.write("voices/anna.toml", b"'\\u001b[31m' = 1")
    assert "\x1b" not in doctor()[1]
