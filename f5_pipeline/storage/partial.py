"""Atomic writes, and the partial files that interrupted ones leave behind.

A file is written under a unique name in its target folder (``.part-HOST-PID-RANDOM``), verified by its writer, flushed
to the disk and renamed. Until then the writer holds the operating system's lock on it. The kernel drops that lock when
the process dies, so being able to take the lock proves that the writer is dead.
"""

from __future__ import annotations

import errno
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

from f5_pipeline.storage.filesystem import flush_to_disk, is_network_filesystem

_NAME = re.compile(r"\.part-(?P<host>[A-Za-z0-9-]{1,64})-(?P<pid>\d+)-[0-9a-f]{16}")
#: What a Windows server answers to the renaming of an open file.
_OPEN_IS_BUSY = {errno.EBUSY, errno.ETXTBSY, errno.EACCES}


class TargetExists(Exception):
    """The target of an atomic write that must not replace it."""


@contextmanager
def atomic_write(target: Path, *, replace: bool = True, flush: bool = True) -> Iterator[BinaryIO]:
    """A file to write to. It becomes ``target`` when the block ends, and is removed if the block raises.

    Creates parent folders. Without ``replace`` an existing target stays unchanged. Without ``flush`` a power cut may
    leave an empty ``target``; that is enough for copies whose length is checked before use.

    Raises:
        TargetExists: ``target`` exists, and ``replace`` is false.
        OSError: the disk is full, read-only, …; no file is left behind.
    """
    file, path = _open_locked(target.parent)
    try:
        with file:
            yield file
            file.flush()
            if flush:
                flush_to_disk(file)
            if os.name == "nt":  # Windows cannot rename an open file
                file.close()
            try:
                _rename(path, target, replace)
            except OSError as error:
                if error.errno not in _OPEN_IS_BUSY or file.closed:
                    raise
                file.close()
                _rename(path, target, replace)
    finally:
        with suppress(FileNotFoundError):
            path.unlink()


def _rename(path: Path, target: Path, replace: bool) -> None:
    """The folder itself is not flushed: after a power cut the file may be missing, but never damaged."""
    if replace:
        path.replace(target)
        return
    try:
        os.link(path, target)
    except FileExistsError:
        raise TargetExists from None
    except OSError:  # the file system has no hard links: nearly as good
        if target.exists():
            raise TargetExists from None
        path.replace(target)


def _open_locked(folder: Path) -> tuple[BinaryIO, Path]:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f".part-{host_slug()}-{os.getpid()}-{secrets.token_hex(8)}"
        try:
            file = path.open("xb")
        except FileNotFoundError:  # the folder was just removed
            continue
        with suppress(OSError):  # the file system has no locks: the file never counts as dead, which is safe
            lock_descriptor(file.fileno())
        if path.exists():  # else it was cleaned up before we locked it
            return file, path
        file.close()


@lru_cache
def host_slug() -> str:
    """This machine's host name in letters, digits and dashes."""
    return re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:64] or "unnamed"


def parse_partial_name(name: str) -> tuple[str, int] | None:
    """The host and the process of the writer of a partial file, by its name; None for the name of any other file."""
    found = _NAME.fullmatch(name)
    return None if found is None else (found["host"], int(found["pid"]))


@dataclass(frozen=True)
class PartialFile:
    """A file that is being written, or whose writer died."""

    path: Path
    size: int  # bytes
    host: str
    pid: int
    dead: bool  # True: its writer is proven dead. False: it is alive, or its state is unknown


def partial_files(folder: Path) -> Iterator[PartialFile]:
    """All partial files under a folder; links are not followed. Changes nothing."""
    for parent, _, names in os.walk(folder):
        for name in names:
            if (found := parse_partial_name(name)) is None:
                continue
            path, (host, pid) = Path(parent, name), found
            with suppress(FileNotFoundError):  # it was just renamed
                dead = _is_dead(path, host, remove=False)
                yield PartialFile(path, path.lstat().st_size, host, pid, dead)


def remove_if_dead(partial: PartialFile) -> bool:
    """Remove a partial file if its writer is proven dead now. True if the file is gone."""
    with suppress(FileNotFoundError):
        return _is_dead(partial.path, partial.host, remove=True)
    return True


def _is_dead(path: Path, host: str, *, remove: bool) -> bool:
    """True if the writer's lock can be taken. Removes the file under that lock, so that a new writer notices it."""
    if path.is_symlink() or (host != host_slug() and is_network_filesystem(path.parent)):
        return False  # locks of another machine may be invisible here
    try:
        file = path.open("r+b")
    except PermissionError:
        return False
    with file:
        try:
            dead = lock_descriptor(file.fileno(), blocking=False)
        except OSError:  # the file system has no locks, so there is no proof
            return False
        if dead and remove:
            path.unlink()
        return dead
