"""The watchdog of a run's process: ends the process if its run has ended in Dagster's records.

To end a run, Dagster interrupts the main thread and records a failure, even if the process does not end. Native code
that hangs (a CUDA call, a lost mount) never sees the interrupt, and would keep the GPU while the run is retried.
Another thread can still end the process.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import dagster as dg

_INTERVAL = 10.0  # seconds between two queries of the records
_GRACE = 30.0  # seconds for an interrupted run to store its results; a retry starts within a minute


@contextmanager
def exit_when_run_ends(
    instance: dg.DagsterInstance, run: dg.DagsterRun, interval: float = _INTERVAL, grace: float = _GRACE
) -> Iterator[None]:
    """Exit this process if the run has ended in the records for ``grace`` seconds and the block is still running."""
    finished = threading.Event()
    threading.Thread(
        target=_watch, args=(instance, run, finished, interval, grace), name="run watchdog", daemon=True
    ).start()
    try:
        yield
    finally:
        finished.set()


def _watch(
    instance: dg.DagsterInstance, run: dg.DagsterRun, finished: threading.Event, interval: float, grace: float
) -> None:
    ended_at: float | None = None  # when the end of the run was first seen
    while not finished.wait(interval):
        if not _has_ended(instance, run):
            ended_at = None
            continue
        ended_at = time.monotonic() if ended_at is None else ended_at
        if time.monotonic() - ended_at >= grace:
            with suppress(Exception):  # nothing may prevent the exit
                instance.report_engine_event("The run has ended but its process has not: the process exits now.", run)
            os._exit(1)


def _has_ended(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """False also if the records do not answer: a process is ended on proof only."""
    try:
        record = instance.get_run_by_id(run.run_id)
    except Exception:  # noqa: BLE001 - an unreachable database raises many kinds of errors
        return False
    return record is not None and record.is_finished
