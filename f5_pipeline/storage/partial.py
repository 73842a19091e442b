"""Files that appear whole or not at all, and the remains of those that never appeared.

A file is written under a unique name in the folder where it will live (``.part-HOST-PID-RANDOM``), verified by its
writer, flushed to the disk and renamed. While it is being written its writer holds the operating system's lock on
it, which the kernel drops when the process dies: whoever can take the lock has the proof that the writer is gone.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from filelock import lock_descriptor

from f5_pipeline.storage.filesystem import is_network_volume

_NAME = re.compile(r"\.part-(?P<host>[A-Za-z0-9-]{1,64})-(?P<pid>\d+)-[0-9a-f]{16}")


class AlreadyThere(Exception):
    """There is a target already, and it was not to be replaced."""


@contextmanager
def atomic_write(target: Path, *, replace: bool = True, flush: bool = True) -> Iterator[BinaryIO]:
    """A file to write to, which becomes ``target`` when the block ends, and vanishes when it raises.

    Parent folders are made. With ``replace`` false an existing target stays as it is. Without ``flush`` a power cut
    may leave an empty ``target``: enough for copies whose length is checked before they are used.

    Raises:
        AlreadyThere: not ``replace``, and there is a target.
        OSError: the disk is full, read-only, …; nothing is left behind.
    """
    file, path = _open_locked(target.parent)
    try:
        with file:
            yield file
            file.flush()
            if flush:
                os.fsync(file.fileno())
            if os.name == "nt":  # an open file has no new name there
                file.close()
            _put_in_place(path, target, replace)
    finally:
        with suppress(FileNotFoundError):
            path.unlink()


def _put_in_place(path: Path, target: Path, replace: bool) -> None:
    """The folder itself is not flushed: after a power cut the file may be missing, but never be broken."""
    if replace:
        path.replace(target)
        return
    try:
        os.link(path, target)
    except FileExistsError:
        raise AlreadyThere from None
    except OSError:  # a file system without hard links: nearly as good
        if target.exists():
            raise AlreadyThere from None
        path.replace(target)


def _open_locked(folder: Path) -> tuple[BinaryIO, Path]:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f".part-{host_slug()}-{os.getpid()}-{secrets.token_hex(8)}"
        try:
            file = path.open("xb")
        except FileNotFoundError:  # somebody removed the folder in between
            continue
        with suppress(OSError):  # a file system without locks: nobody will be able to prove us dead, which is safe
            lock_descriptor(file.fileno())
        if path.exists():  # else a cleaner came between the opening and the lock
            return file, path
        file.close()


@lru_cache
def host_slug() -> str:
    """This machine's name, in letters, digits and dashes."""
    return re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:64] or "unnamed"


@dataclass(frozen=True)
class PartialFile:
    """What is left of a file that has not appeared yet, or never will."""

    path: Path
    size: int  # bytes
    host: str
    pid: int
    dead: bool  # proven; False: its writer lives, or nobody can tell from here


def partial_files(folder: Path) -> Iterator[PartialFile]:
    """All partial files under a folder, links not followed. Touches none of them."""
    for parent, _, names in os.walk(folder):
        for name in names:
            if (found := _NAME.fullmatch(name)) is None:
                continue
            path = Path(parent, name)
            with suppress(FileNotFoundError):  # it appeared, just now
                dead = _if_dead(path, found["host"], remove=False)
                yield PartialFile(path, path.lstat().st_size, found["host"], int(found["pid"]), dead)


def remove_if_dead(partial: PartialFile) -> bool:
    """Remove a partial file if its writer is, at this moment, proven dead. True: it is gone."""
    with suppress(FileNotFoundError):
        return _if_dead(partial.path, partial.host, remove=True)
    return True


def _if_dead(path: Path, host: str, *, remove: bool) -> bool:
    """Take the writer's lock, and remove the file while holding it, so that its writer cannot miss that."""
    if path.is_symlink() or (host != host_slug() and is_network_volume(path.parent)):
        return False  # another machine's locks may be invisible here
    try:
        file = path.open("r+b")
    except PermissionError:
        return False
    with file:
        try:
            dead = lock_descriptor(file.fileno(), blocking=False)
        except OSError:  # a file system without locks: no proof
            return False
        if dead and remove:
            path.unlink()
        return dead
