"""Liveness of real processes, which are killed with SIGKILL."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from f5_pipeline.storage import liveness
from f5_pipeline.storage.liveness import advertise, is_alive, remove_stale

_ADVERTISER = """
import sys
from pathlib import Path
from f5_pipeline.storage.liveness import advertise
with advertise(Path(sys.argv[1]), "run"):
    print("up", flush=True)
    sys.stdin.read()
"""


def advertiser(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _ADVERTISER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def test_a_killed_process_is_dead_until_its_file_is_removed(tmp_path: Path) -> None:
    process = advertiser(tmp_path)
    assert is_alive(tmp_path, "run") is True
    process.kill()
    process.communicate()
    assert is_alive(tmp_path, "run") is False
    assert is_alive(tmp_path, "run") is False  # asking changes nothing
    remove_stale(tmp_path, "run")
    assert is_alive(tmp_path, "run") is None
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_ends_normally_leaves_no_file(tmp_path: Path) -> None:
    process = advertiser(tmp_path)
    process.communicate("")
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []
    assert is_alive(tmp_path, "run") is None


def test_an_unadvertised_name_is_unknown(tmp_path: Path) -> None:
    assert is_alive(tmp_path / "missing", "run") is None
    assert is_alive(tmp_path, "run") is None


def test_a_network_file_system_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = advertiser(tmp_path)
    process.kill()
    process.communicate()
    monkeypatch.setattr(liveness, "is_network_filesystem", lambda folder: True)
    assert is_alive(tmp_path, "run") is None


def test_a_process_of_another_machine_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = advertiser(tmp_path)
    process.kill()
    process.communicate()
    monkeypatch.setattr(liveness, "host_slug", lambda: "elsewhere")
    assert is_alive(tmp_path, "run") is None


def test_the_block_runs_even_if_advertising_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with advertise(tmp_path / "file" / "folder", "run"):
        pass
    folder = tmp_path / "folder"
    with advertise(folder, "run"), advertise(folder, "run"):  # the name is taken
        assert len(list(folder.iterdir())) == 1
    assert list(folder.iterdir()) == []
