"""Locks exclude others, name their holder, and end with it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from f5_pipeline.errors import FileUnusable
from f5_pipeline.storage import locks, retry
from f5_pipeline.storage.locks import describe_holder, hold
from f5_pipeline.storage.partial import host_slug
from f5_pipeline.storage.retry import with_retries

HOLDER = """
import socket, sys, time
from pathlib import Path
socket.gethostname = lambda name=sys.argv[3] or socket.gethostname(): name
from f5_pipeline.storage import locks
locks.is_network_filesystem = lambda folder: sys.argv[2] == "network"
locks.HEARTBEAT_INTERVAL = float(sys.argv[4])
with locks.hold(Path(sys.argv[1]), "testing"):
    print("held", flush=True)
    time.sleep(600)
"""
FILESYSTEMS = pytest.mark.parametrize("filesystem", ["local", "network"])


def hold_in_process(path: Path, filesystem: str, host: str = "", interval: float = 20.0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", HOLDER, str(path), filesystem, host, str(interval)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


@pytest.fixture
def path(tmp_path: Path, filesystem: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(locks, "is_network_filesystem", lambda folder: filesystem == "network")
    return tmp_path / "locks" / "one"


@FILESYSTEMS
def test_a_lock_ends_with_its_holder(path: Path, filesystem: str, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the holder; its death ends the wait."""
    caplog.set_level(logging.INFO, "f5_pipeline")
    process = hold_in_process(path, filesystem)
    entered = threading.Event()

    def enter() -> None:
        with hold(path, "my work"):
            entered.set()

    waiting = threading.Thread(target=enter)
    waiting.start()
    assert not entered.wait(0.3)
    assert f"Waiting to begin my work: process {process.pid} on {host_slug()}" in caplog.text
    process.kill()
    process.communicate()
    assert entered.wait(30)
    waiting.join()


@FILESYSTEMS
def test_threads_exclude_each_other(path: Path, filesystem: str) -> None:
    inside, counts = [], []

    def work() -> None:
        for _ in range(10):
            with hold(path, "counting"):
                inside.append(1)
                counts.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [1] * 40


def test_another_machines_lock_is_never_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by age nor because no process of this machine has its id."""
    monkeypatch.setattr(locks, "is_network_filesystem", lambda folder: True)
    path, entered = tmp_path / "one", threading.Event()
    path.write_text(f"{2**22 - 1}\nelsewhere\n")
    path.with_name("one.holder").write_text(
        f'{{"host": "elsewhere", "pid": {2**22 - 1}, "program": "f5-pipeline run demo", "since": "long ago"}}'
    )
    os.utime(path, (0, 0))

    def enter() -> None:
        with hold(path, "my work"):
            entered.set()

    waiting = threading.Thread(target=enter)
    waiting.start()
    assert not entered.wait(0.3)
    assert "if that machine is gone, delete" in describe_holder(path)
    path.unlink()  # as the message advises
    assert entered.wait(30)
    waiting.join()


def test_a_long_wait_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(locks, "LOG_INTERVALS", (0.0, 0.05, 0.05))
    caplog.set_level(logging.INFO, "f5_pipeline")
    process = hold_in_process(tmp_path / "one", "local")
    threading.Timer(0.5, process.kill).start()
    with hold(tmp_path / "one", "my work"):
        process.communicate()
    levels = [record.levelno for record in caplog.records if record.name.startswith("f5_pipeline")]
    assert levels[0] == logging.INFO
    assert set(levels[1:]) == {logging.WARNING}


def test_an_exception_releases_the_lock(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError), hold(tmp_path / "one", "failing"):
            raise RuntimeError


def test_a_lock_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileUnusable, match="file is where a folder should be"), hold(tmp_path / "file" / "x", "it"):
        pass


def test_a_damaged_holder_file_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "one.holder").write_text("{")
    assert str(tmp_path / "one") in describe_holder(tmp_path / "one")


# --- a holder on another machine ----------------------------------------------------------------------------------


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock on a network file system with a heartbeat timeout of two seconds."""
    monkeypatch.setattr(locks, "is_network_filesystem", lambda folder: True)
    monkeypatch.setattr(locks, "HEARTBEAT_TIMEOUT", 2.0)
    return tmp_path / "one"


