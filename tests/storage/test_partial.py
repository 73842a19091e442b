"""Files appear whole or not at all; what dead writers leave is told from what living ones write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import lock_descriptor

from f5_pipeline.storage import partial
from f5_pipeline.storage.partial import AlreadyThere, atomic_write, partial_files, remove_if_dead

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
    """Another process, in the middle of writing ``tmp_path/a/target``."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "a" / "target")], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"writing\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "target"
    with atomic_write(target) as file:
        file.write(b"all")
        assert not target.exists()
    assert target.read_bytes() == b"all"
    assert [path.name for path in target.parent.iterdir()] == ["target"]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_what_was_there(tmp_path: Path, failure: type[BaseException]) -> None:
    (tmp_path / "target").write_bytes(b"old")

    def fail_halfway() -> None:
        with atomic_write(tmp_path / "target") as file:
            file.write(b"new")
            raise failure

    with pytest.raises(failure):
        fail_halfway()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize("links", [True, False], ids=["with hard links", "without"])
def test_a_target_that_is_not_to_be_replaced(tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no hard links here")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    for data, expected in ((b"one", None), (b"two", AlreadyThere)):
        try:
            with atomic_write(tmp_path / "target", replace=False) as file:
                file.write(data)
        except AlreadyThere:
            assert expected is AlreadyThere
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"one"]


def test_a_living_writer_is_left_alone(tmp_path: Path, writer: subprocess.Popen[bytes]) -> None:
    (found,) = partial_files(tmp_path)
    assert (found.pid, found.host, found.size, found.dead) == (writer.pid, partial.host_slug(), 4, False)
    assert not remove_if_dead(found)
    assert found.path.exists()


def test_a_dead_writers_file_is_removed(tmp_path: Path, writer: subprocess.Popen[bytes]) -> None:
    writer.kill()
    writer.wait()
    (found,) = partial_files(tmp_path)
    assert found.dead
    assert found.path.exists()
    assert remove_if_dead(found)
    assert remove_if_dead(found)  # already gone is fine
    assert list(partial_files(tmp_path)) == []


def test_age_is_no_proof_and_a_used_again_pid_no_disproof(tmp_path: Path) -> None:
    """A dead writer's number may be anybody's now: here it is that of this very process."""
    dead = tmp_path / f".part-{partial.host_slug()}-{os.getpid()}-{'0' * 16}"
    alive = tmp_path / f".part-{partial.host_slug()}-{'9' * 7}-{'1' * 16}"
    dead.touch()
    with alive.open("wb") as file:
        lock_descriptor(file.fileno())
        os.utime(alive, (0, 0))
        judged = {found.path.name: found.dead for found in partial_files(tmp_path)}
    assert judged == {dead.name: True, alive.name: False}


@pytest.mark.parametrize(("network", "dead"), [(True, False), (False, True)])
def test_another_machines_file_is_judged_only_where_its_lock_would_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: bool, dead: bool
) -> None:
    monkeypatch.setattr(partial, "is_network_volume", lambda folder: network)
    (tmp_path / f".part-elsewhere-1-{'0' * 16}").touch()
    (found,) = partial_files(tmp_path)
    assert (found.host, found.dead) == ("elsewhere", dead)
    assert remove_if_dead(found) == dead


def test_without_locks_there_is_no_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object, **__: object) -> bool:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(partial, "lock_descriptor", no_locks)
    with atomic_write(tmp_path / "target") as file:
        file.write(b"x")
        (found,) = partial_files(tmp_path)
        assert not found.dead
    assert (tmp_path / "target").read_bytes() == b"x"


def test_a_cleaner_that_comes_between_opening_and_locking_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = []

    def lock_after_a_cleaner(descriptor: int) -> None:
        if not removed:
            removed.extend(tmp_path.iterdir())
            removed[0].unlink()

    monkeypatch.setattr(partial, "lock_descriptor", lock_after_a_cleaner)
    with atomic_write(tmp_path / "target") as file:
        file.write(b"x")
    assert (tmp_path / "target").read_bytes() == b"x"


def test_links_and_strangers_are_no_partial_files(tmp_path: Path) -> None:
    (tmp_path / f".part-h-1-{'0' * 16}").symlink_to("/etc/hostname")
    for name in (".part-", ".part-h-1-short", "part-h-1-" + "0" * 16, ".partial"):
        (tmp_path / name).touch()
    assert [(found.dead, remove_if_dead(found)) for found in partial_files(tmp_path)] == [(False, False)]
    assert len(list(tmp_path.iterdir())) == 5
