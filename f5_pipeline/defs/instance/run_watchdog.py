"""The end of a process whose run has ended without it, in the records: else it would keep its GPU beside the retry.

Dagster ends a run by an interrupt of its main thread, and calls it failed whatever comes of that. What hangs in native
code (a CUDA call, a mount that is gone) never sees the interrupt; another thread does go on there.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import dagster as dg

# Seconds: between two looks, and for what an interrupted run still has to put away. A retry is there within a minute.
_EVERY, _GRACE = 10.0, 30.0


@contextmanager
def end_with_run_record(
    instance: dg.DagsterInstance, run: dg.DagsterRun, every: float = _EVERY, grace: float = _GRACE
) -> Iterator[None]:
    """End this process at once if its run has ended in the records, and the block goes on all the same."""
    left = threading.Event()
    threading.Thread(target=_watch, args=(instance, run, left, every, grace), name="overdue", daemon=True).start()
    try:
        yield
    finally:
        left.set()


def _watch(instance: dg.DagsterInstance, run: dg.DagsterRun, left: threading.Event, every: float, grace: float) -> None:
    ended: float | None = None  # when it was first seen that it has
    while not left.wait(every):
        if not _has_ended(instance, run):
            ended = None
            continue
        ended = time.monotonic() if ended is None else ended
        if time.monotonic() - ended >= grace:
            with suppress(Exception):  # nothing is to keep the process from its end
                instance.report_engine_event("The run had ended and its process had not: it ends now.", run)
            os._exit(1)


def _has_ended(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """False also where the records do not answer: on a guess no process is ended."""
    try:
        record = instance.get_run_by_id(run.run_id)
    except Exception:  # noqa: BLE001 - a database is away in many ways, and comes back
        return False
    return record is not None and record.is_finished
