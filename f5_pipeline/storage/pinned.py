"""Files from elsewhere that are held to a sha256: known beforehand, or recorded at their first fetch.

A file is there whole and verified, or not at all. However many processes want it, one fetches it and the others
wait; should the lock lie, each fetches its own and the last one wins. How the bytes travel is the caller's choice.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.errors import FileAltered, FileUnusable
from f5_pipeline.storage.disk_space import folder_bytes
from f5_pipeline.storage.filesystem import this_machines_file
from f5_pipeline.storage.locks import hold, hold_if_free
from f5_pipeline.storage.partial import PartialFile, atomic_write, host_slug

_RECORD, _DOWNLOAD, _LOCK = ".record.json", ".download", ".lock"


@dataclass(frozen=True)
class PinnedFile:
    """A file whose content is known."""

    path: Path
    sha256: str
    bytes_downloaded: int = 0


#: Fetches a file into the given folder; returns where it is and how many bytes came over the network.
Fetch = Callable[[Path], tuple[Path, int]]


def fetch_pinned(target: Path, sha256: str | None, fetch: Fetch) -> PinnedFile:
    """Have ``target`` here, verified, calling ``fetch`` only if it is not.

    Without a ``sha256``, the recorded one of an earlier fetch counts; without that, what comes is recorded.

    Raises:
        FileAltered: what is here, or what came, is something else.
        FileUnusable: the disk is full, or the folder cannot be written.
    """
    if target.is_file():
        return verify(target, sha256)
    with hold(target.with_name(target.name + _LOCK), f"fetching {target.name}"):
        if target.is_file():  # another process was faster
            return verify(target, sha256)
        return _fetch(target, sha256 or recorded_sha256(target), fetch)


def verify(path: Path, sha256: str | None) -> PinnedFile:
    """A file that is here, held to ``sha256`` or, without one, to its record.

    Raises:
        FileAltered: it is something else.
    """
    found, expected = hash_once(path, record_path(path)), sha256 or recorded_sha256(path)
    if expected is not None and found != expected:
        raise FileAltered(str(path), found, expected)
    return PinnedFile(path, found)


def hash_once(path: Path, record: Path, *, held: bool = True) -> str:
    """The sha256 of a file; its record's, as long as size and time of the file are the recorded ones.

    So a gigabyte costs nothing the second time. The record of a ``held`` file keeps its sha256 whatever the file
    becomes; else it follows the file.
    """
    known = _read(record)
    if "sha256" in known and known == _identified(path, str(known["sha256"])):
        return str(known["sha256"])
    found = sha256_of(path)
    if not held or known.get("sha256", found) == found:
        with suppress(FileUnusable):  # a cache may be read-only: then this is hashed each time
            _write(record, _identified(path, found))
    return found


def clean_downloads(root: Path, *, dry_run: bool = False) -> list[PartialFile]:
    """Remove the folders under ``root`` of downloads that ended in the middle and that nobody is continuing.

    While a file is being fetched its fetcher holds its lock; whoever gets the lock has the proof that there is none.

    Returns:
        What was removed, or would be: one entry for each folder.
    """
    removed = []
    for folder in root.rglob(f"*{_DOWNLOAD}"):
        name = folder.name.removesuffix(_DOWNLOAD)
        ours = any(folder.with_name(name + _LOCK + end).exists() for end in ("", ".holder"))
        if not ours or folder.is_symlink() or not folder.is_dir():
            continue
        with hold_if_free(folder.with_name(name + _LOCK)) as free:
            if free:
                removed.append(PartialFile(folder, folder_bytes(folder), host_slug(), 0, dead=True))
                if not dry_run:
                    shutil.rmtree(folder, ignore_errors=True)
    return removed


def record_path(path: Path) -> Path:
    """Where the sha256 of ``path`` is recorded. It outlives the file."""
    return path.with_name(path.name + _RECORD)


def recorded_sha256(path: Path) -> str | None:
    """The sha256 that ``path`` had when it was first fetched, if it ever was."""
    known = _read(record_path(path)).get("sha256")
    return None if known is None else str(known)


def sha256_of(path: Path) -> str:
    """The sha256 of a file, read in pieces. Raises ``FileUnusable`` if it cannot be read."""
    digest = hashlib.sha256()
    with this_machines_file(path), path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _fetch(target: Path, expected: str | None, fetch: Fetch) -> PinnedFile:
    folder = target.with_name(target.name + _DOWNLOAD)
    try:
        path, received = fetch(folder)
        found = sha256_of(path)
    except (FileUnusable, FileNotFoundError):
        if target.is_file():  # a process that the lock did not keep out was faster, and removed the folder
            return verify(target, expected)
        shutil.rmtree(folder, ignore_errors=True)  # a full disk is not left full
        raise
    if expected is not None and found != expected:
        shutil.rmtree(folder, ignore_errors=True)
        raise FileAltered(str(target), found, expected, arrived=True)
    with this_machines_file(target):
        try:
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            path.replace(target)
        except FileNotFoundError:
            if not target.is_file():
                raise
            return verify(target, expected)  # a process that the lock did not keep out was faster
    shutil.rmtree(folder, ignore_errors=True)
    _write(record_path(target), _identified(target, found))
    return PinnedFile(target, found, received)


def _identified(path: Path, sha256: str) -> dict[str, object]:
    stat = path.stat()
    return {"sha256": sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _read(record: Path) -> dict[str, object]:
    with suppress(OSError, ValueError):
        data = json.loads(record.read_text(encoding="utf-8"))
        if isinstance(data, dict):
            return data
    return {}


def _write(record: Path, data: dict[str, object]) -> None:
    with this_machines_file(record), atomic_write(record) as file:
        file.write(json.dumps(data).encode())
