"""Signals during a run: the first ends it in order, the second at once; helpers end with it and print nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

_SCRIPT = """
import subprocess, sys, threading
from f5_pipeline.cli.interruption import stop_on_signals

with stop_on_signals(lambda: print("canceled", flush=True)):
    helper = subprocess.Popen([sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"])
    try:
        threading.Event().wait()  # as the main thread waits for native code or another thread
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        {after}
    finally:
        helper.kill()
"""
_HANGS = "threading.Event().wait(600)"


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(script: str, *signals: signal.Signals) -> tuple[int, list[str]]:
    """Send signals to the whole group of a process, as a terminal does; returns the exit code and the output."""
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    helpers = psutil.Process(process.pid).children(recursive=True)
    lines: list[str] = []
    for number in signals:
        os.killpg(process.pid, number)
        if not lines:  # what follows the first signal, before the second
            lines += [process.stdout.readline().strip(), process.stdout.readline().strip()]
    rest = process.stdout.read().splitlines()
    process.wait(60)
    deadline = time.monotonic() + 30  # a killed process takes a moment to end
    while (alive := [each for each in helpers if _is_alive(each)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive == []
    return process.returncode, [*lines, *rest]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_the_first_signal_interrupts(number: signal.Signals) -> None:
    code, lines = _signal(_SCRIPT.format(after="pass"), number)
    assert code == 0
    assert lines == ["Stopping: clips in hand are being stored. Press Ctrl-C again to stop at once.", "interrupted"]


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGHUP])
def test_the_second_signal_ends_a_process_that_hangs(second: signal.Signals) -> None:
    code, lines = _signal(_SCRIPT.format(after=_HANGS), signal.SIGINT, second)
    assert code == 130
    assert lines[-2:] == ["canceled", "Stopped at once. Finished clips are stored; run the command again to continue."]
