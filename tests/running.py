"""Processes of this machine that a test has started, whoever is their parent by now."""

from __future__ import annotations

from contextlib import suppress

import psutil


def with_variable(name: str, value: object) -> list[psutil.Process]:
    """Those that were started with this variable in their environment, and run."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.environ().get(name) == str(value) and _runs(process):
                found.append(process)
    return found


def runs(process: int) -> bool:
    """Whether a process runs. One that has ended and that nobody has waited for does not."""
    try:
        return _runs(psutil.Process(process))
    except psutil.NoSuchProcess:
        return False


def _runs(process: psutil.Process) -> bool:
    return process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
