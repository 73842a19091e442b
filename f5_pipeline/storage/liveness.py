"""Whether a process lives: while it does, it holds the system's lock on a file of its own, which nobody else can fake.

The kernel drops the lock when the process dies, however it dies; a process id may belong to another by then.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import lock_descriptor

from f5_pipeline.storage.filesystem import is_network_volume
from f5_pipeline.storage.partial import host_slug


@contextmanager
def alive(folder: Path, name: str) -> Iterator[None]:
    """Show that this process lives while the block runs. Where that is impossible, nobody is told, which is safe."""
    path = _place(folder, name)
    try:
        file = _locked(path)
    except OSError:  # a disk that is full or read-only; or somebody shows it already
        yield
        return
    with file:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _locked(path: Path) -> BinaryIO:
    """The file appears with its lock on it, so that nobody can find it without."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nameless = path.with_suffix(f".{os.getpid()}")
    file = nameless.open("xb")
    try:
        lock_descriptor(file.fileno())
        os.link(nameless, path)
    except OSError:
        file.close()
        raise
    finally:
        nameless.unlink()
    return file


def lives(folder: Path, name: str) -> bool | None:
    """Whether whoever showed to be ``alive`` under this name still is; None: nobody did, or nobody can tell."""
    path = _place(folder, name)
    if is_network_volume(folder):
        return None
    try:
        with path.open("r+b") as file:
            dead = lock_descriptor(file.fileno(), blocking=False)
            return None if dead and not path.exists() else not dead  # it may have ended in this very moment
    except OSError:
        return None


def remove_stale(folder: Path, name: str) -> None:
    """Remove what a dead process left."""
    _place(folder, name).unlink(missing_ok=True)


def _place(folder: Path, name: str) -> Path:
    return folder / f"{host_slug()}-{name}.alive"
