"""Locks between the processes and threads of this machine, and of others that share a network volume.

A lock saves work that several would do at once; nothing becomes wrong when it fails to keep others out. On a local
disk it is the kernel's and ends with its holder. On a network volume, whose locks may be a pretence, it is a file that
names its holder, and is broken only when that process is proven dead: never by age, never another machine's.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from itertools import chain, repeat
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from f5_pipeline.storage.partial import host_slug
from f5_pipeline.storage.volume import is_network_volume, this_machines_file

_log = logging.getLogger(__name__)
_SAY_AGAIN = (0.0, 10.0, 60.0)  # seconds until a waiting process says so, until the second message, between later ones
_POLL = 0.05


@contextmanager
def hold(path: Path, purpose: str) -> Iterator[None]:
    """Hold the lock file ``path`` while the block runs; wait for it as long as it takes, and say for whom.

    Args:
        path: the lock file; its folder is made.
        purpose: what the lock is for, for the log: "fetching voices/anna.wav".

    Raises:
        FileUnusable: the lock file cannot be written.
    """
    with this_machines_file(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = _lock_for(path)
        _wait_for(lock, path, purpose)
    try:
        _introduce(path, purpose)
        yield
    finally:
        lock.release()


@contextmanager
def hold_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock file ``path`` while the block runs, if nobody else does; says whether. Waits for nobody."""
    lock = _lock_for(path)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _lock_for(path: Path) -> BaseFileLock:
    kind = SoftFileLock if is_network_volume(path.parent) else FileLock
    return kind(path, poll_interval=_POLL)


def _wait_for(lock: BaseFileLock, path: Path, purpose: str) -> None:
    for timeout in chain(_SAY_AGAIN, repeat(_SAY_AGAIN[-1])):
        try:
            lock.acquire(timeout=timeout)
        except Timeout:
            # A short wait is nothing to tell people about; a long one is.
            level = logging.WARNING if timeout else logging.INFO
            _log.log(level, "Waiting to begin %s: %s", purpose, describe_holder(path))
        else:
            return


def describe_holder(path: Path) -> str:
    """Who holds a lock, as far as its holder said so, and what to do should that machine be gone."""
    try:
        holder = json.loads(_card(path).read_text(encoding="utf-8"))
        who = f"process {holder['pid']} on {holder['host']} ({holder['program']}) has held it since {holder['since']}"
        elsewhere = holder["host"] != host_slug()
    except (OSError, ValueError, KeyError, TypeError):
        return f"another process holds {path}"
    return who + (f"; if that machine is gone, delete {path}" if elsewhere else "")


def _introduce(path: Path, purpose: str) -> None:
    """Leave a card beside the lock. It only informs, so that failing to write it does no harm."""
    program = " ".join(Path(part).name if not n else part for n, part in enumerate(sys.argv[:3]))
    since = datetime.fromtimestamp(time.time(), timezone.utc).isoformat(timespec="seconds")
    card = {"host": host_slug(), "pid": os.getpid(), "program": program, "since": since, "purpose": purpose}
    with suppress(OSError):
        _card(path).write_text(json.dumps(card), encoding="utf-8")


def _card(path: Path) -> Path:
    return path.with_name(path.name + ".holder")
