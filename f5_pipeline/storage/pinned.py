"""Downloaded files that are pinned to a sha256, which is known beforehand or recorded at the first fetch.

A file exists complete and verified, or not at all. Of several processes one fetches it while the others wait. If the
lock is unreliable, each fetches its own and the last one wins. The caller decides how the bytes are transferred.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.errors import FileAltered, FileUnusable
from f5_pipeline.storage.disk_space import folder_bytes
from f5_pipeline.storage.filesystem import flush_to_disk, translate_os_errors
from f5_pipeline.storage.locks import DOWNLOAD_PATIENCE, hold, hold_if_free
from f5_pipeline.storage.partial import PartialFile, atomic_write, host_slug

_RECORD, _DOWNLOAD, _LOCK = ".record.json", ".download", ".lock"


@dataclass(frozen=True)
class PinnedFile:
    """A file whose content is verified."""

    path: Path
    sha256: str
    bytes_downloaded: int = 0


#: Fetches a file into the given folder; returns its path and the bytes that came over the network.
Fetch = Callable[[Path], tuple[Path, int]]


def fetch_pinned(target: Path, sha256: str | None, fetch: Fetch) -> PinnedFile:
    """Make ``target`` available and verified; calls ``fetch`` only if it is missing.

    Without ``sha256``, the one recorded at an earlier fetch counts; if there is none, that of the new file is recorded.

    Raises:
        FileAltered: the existing or the fetched file has another sha256.
        FileUnusable: the disk is full, or the folder cannot be written.
    """
    if target.is_file():
        return verify(target, sha256)
    with hold(target.with_name(target.name + _LOCK), f"fetching {target.name}", DOWNLOAD_PATIENCE):
        if target.is_file():  # another process was faster
            return verify(target, sha256)
        return _fetch(target, sha256 or recorded_sha256(target), fetch)


def download_folder(target: Path) -> Path:
    """The folder of unfinished downloads of ``target``."""
    return target.with_name(target.name + _DOWNLOAD)


def verify(path: Path, sha256: str | None) -> PinnedFile:
    """Verify an existing file against ``sha256`` or, without one, against its record.

    Raises:
        FileAltered: the file has another sha256.
    """
    found, expected = cached_sha256(path, record_path(path)), sha256 or recorded_sha256(path)
    if expected is not None and found != expected:
        raise FileAltered(str(path), found, expected)
    return PinnedFile(path, found)


def cached_sha256(path: Path, record: Path, *, pinned: bool = True) -> str:
    """The sha256 of a file: the recorded one, as long as size and modification time match the record.

    So a large file is hashed once. The record of a ``pinned`` file keeps its first sha256 even if the file changes;
    without ``pinned`` it follows the file.
    """
    known = _read(record)
    if "sha256" in known and known == _record_of(path, str(known["sha256"])):
        return str(known["sha256"])
    found = sha256_of(path)
    if not pinned or known.get("sha256", found) == found:
        with suppress(FileUnusable):  # the cache is read-only: the file is hashed each time
            _write(record, _record_of(path, found))
    return found


def clean_downloads(root: Path, *, dry_run: bool = False) -> list[PartialFile]:
    """Remove the folders of interrupted downloads under ``root``.

    A process that fetches a file holds its lock, so a folder whose lock is free belongs to no running download.

    Returns:
        One entry for each folder that was removed, or with ``dry_run`` would be.
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
    """The file that records the sha256 of ``path``. It outlives the file."""
    return path.with_name(path.name + _RECORD)


def recorded_sha256(path: Path) -> str | None:
    """The sha256 of ``path`` at its first fetch; None if it was never fetched."""
    known = _read(record_path(path)).get("sha256")
    return None if known is None else str(known)


def sha256_of(path: Path) -> str:
    """The sha256 of a file, read in blocks. Raises ``FileUnusable`` if it cannot be read."""
    digest = hashlib.sha256()
    with translate_os_errors(path), path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _fetch(target: Path, expected: str | None, fetch: Fetch) -> PinnedFile:
    folder = download_folder(target)
    try:
        path, received, found = _fetch_once(folder, fetch)
        if expected is not None and found != expected and received != path.stat().st_size:
            # It was resumed. Its first bytes may be those of another version, or of a crashed machine.
            shutil.rmtree(folder, ignore_errors=True)
            path, received, found = _fetch_once(folder, fetch)
    except (FileUnusable, FileNotFoundError):
        if target.is_file():  # a process that the lock did not exclude was faster, and removed the folder
            return verify(target, expected)
        shutil.rmtree(folder, ignore_errors=True)  # frees a full disk
        raise
    if expected is not None and found != expected:
        reason = _describe(path)
        shutil.rmtree(folder, ignore_errors=True)
        raise FileAltered(str(target), found, expected, arrived=reason)
    with translate_os_errors(target):
        try:
            _flush(path)
            path.replace(target)
        except FileNotFoundError:
            if not target.is_file():
                raise
            return verify(target, expected)  # a process that the lock did not exclude was faster
    shutil.rmtree(folder, ignore_errors=True)
    _write(record_path(target), _record_of(target, found))
    return PinnedFile(target, found, received)


def _fetch_once(folder: Path, fetch: Fetch) -> tuple[Path, int, str]:
    """The path, the bytes that came over the network, and the sha256."""
    path, received = fetch(folder)
    return path, received, sha256_of(path)


def _flush(path: Path) -> None:
    """Flush a file, which may be read-only, to the disk."""
    with path.open("rb") as file:
        flush_to_disk(file)


def _describe(path: Path) -> str:
    """What a downloaded file with a wrong sha256 is."""
    with translate_os_errors(path), path.open("rb") as stream:
        start = stream.read(512).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "what arrived is a web page, such as the login page of a proxy"
    if start.startswith(b"version https://git-lfs"):
        return "what arrived is a pointer of Git LFS, whose file the server does not have"
    return f"the download was damaged, or the source has changed ({path.stat().st_size:,} bytes arrived)"


def _record_of(path: Path, sha256: str) -> dict[str, object]:
    stat = path.stat()
    return {"sha256": sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _read(record: Path) -> dict[str, object]:
    with suppress(OSError, ValueError):
        data = json.loads(record.read_text(encoding="utf-8"))
        if isinstance(data, dict):
            return data
    return {}


def _write(record: Path, data: dict[str, object]) -> None:
    with translate_os_errors(record), atomic_write(record) as file:
        file.write(json.dumps(data).encode())
