"""Parts of dead writers are taken over: on local disks, on shared volumes, and on volumes without locks."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import logging
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from f5_pipeline.errors import FileUnusable
from f5_pipeline.storage import locks, part_file
from f5_pipeline.storage.part_file import IDLE_SECONDS, open_part, resumable_bytes
from f5_pipeline.storage.partial import host_slug
from f5_pipeline.storage.pinned import fetch_pinned

DEAD_PID = 2**22 - 1  # no process of this machine has it


@pytest.fixture
def volume(monkeypatch: pytest.MonkeyPatch) -> None:
    """All folders are on a volume that other machines share."""
    monkeypatch.setattr(part_file, "is_network_filesystem", lambda folder: True)
    monkeypatch.setattr(locks, "is_network_filesystem", lambda folder: True)


@pytest.fixture
def without_locks(volume: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", flock)


def part(folder: Path, content: bytes, host: str = "", pid: int = DEAD_PID, idle: float = 0.0) -> Path:
    """A part of a writer, which wrote to it ``idle`` seconds ago."""
    path = folder / f".part-{host or host_slug()}-{pid}-{len(list(folder.iterdir())):016x}"
    path.write_bytes(content)
    path.with_name(path.name + ".version").write_text("v1")
    os.utime(path, (time.time() - idle,) * 2)
    return path


def test_the_largest_of_several_dead_parts_is_continued_and_the_others_are_removed(tmp_path: Path) -> None:
    small, large = part(tmp_path, b"ab"), part(tmp_path, b"abcd")
    assert resumable_bytes(tmp_path) == 4
    with open_part(tmp_path) as opened:
        assert (opened.path, opened.size, opened.version) == (large, 4, "v1")
    assert not small.exists()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.usefixtures("volume")
def test_a_dead_machines_part_is_taken_over_under_our_name(tmp_path: Path) -> None:
    part(tmp_path, b"abcd", host="dead-pod", idle=IDLE_SECONDS + 1)
    with open_part(tmp_path) as opened:
        assert (opened.size, opened.version) == (4, "v1")
        assert opened.path.name.startswith(f".part-{host_slug()}-{os.getpid()}-")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.usefixtures("volume")
def test_another_machines_part_that_grows_is_left_alone(tmp_path: Path) -> None:
    other = part(tmp_path, b"abcd", host="live-pod")
    with open_part(tmp_path) as opened:
        assert opened.size == 0
    assert other.read_bytes() == b"abcd"


@pytest.mark.usefixtures("without_locks")
def test_without_locks_a_dead_process_of_this_machine_is_known_by_its_id(tmp_path: Path) -> None:
    dead, alive = part(tmp_path, b"abcd"), part(tmp_path, b"abcdef", pid=os.getpid())
    with open_part(tmp_path) as opened:
        assert opened.path == dead
    assert alive.exists()


@pytest.mark.usefixtures("without_locks")
def test_without_locks_an_idle_part_is_continued_whoever_has_the_id_now(tmp_path: Path) -> None:
    idle = part(tmp_path, b"abcd", pid=os.getpid(), idle=IDLE_SECONDS + 1)
    with open_part(tmp_path) as opened:
        assert opened.path == idle


_HOLD = """
import sys, time
from pathlib import Path
from f5_pipeline.storage.part_file import open_part
with open_part(Path(sys.argv[1])) as part:
    part.file.write(b"abcd")
    part.file.flush()
    print("open", flush=True)
    time.sleep(600)
"""


def test_a_live_process_keeps_its_part_until_it_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        with open_part(tmp_path) as opened:
            assert opened.size == 0
            opened.remove()
        process.kill()
    with open_part(tmp_path) as opened:
        assert opened.size == 4


# --- the lock of a dead machine -----------------------------------------------------------------------------------


def leave_lock(target: Path, idle: float) -> None:
    """The lock of a machine whose last heartbeat was ``idle`` seconds ago."""
    lock, holder = target.with_name(target.name + ".lock"), target.with_name(target.name + ".lock.holder")
    lock.write_text(f"{DEAD_PID}\ndead-pod\n")
    holder.write_text(json.dumps({"host": "dead-pod", "pid": 1, "program": "f5-pipeline", "since": "yesterday"}))
    for each in (lock, holder):
        os.utime(each, (time.time() - idle,) * 2)


@pytest.mark.usefixtures("volume")
def test_a_dead_machines_lock_is_not_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "f5_pipeline")
    target = tmp_path / "file"
    leave_lock(target, idle=60)

    def fetch(folder: Path) -> tuple[Path, int]:
        folder.mkdir()
        (folder / "part").write_bytes(b"content")
        return folder / "part", 7

    assert fetch_pinned(target, hashlib.sha256(b"content").hexdigest(), fetch).bytes_downloaded == 7
    assert caplog.text.count("Waiting to begin") == 1  # a second line follows after ten seconds
    assert "Continuing with fetching file without its lock" in caplog.text
    assert target.with_name("file.lock").read_text().splitlines()[1] == "dead-pod"  # it is not ours to break


@pytest.mark.usefixtures("volume")
def test_the_clock_of_the_volume_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that of this machine, which may be hours off."""
    leave_lock(tmp_path / "file", idle=60)
    silence = locks._silence(tmp_path / "file.lock")
    assert 59 <= silence <= 120
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert locks._silence(tmp_path / "file.lock") >= silence


def test_the_part_of_a_dead_machine_is_old_enough_once_its_lock_is_not_waited_for() -> None:
    """Its last heartbeat may be older than the last byte that it wrote."""
    assert IDLE_SECONDS < locks.DOWNLOAD_PATIENCE - locks.HEARTBEAT_INTERVAL


def write_beyond_the_limit(folder: Path, error: Exception | None) -> None:
    with open_part(folder) as found:
        found.file.write(b"x" * 100)  # stays in the buffer until the file is closed
        if error is not None:
            raise error


@pytest.mark.parametrize(("error", "raised"), [(InterruptedError(), InterruptedError), (None, FileUnusable)])
def test_bytes_that_do_not_fit_hide_no_error(tmp_path: Path, error: Exception | None, raised: type[Exception]) -> None:
    """A limit on the size of files stands in for the full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(raised):
            write_beyond_the_limit(tmp_path, error)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
