"""Part files of downloads: ``.part-HOST-PID-RANDOM``, and beside each a ``.version`` file.

A part whose writer is gone is taken over by the next download into the same folder; if there are several, the largest,
and the others are removed. The proof that a writer is gone is the operating system's lock on the part. Where there is
no such proof (another machine's part on a network file system, a volume without locks) a part counts as abandoned once
it has not grown for ``IDLE_SECONDS``. If that is wrong, two writers write the same bytes to the same places, or one
finds its part gone; the sha256 decides in both cases.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from filelock import lock_descriptor

from f5_pipeline.storage.filesystem import clock_of, is_network_filesystem, translate_os_errors
from f5_pipeline.storage.partial import host_slug, parse_partial_name

IDLE_SECONDS = 10.0  # less than the holder of a dead lock is waited for, so that its part is old enough by then
_VERSION = ".version"


@dataclass(frozen=True)
class PartFile:
    """An open part file."""

    file: BinaryIO
    path: Path

    @property
    def size(self) -> int:
        return self.file.seek(0, os.SEEK_END)

    @property
    def version(self) -> str | None:
        """The server's version of the object in this part; None if it is unknown."""
        with suppress(FileNotFoundError, UnicodeDecodeError):
            return _version_file(self.path).read_text(encoding="utf-8") or None
        return None

    def set_version(self, version: str | None) -> None:
        with translate_os_errors(self.path.parent):
            _version_file(self.path).write_text(version or "", encoding="utf-8")

    def remove(self) -> None:
        _remove(self.path)


@contextmanager
def open_part(folder: Path) -> Iterator[PartFile]:
    """A part file in ``folder``, locked while it is open: an abandoned one if there is any, else a new one.

    Raises:
        FileUnusable: the folder cannot be written.
    """
    with translate_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        part = _take_over(folder) or _create(folder)
    try:
        yield part
    except BaseException:
        with suppress(OSError):  # what is still in its buffer does not fit on a full disk either
            part.file.close()
        raise
    with translate_os_errors(folder):
        part.file.close()


def resumable_bytes(folder: Path) -> int:
    """The size of the largest part in a folder, which a download into it may not have to fetch again."""
    return max((path.stat().st_size for path, _, _ in _parts(folder)), default=0)


def _parts(folder: Path) -> Iterator[tuple[Path, str, int]]:
    """Each part file of a folder, the largest first, with the host and the process of its writer."""
    found = [(path, named) for path in folder.glob(".part-*") if (named := parse_partial_name(path.name)) is not None]
    with suppress(FileNotFoundError):  # a faster process removes them
        found.sort(key=lambda part: part[0].stat().st_size, reverse=True)
        yield from ((path, *named) for path, named in found)


def _take_over(folder: Path) -> PartFile | None:
    taken: PartFile | None = None
    for path, host, pid in _parts(folder):
        with suppress(OSError):
            file = path.open("r+b")
            if not (_is_abandoned(file, path, host, pid) and path.exists()):
                file.close()
            elif taken is not None:
                file.close()
                _remove(path)
            else:
                taken = PartFile(file, path if host == host_slug() else _rename(path))
    return taken


def _is_abandoned(file: BinaryIO, path: Path, host: str, pid: int) -> bool:
    if host == host_slug() or not is_network_filesystem(path.parent):
        with suppress(OSError):  # the file system has no locks
            return lock_descriptor(file.fileno(), blocking=False)
        import psutil  # slow to import, and rarely needed

        if host == host_slug() and not psutil.pid_exists(pid):
            return True
    return clock_of(path.parent) - os.fstat(file.fileno()).st_mtime >= IDLE_SECONDS


def _rename(path: Path) -> Path:
    """Give another machine's part the name of this process, so that the next one knows its writer."""
    ours = _new_name(path.parent)
    path.rename(ours)
    with suppress(FileNotFoundError):
        _version_file(path).rename(_version_file(ours))
    return ours


def _create(folder: Path) -> PartFile:
    path = _new_name(folder)
    file = path.open("x+b")
    with suppress(OSError):  # the file system has no locks
        lock_descriptor(file.fileno())
    return PartFile(file, path)


def _new_name(folder: Path) -> Path:
    return folder / f".part-{host_slug()}-{os.getpid()}-{secrets.token_hex(8)}"


def _version_file(path: Path) -> Path:
    return path.with_name(path.name + _VERSION)


def _remove(path: Path) -> None:
    for each in (path, _version_file(path)):
        with suppress(FileNotFoundError):
            each.unlink()
