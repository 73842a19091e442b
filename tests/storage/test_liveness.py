"""Proof of life and of death: with real processes, killed as the kernel kills them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from f5_pipeline.storage import liveness as module
from f5_pipeline.storage.liveness import alive, lives, remove_stale

_LIVING = """
import sys
from pathlib import Path
from f5_pipeline.storage.liveness import alive
with alive(Path(sys.argv[1]), "run"):
    print("up", flush=True)
    sys.stdin.read()
"""


def living(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _LIVING, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def test_a_killed_process_is_proven_dead_and_buried(tmp_path: Path) -> None:
    process = living(tmp_path)
    assert lives(tmp_path, "run") is True
    process.kill()
    process.communicate()
    assert lives(tmp_path, "run") is False
    assert lives(tmp_path, "run") is False  # looking changes nothing
    remove_stale(tmp_path, "run")
    assert lives(tmp_path, "run") is None
    assert list(tmp_path.iterdir()) == []


def test_one_that_ends_by_itself_leaves_nothing_and_is_no_corpse(tmp_path: Path) -> None:
    process = living(tmp_path)
    process.communicate("")
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []
    assert lives(tmp_path, "run") is None


def test_of_a_process_that_nobody_heard_of_nothing_is_known(tmp_path: Path) -> None:
    assert lives(tmp_path / "missing", "run") is None
    assert lives(tmp_path, "run") is None


def test_of_one_on_a_volume_whose_locks_may_lie_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = living(tmp_path)
    process.kill()
    process.communicate()
    monkeypatch.setattr(module, "is_network_volume", lambda folder: True)
    assert lives(tmp_path, "run") is None


def test_of_one_on_another_machine_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = living(tmp_path)
    process.kill()
    process.communicate()
    monkeypatch.setattr(module, "host_slug", lambda: "elsewhere")
    assert lives(tmp_path, "run") is None


def test_where_it_cannot_be_shown_the_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with alive(tmp_path / "file" / "folder", "run"):
        pass
    folder = tmp_path / "folder"
    with alive(folder, "run"), alive(folder, "run"):  # shown already
        assert len(list(folder.iterdir())) == 1
    assert list(folder.iterdir()) == []
