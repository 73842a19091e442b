"""Locks keep others out, say who holds them, and end with their holder."""

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
from f5_pipeline.storage import locks
from f5_pipeline.storage.locks import describe_holder, hold
from f5_pipeline.storage.partial import host_slug

HOLDER = """
import socket, sys, time
from pathlib import Path
socket.gethostname = lambda name=sys.argv[3] or socket.gethostname(): name
from f5_pipeline.storage import locks
locks.is_network_volume = lambda folder: sys.argv[2] == "network"
locks._RENEWAL = float(sys.argv[4])
with locks.hold(Path(sys.argv[1]), "testing"):
    print("held", flush=True)
    time.sleep(600)
"""
VOLUMES = pytest.mark.parametrize("volume", ["local", "network"])


def hold_elsewhere(path: Path, volume: str, host: str = "", renewal: float = 20.0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", HOLDER, str(path), volume, host, str(renewal)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


@pytest.fixture
def path(tmp_path: Path, volume: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(locks, "is_network_volume", lambda folder: volume == "network")
    return tmp_path / "locks" / "one"


@VOLUMES
def test_a_dead_holder_is_no_obstacle(path: Path, volume: str, caplog: pytest.LogCaptureFixture) -> None:
    """Waiting says for whom; the death of the holder ends it."""
    caplog.set_level(logging.INFO, "f5_pipeline")
    process = hold_elsewhere(path, volume)
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


@VOLUMES
def test_threads_keep_each_other_out(path: Path, volume: str) -> None:
    inside, most = [], []

    def work() -> None:
        for _ in range(10):
            with hold(path, "counting"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 40


def test_another_machines_lock_is_never_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by its age, and not because no process here has its number."""
    monkeypatch.setattr(locks, "is_network_volume", lambda folder: True)
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
    path.unlink()  # somebody follows the advice
    assert entered.wait(30)
    waiting.join()


def test_a_long_wait_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(locks, "_SAY_AGAIN", (0.0, 0.05, 0.05))
    caplog.set_level(logging.INFO, "f5_pipeline")
    process = hold_elsewhere(tmp_path / "one", "local")
    threading.Timer(0.5, process.kill).start()
    with hold(tmp_path / "one", "my work"):
        process.communicate()
    levels = [record.levelno for record in caplog.records if record.name.startswith("f5_pipeline")]
    assert levels[0] == logging.INFO
    assert set(levels[1:]) == {logging.WARNING}


def test_a_failure_inside_frees_the_lock(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError), hold(tmp_path / "one", "failing"):
            raise RuntimeError


def test_a_lock_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileUnusable, match="file is where a folder should be"), hold(tmp_path / "file" / "x", "it"):
        pass


def test_an_unreadable_card_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "one.holder").write_text("{")
    assert describe_holder(tmp_path / "one") == f"another process holds {tmp_path / 'one'}"


# --- a holder on another machine ----------------------------------------------------------------------------------


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock on a network volume, where two seconds without a sign of life are enough."""
    monkeypatch.setattr(locks, "is_network_volume", lambda folder: True)
    monkeypatch.setattr(locks, "_SILENCE", 2.0)
    return tmp_path / "one"


def beginning(path: Path, together: list[int], most: list[int]) -> tuple[threading.Thread, threading.Event]:
    """A thread that does something under the lock, and when it has begun."""
    begun = threading.Event()

    def work() -> None:
        with hold(path, "my work"):
            begun.set()
            together.append(1)
            most.append(len(together))
            time.sleep(0.1)
            together.pop()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread, begun


def test_who_waits_for_a_dead_machine_goes_on_and_leaves_its_lock_alone(
    shared: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Several that go on keep each other out, and wait once in their lives."""
    caplog.set_level(logging.INFO, "f5_pipeline")
    process = hold_elsewhere(shared, "network", host="elsewhere")
    process.kill()
    process.communicate()
    left = [(path, path.read_bytes(), path.stat().st_mtime_ns) for path in (shared, shared.with_name("one.holder"))]
    together: list[int] = []
    most: list[int] = []
    threads = [beginning(shared, together, most)[0] for _ in range(3)]
    for thread in threads:
        thread.join(60)
    assert most == [1, 1, 1]
    assert "Going on with my work without its lock" in caplog.text
    assert f"process {process.pid} on elsewhere" in caplog.text
    assert f"if that machine is gone, delete {shared}" in caplog.text
    caplog.clear()
    with hold(shared, "my work"):
        assert caplog.text.count("Waiting to begin my work") == 1  # it was looked at once
        assert [(path, path.read_bytes(), path.stat().st_mtime_ns) for path, *_ in left] == left
    assert shared.read_text().splitlines()[1] == "elsewhere"


def test_who_waits_for_a_slow_machine_keeps_waiting(shared: Path) -> None:
    process = hold_elsewhere(shared, "network", host="elsewhere", renewal=0.1)
    thread, begun = beginning(shared, [], [])
    assert not begun.wait(6)
    process.kill()
    process.communicate()
    assert begun.wait(60)
    thread.join()


@pytest.mark.parametrize("volume", ["local", "network"])
def test_signs_of_life_end_with_the_lock(path: Path, volume: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_RENEWAL", 0.01)
    before, card = set(threading.enumerate()), path.with_name("one.holder")
    with hold(path, "my work"):
        (*renewing,) = set(threading.enumerate()) - before
        assert len(renewing) == (volume == "network")
        assert all(thread.daemon for thread in renewing)
        if renewing:
            os.utime(card, (0, 0))
            wait_until(lambda: card.stat().st_mtime > 0)
            card.unlink()  # and nothing comes of it
            card.write_text("{}")  # of another, who deleted the lock and took it
            os.utime(card, (0, 0))
            renewing[0].join(0.2)
            assert renewing[0].is_alive()
            assert card.stat().st_mtime == 0
    for thread in renewing:
        thread.join(60)
        assert not thread.is_alive()


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(6000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError
