"""Locks between the processes and threads of this machine, and of other machines that share a network file system.

A lock saves duplicate work; nothing becomes wrong if it fails to exclude others. On a local disk it is the kernel's and
ends with its holder. On a network file system, whose kernel locks are unreliable, and on one that has no kernel locks,
it is a file that names its holder. That file is broken only if its holder is a process of this machine that is proven
dead: never by age, never another machine's. A holder sends heartbeats, and a waiter proceeds without the lock once
there has been none for ten minutes, or for a time that the waiter sets, so that a dead machine blocks no process
forever.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from itertools import chain, repeat
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from f5_pipeline.storage.filesystem import UNSUPPORTED, clock_of, is_network_filesystem, translate_os_errors
from f5_pipeline.storage.partial import host_slug

_log = logging.getLogger(__name__)
LOG_INTERVALS = (0.0, 10.0, 60.0)  # seconds to the first and second message of a waiter, and between later ones
_POLL_INTERVAL = 0.05  # seconds
HEARTBEAT_INTERVAL = 5.0  # seconds
HEARTBEAT_TIMEOUT = 600.0  # seconds without a heartbeat, after which a waiter proceeds without the lock
DOWNLOAD_PATIENCE = 20.0  # the same for a lock of a download: a file that is fetched twice does no harm

#: The visible state of a lock: its path, and the content and modification time of its lock file and holder file.
_Snapshot = tuple[object, ...]
_timed_out: set[_Snapshot] = set()  # locks without a heartbeat: this process does not wait for them again


@contextmanager
def hold(path: Path, purpose: str, patience: float | None = None) -> Iterator[None]:
    """Hold the lock file ``path`` while the block runs. Waits as long as its holder is alive, and logs who that is.

    A lock whose holder sends no heartbeat stays in place, since the holder may be alive. Those that proceed without it
    exclude each other with another lock beside it.

    Args:
        path: the lock file; its folder is created.
        purpose: what the lock is for, for the log: "fetching voices/anna.wav".
        patience: seconds without a heartbeat of the holder, after which this process proceeds without the lock.
            Default: ``HEARTBEAT_TIMEOUT``. Short where doing the work twice costs little.

    Raises:
        FileUnusable: the lock file cannot be written.
    """
    with translate_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = _lock_for(path)
        waits = HEARTBEAT_TIMEOUT if patience is None else patience
        try:
            acquired = _acquire(lock, path, purpose, waits)
        except OSError as error:
            if (soft := _instead_of(lock, error)) is None:
                raise
            lock, path = soft, Path(soft.lock_file)
            acquired = _acquire(lock, path, purpose, waits)
    if not acquired:
        with hold(path.with_name(f"{path.name}.next"), purpose, patience):
            yield
        return
    try:
        with _holder_file(path, purpose, heartbeat=isinstance(lock, SoftFileLock)):
            yield
    finally:
        lock.release()


@contextmanager
def hold_if_free(path: Path) -> Iterator[bool]:
    """Try to hold the lock file ``path`` while the block runs, without waiting. Yields True if it is held."""
    lock = _lock_for(path)
    for each in (lock, _marker(path)):
        try:
            each.acquire(timeout=0)
        except Timeout:
            break
        except OSError as error:
            if _instead_of(lock, error) is None:
                break
        else:
            try:
                yield True
            finally:
                each.release()
            return
    yield False


def _lock_for(path: Path) -> BaseFileLock:
    if is_network_filesystem(path.parent):
        return SoftFileLock(path, poll_interval=_POLL_INTERVAL)
    return FileLock(path, poll_interval=_POLL_INTERVAL, fallback_to_soft=False)


def _instead_of(lock: BaseFileLock, error: OSError) -> SoftFileLock | None:
    """The lock to use if the file system answered that it has no kernel locks; None if the error is another one."""
    if isinstance(lock, SoftFileLock) or error.errno not in UNSUPPORTED:
        return None
    return _marker(Path(lock.lock_file))


def _marker(path: Path) -> SoftFileLock:
    """Beside the file that the kernel could not lock, which stays, as does the kernel's lock file elsewhere."""
    return SoftFileLock(path.with_name(f"{path.name}.marker"), poll_interval=_POLL_INTERVAL)


