"""Liveness of processes: a live process holds the operating system's lock on a file of its own.

The kernel drops the lock when the process dies, however it dies. A process id is no proof: another process may have it
by then.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import lock_descriptor

from f5_pipeline.storage.filesystem import is_network_filesystem
from f5_pipeline.storage.partial import host_slug


@contextmanager
def advertise(folder: Path, name: str, *, failure_is_death: bool = False) -> Iterator[None]:
    """Advertise under ``name`` that this process is alive, while the block runs.

    ``failure_is_death``: after an exception in the block ``is_alive`` answers False, as if the process had died.
    Where advertising fails (a full or read-only disk, no locks, a name that is taken), the block runs unadvertised, and
    ``is_alive`` answers None.
    """
    path = _path(folder, name)
    try:
        file = _create_locked(path)
    except OSError:
        yield
        return
    with file:
        failed = True
        try:
            yield
            failed = False
        finally:
            if not (failed and failure_is_death):
                path.unlink(missing_ok=True)


def _create_locked(path: Path) -> BinaryIO:
    """Create the file. It gets its name only after its lock, so that no reader finds it unlocked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unnamed = path.with_suffix(f".{os.getpid()}")
    file = unnamed.open("xb")
    try:
        lock_descriptor(file.fileno())
        _name(unnamed, path)
    except OSError:
        file.close()
        raise
    finally:
        unnamed.unlink(missing_ok=True)
    return file


def _name(unnamed: Path, path: Path) -> None:
    """Give the file its name, unless that is taken."""
    try:
        os.link(unnamed, path)
    except FileExistsError:
        raise
    except OSError:  # the file system has no hard links: names are unique, so a rename replaces nothing
        if path.exists():
            raise
        unnamed.rename(path)


def is_alive(folder: Path, name: str) -> bool | None:
    """True if the process that advertises ``name`` is alive, False if it died (or failed); None if that is unknown.

    Unknown: no process of this machine advertised the name, it has ended normally, or the folder is on a network file
    system, whose locks prove nothing.
    """
    path = _path(folder, name)
    if is_network_filesystem(folder):
        return None
    try:
        with path.open("r+b") as file:
            dead = lock_descriptor(file.fileno(), blocking=False)
            return None if dead and not path.exists() else not dead  # it may have ended just now
    except OSError:
        return None


def remove_stale(folder: Path, name: str) -> None:
    """Remove the file of a dead process."""
    _path(folder, name).unlink(missing_ok=True)


def _path(folder: Path, name: str) -> Path:
    return folder / f"{host_slug()}-{name}.alive"
