"""Locks between the processes and threads of this machine, and of others that share a network volume.

A lock saves work that several would do at once; nothing becomes wrong when it fails to keep others out. On a local
disk it is the kernel's and ends with its holder. On a network volume, whose locks may be a pretence, it is a file that
names its holder, and is broken only when that process is proven dead: never by age, never another machine's. Nobody
waits for a dead machine for ever, though: a holder shows that it lives, and who sees no sign of it goes on without
its lock.
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

from f5_pipeline.storage.filesystem import is_network_volume, this_machines_file
from f5_pipeline.storage.partial import host_slug

_log = logging.getLogger(__name__)
_SAY_AGAIN = (0.0, 10.0, 60.0)  # seconds until a waiting process says so, until the second message, between later ones
_POLL = 0.05
_RENEWAL = 20.0  # seconds between two signs of life of the holder of a lock that is a file
_SILENCE = 600.0  # seconds without one, after which nobody waits any longer

#: What there is to see of a lock: its path; content and time of change of its file and of its holder's card.
_Signs = tuple[object, ...]
_silent: set[_Signs] = set()  # what was looked at for long enough: nobody of this process waits for it again


@contextmanager
def hold(path: Path, purpose: str) -> Iterator[None]:
    """Hold the lock file ``path`` while the block runs; wait for it as long as its holder lives, and say for whom.

    The lock of a holder that gives no sign of life stays where it is, as that holder may live. Those who go on without
    it keep each other out all the same, by a lock of their own beside it.

    Args:
        path: the lock file; its folder is made.
        purpose: what the lock is for, for the log: "fetching voices/anna.wav".

    Raises:
        FileUnusable: the lock file cannot be written.
    """
    with this_machines_file(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = _lock_for(path)
        ours = _wait_for(lock, path, purpose)
    if not ours:
        with hold(path.with_name(f"{path.name}.next"), purpose):
            yield
        return
    try:
        with _introduced(path, purpose, living=isinstance(lock, SoftFileLock)):
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


def _wait_for(lock: BaseFileLock, path: Path, purpose: str) -> bool:
    """Wait until the lock is ours. False: it is not, and its holder has been silent for too long to wait for it."""
    signs, since = _signs(path), time.monotonic()
    for timeout in chain(_SAY_AGAIN, repeat(_SAY_AGAIN[-1])):
        try:
            lock.acquire(timeout=min(timeout, _SILENCE))
        except Timeout:
            # A short wait is nothing to tell people about; a long one is.
            level = logging.WARNING if timeout else logging.INFO
            _log.log(level, "Waiting to begin %s: %s", purpose, describe_holder(path))
        else:
            return True
        if not isinstance(lock, SoftFileLock):  # the kernel's, which no dead process holds
            continue
        if (now := _signs(path)) != signs:
            signs, since = now, time.monotonic()
        if signs in _silent or time.monotonic() - since >= _SILENCE:
            _silent.add(signs)
            without = "Going on with %s without its lock, whose holder has given no sign of life for %.0f minutes: %s"
            _log.warning(without, purpose, _SILENCE / 60, describe_holder(path))
            return False
    raise AssertionError


def _signs(path: Path) -> _Signs:
    """What changes as long as the holder of a lock lives, and when another takes its place."""
    signs: list[object] = [str(path)]
    for each in (path, _card(path)):
        # Opened, as a network volume may answer from memory to who only asks for the time.
        with suppress(OSError), each.open("rb") as file:
            signs += [file.read(), os.fstat(file.fileno()).st_mtime_ns]
    return tuple(signs)


def describe_holder(path: Path) -> str:
    """Who holds a lock, as far as its holder said so, and what to do should that machine be gone."""
    try:
        holder = json.loads(_card(path).read_text(encoding="utf-8"))
        who = f"process {holder['pid']} on {holder['host']} ({holder['program']}) has held it since {holder['since']}"
        elsewhere = holder["host"] != host_slug()
    except (OSError, ValueError, KeyError, TypeError):
        return f"another process holds {path}"
    return who + (f"; if that machine is gone, delete {path}" if elsewhere else "")


@contextmanager
def _introduced(path: Path, purpose: str, *, living: bool) -> Iterator[None]:
    """Leave a card beside the lock and, of the ``living``, show that we do while the block runs.

    It only informs, so that failing to write it does no harm.
    """
    program = " ".join(Path(part).name if not n else part for n, part in enumerate(sys.argv[:3]))
    since = datetime.fromtimestamp(time.time(), timezone.utc).isoformat(timespec="seconds")
    card = {"host": host_slug(), "pid": os.getpid(), "program": program, "since": since, "purpose": purpose}
    ours, over = json.dumps(card).encode(), threading.Event()
    with suppress(OSError):
        _card(path).write_bytes(ours)
    if living:
        renewing = threading.Thread(target=_renew, args=(_card(path), ours, over), name="lock", daemon=True)
        with suppress(RuntimeError):  # no thread to be had: who waits will not wait for ever
            renewing.start()
    try:
        yield
    finally:
        over.set()


def _renew(card: Path, ours: bytes, over: threading.Event) -> None:
    """Touch our card every now and then. One of another, who was told that we are gone, is left alone."""
    while not over.wait(_RENEWAL):
        with suppress(OSError):
            if card.read_bytes() == ours:
                os.utime(card)


def _card(path: Path) -> Path:
    return path.with_name(path.name + ".holder")
