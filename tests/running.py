"""Finds running processes that a test has started, also after they were reparented."""

from __future__ import annotations

from contextlib import suppress

import psutil


def with_variable(name: str, value: object) -> list[psutil.Process]:
    """The running processes that were started with this environment variable."""
    processes = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.environ().get(name) == str(value) and _runs(process):
                processes.append(process)
    return processes


def runs(pid: int) -> bool:
    """True if the process runs; a zombie does not."""
    try:
        return _runs(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def _runs(process: psutil.Process) -> bool:
    return process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
