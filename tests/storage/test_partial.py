"""Atomic writes; partial files of dead writers are distinguished from those of live writers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import lock_descriptor

from f5_pipeline.storage import partial
from f5_pipeline.storage.partial import TargetExists, atomic_write, partial_files, remove_if_dead

WRITER = """
import sys, time
from pathlib import Path
from f5_pipeline.storage.partial import atomic_write
with atomic_write(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def writer(tmp_path: Path):
    """Another process that is writing ``tmp_path/a/target``."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "a" / "target")], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"writing\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "target"
    with atomic_write(target) as file:
        file.write(b"all")
        assert not target.exists()
    assert target.read_bytes() == b"all"
    assert [path.name for path in target.parent.iterdir()] == ["target"]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failure_keeps_the_old_file(tmp_path: Path, failure: type[BaseException]) -> None:
    (tmp_path / "target").write_bytes(b"old")

    def fail_halfway() -> None:
        with atomic_write(tmp_path / "target") as file:
            file.write(b"new")
            raise failure

    with pytest.raises(failure):
        fail_halfway()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize("links", [True, False], ids=["with hard links", "without"])
def test_without_replace_the_old_target_is_kept(tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no hard links")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    for data, expected in ((b"one", None), (b"two", TargetExists)):
        try:
            with atomic_write(tmp_path / "target", replace=False) as file:
                file.write(data)
        except TargetExists:
            assert expected is TargetExists
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"one"]


def test_the_file_of_a_live_writer_is_kept(tmp_path: Path, writer: subprocess.Popen[bytes]) -> None:
    (found,) = partial_files(tmp_path)
    assert (found.pid, found.host, found.size, found.dead) == (writer.pid, partial.host_slug(), 4, False)
    assert not remove_if_dead(found)
    assert found.path.exists()


def test_the_file_of_a_dead_writer_is_removed(tmp_path: Path, writer: subprocess.Popen[bytes]) -> None:
    writer.kill()
    writer.wait()
    (found,) = partial_files(tmp_path)
    assert found.dead
    assert found.path.exists()
    assert remove_if_dead(found)
    assert remove_if_dead(found)  # already gone is fine
    assert list(partial_files(tmp_path)) == []


def test_neither_age_nor_process_id_decides(tmp_path: Path) -> None:
    """The process id of a dead writer may be reused: here this process has it."""
    dead = tmp_path / f".part-{partial.host_slug()}-{os.getpid()}-{'0' * 16}"
    alive = tmp_path / f".part-{partial.host_slug()}-{'9' * 7}-{'1' * 16}"
    dead.touch()
    with alive.open("wb") as file:
        lock_descriptor(file.fileno())
        os.utime(alive, (0, 0))
        dead_by_name = {found.path.name: found.dead for found in partial_files(tmp_path)}
    assert dead_by_name == {dead.name: True, alive.name: False}


@pytest.mark.parametrize(("network", "dead"), [(True, False), (False, True)])
def test_another_machines_file_counts_as_dead_only_where_its_lock_is_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: bool, dead: bool
) -> None:
    monkeypatch.setattr(partial, "is_network_filesystem", lambda folder: network)
    (tmp_path / f".part-elsewhere-1-{'0' * 16}").touch()
    (found,) = partial_files(tmp_path)
    assert (found.host, found.dead) == ("elsewhere", dead)
    assert remove_if_dead(found) == dead


def test_without_locks_no_file_counts_as_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object, **__: object) -> bool:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(partial, "lock_descriptor", no_locks)
    with atomic_write(tmp_path / "target") as file:
        file.write(b"x")
        (found,) = partial_files(tmp_path)
        assert not found.dead
    assert (tmp_path / "target").read_bytes() == b"x"


def test_a_file_that_is_cleaned_up_before_it_is_locked_is_created_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = []

    def lock_after_cleanup(descriptor: int) -> None:
        if not removed:
            removed.extend(tmp_path.iterdir())
            removed[0].unlink()

    monkeypatch.setattr(partial, "lock_descriptor", lock_after_cleanup)
    with atomic_write(tmp_path / "target") as file:
        file.write(b"x")
    assert (tmp_path / "target").read_bytes() == b"x"


def test_links_and_other_names_are_not_partial_files(tmp_path: Path) -> None:
    (tmp_path / f".part-h-1-{'0' * 16}").symlink_to("/etc/hostname")
    for name in (".part-", ".part-h-1-short", "part-h-1-" + "0" * 16, ".partial"):
        (tmp_path / name).touch()
    assert [(found.dead, remove_if_dead(found)) for found in partial_files(tmp_path)] == [(False, False)]
    assert len(list(tmp_path.iterdir())) == 5