def start_work(path: Path, inside: list[int], counts: list[int]) -> tuple[threading.Thread, threading.Event]:
    """A thread that works under the lock, and an event for its start."""
    started = threading.Event()

    def work() -> None:
        with hold(path, "my work"):
            started.set()
            inside.append(1)
            counts.append(len(inside))
            time.sleep(0.1)
            inside.pop()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread, started


def test_a_waiter_proceeds_without_the_lock_of_a_dead_machine(shared: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Several waiters that proceed exclude each other, and wait for that lock only once. The lock stays in place."""
    caplog.set_level(logging.INFO, "f5_pipeline")
    process = hold_in_process(shared, "network", host="elsewhere")
    process.kill()
    process.communicate()
    before = [(path, path.read_bytes(), path.stat().st_mtime_ns) for path in (shared, shared.with_name("one.holder"))]
    inside: list[int] = []
    counts: list[int] = []
    threads = [start_work(shared, inside, counts)[0] for _ in range(3)]
    for thread in threads:
        thread.join(60)
    assert counts == [1, 1, 1]
    assert "Continuing with my work without its lock" in caplog.text
    assert f"process {process.pid} on elsewhere" in caplog.text
    assert f"if that machine is gone, delete {shared}" in caplog.text
    caplog.clear()
    with hold(shared, "my work"):
        assert caplog.text.count("Waiting to begin my work") == 1
        assert [(path, path.read_bytes(), path.stat().st_mtime_ns) for path, *_ in before] == before
    assert shared.read_text().splitlines()[1] == "elsewhere"


@pytest.mark.slow
def test_a_waiter_keeps_waiting_while_heartbeats_arrive(shared: Path) -> None:
    process = hold_in_process(shared, "network", host="elsewhere", interval=0.1)
    thread, started = start_work(shared, [], [])
    assert not started.wait(6)
    process.kill()
    process.communicate()
    assert started.wait(60)
    thread.join()


@FILESYSTEMS
def test_heartbeats_end_with_the_lock(path: Path, filesystem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "HEARTBEAT_INTERVAL", 0.01)
    before, holder = set(threading.enumerate()), path.with_name("one.holder")
    with hold(path, "my work"):
        (*heartbeats,) = set(threading.enumerate()) - before
        assert len(heartbeats) == (filesystem == "network")
        assert all(thread.daemon for thread in heartbeats)
        if heartbeats:
            os.utime(holder, (0, 0))
            wait_until(lambda: holder.stat().st_mtime > 0)
            holder.unlink()  # and is not created again
            holder.write_text("{}")  # of another process, which took the lock since
            os.utime(holder, (0, 0))
            heartbeats[0].join(0.2)
            assert heartbeats[0].is_alive()
            assert holder.stat().st_mtime == 0
    for thread in heartbeats:
        thread.join(60)
        assert not thread.is_alive()


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError


def test_a_holder_that_waits_for_a_bucket_sends_heartbeats(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it waits, nobody takes its lock for that of a dead machine."""
    monkeypatch.setattr(locks, "HEARTBEAT_INTERVAL", 0.01)
    holder, waits = shared.with_name(shared.name + ".holder"), 0

    def wait(seconds: float) -> None:
        nonlocal waits
        waits += 1
        before = holder.stat().st_mtime_ns
        while holder.stat().st_mtime_ns == before:
            time.sleep(0.01)

    monkeypatch.setattr(retry, "sleep", wait)
    outcomes = iter([ConnectionResetError(), ConnectionResetError(), "fine"])

    def request() -> str:
        if isinstance(outcome := next(outcomes), Exception):
            raise outcome
        return outcome

    with hold(shared, "testing"):
        assert with_retries(request) == "fine"
    assert waits == 2