def _acquire(lock: BaseFileLock, path: Path, purpose: str, patience: float) -> bool:
    """Wait for the lock. False if its holder has sent no heartbeat for ``patience`` seconds."""
    snapshot, since = _snapshot(path), time.monotonic()
    if isinstance(lock, SoftFileLock):
        since -= _silence(path)
    for timeout in chain(LOG_INTERVALS, repeat(LOG_INTERVALS[-1])):
        try:
            lock.acquire(timeout=max(0.0, min(timeout, since + patience - time.monotonic())) if timeout else 0)
        except Timeout:
            level = logging.WARNING if timeout else logging.INFO  # a short wait is normal
            _log.log(level, "Waiting to begin %s: %s", purpose, describe_holder(path))
        else:
            return True
        if not isinstance(lock, SoftFileLock):  # the kernel's lock, which ends with its holder
            continue
        if (now := _snapshot(path)) != snapshot:
            snapshot, since = now, time.monotonic()
        if snapshot in _timed_out or time.monotonic() - since >= patience:
            _timed_out.add(snapshot)
            message = "Continuing with %s without its lock, whose holder has sent no heartbeat for %.0f seconds: %s"
            _log.warning(message, purpose, patience, describe_holder(path))
            return False
    raise AssertionError


def _snapshot(path: Path) -> _Snapshot:
    """Changes with every heartbeat of the holder, and with the holder."""
    snapshot: list[object] = [str(path)]
    for each in (path, _holder_path(path)):
        # Opened, because a network file system may answer a mere stat from its cache.
        with suppress(OSError), each.open("rb") as file:
            snapshot += [file.read(), os.fstat(file.fileno()).st_mtime_ns]
    return tuple(snapshot)


def _silence(path: Path) -> float:
    """Seconds since the last heartbeat of the holder, by the clock of the file system; 0 if that is unknown."""
    heartbeats = []
    for each in (path, _holder_path(path)):
        with suppress(OSError), each.open("rb") as file:  # opened, as in ``_snapshot``
            heartbeats.append(os.fstat(file.fileno()).st_mtime)
    if heartbeats:
        with suppress(OSError):  # the folder cannot be written
            return max(0.0, clock_of(path.parent) - max(heartbeats))
    return 0.0


def describe_holder(path: Path) -> str:
    """The holder of a lock, as its holder file describes it, and what to do if its machine is gone."""
    try:
        holder = json.loads(_holder_path(path).read_text(encoding="utf-8"))
        who = f"process {holder['pid']} on {holder['host']} ({holder['program']}) has held it since {holder['since']}"
        is_remote = holder["host"] != host_slug()
    except (OSError, ValueError, KeyError, TypeError):
        return f"another process holds {path}"
    return who + (f"; if that machine is gone, delete {path}" if is_remote else "")


@contextmanager
def _holder_file(path: Path, purpose: str, *, heartbeat: bool) -> Iterator[None]:
    """Write the holder file beside the lock and, with ``heartbeat``, touch it regularly while the block runs.

    The file only informs others, so failing to write it does no harm.
    """
    program = " ".join(Path(part).name if not n else part for n, part in enumerate(sys.argv[:3]))
    since = datetime.fromtimestamp(time.time(), timezone.utc).isoformat(timespec="seconds")
    holder = {"host": host_slug(), "pid": os.getpid(), "program": program, "since": since, "purpose": purpose}
    content, released = json.dumps(holder).encode(), threading.Event()
    with suppress(OSError):
        _holder_path(path).write_bytes(content)
    if heartbeat:
        thread = threading.Thread(
            target=_send_heartbeats, args=(_holder_path(path), content, released), name="lock", daemon=True
        )
        with suppress(RuntimeError):  # no thread can be started: waiters proceed after the timeout
            thread.start()
    try:
        yield
    finally:
        released.set()


def _send_heartbeats(holder: Path, content: bytes, released: threading.Event) -> None:
    """Touch our holder file regularly. Another process's, which took the lock since, is left alone."""
    while not released.wait(HEARTBEAT_INTERVAL):
        with suppress(OSError):
            if holder.read_bytes() != content:
                continue
            try:
                os.utime(holder)
            except OSError:  # the file system allows no changes of times, but a write sets it
                holder.write_bytes(content)


def _holder_path(path: Path) -> Path:
    return path.with_name(path.name + ".holder")
