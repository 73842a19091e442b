"""A store in a folder. The interface and the rules for keys are in ``object_store``, atomic writes in ``partial``.

Objects are plain files that people may read, add and replace with any tool. No link leads out of the folder: nothing
outside it is read or written.
"""

from __future__ import annotations

import builtins
import errno
import logging
import os
import shutil
import stat as stat_module
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from f5_pipeline.errors import KeepsChanging, LinkLeavesStore, ObjectChanged, ObjectMissing, StoreUnusable
from f5_pipeline.storage.filesystem import explain_os_error, translate_os_errors
from f5_pipeline.storage.object_store import ObjectInfo, check_key, check_prefix, is_listed
from f5_pipeline.storage.partial import TargetExists, atomic_write

_log = logging.getLogger(__name__)
_BLOCK = 1 << 20  # bytes
_COPY_ATTEMPTS = 3  # for a file that is replaced while it is being copied


class LocalStore:
    """A folder as a store. The first write creates the folder; reading creates nothing."""

    def __init__(self, root: str | Path) -> None:
        self._root = Path(os.path.abspath(Path(root).expanduser()))  # noqa: PTH100 - keep links as the user wrote them
        self._real_root = os.path.realpath(self._root)
        self.url = str(self._root)
        if self._root.exists() and not self._root.is_dir():
            raise StoreUnusable(self.url, "is a file, not a folder.", "Name a folder in F5_STORE.")

    def __repr__(self) -> str:
        return f"LocalStore({self.url!r})"

    def location(self, key: str) -> str:
        return str(self._root / check_key(key))

    def share(self, key: str, seconds: int) -> str:
        return Path(self.location(key)).as_uri()

    def existing_path(self, key: str) -> Path:
        """The real path of an object's file.

        Raises:
            ObjectMissing: the key does not exist.
            LinkLeavesStore: a link in the path leads out of this folder.
        """
        path = self._inside(self._root / check_key(key))
        if self._status(path) is None:
            raise ObjectMissing(self.location(key))
        return path

    def read(self, key: str, first: int | None = None) -> bytes:
        path = self.existing_path(key)
        with self._translated(path, missing=key):
            try:
                return _read(path, first)
            except OSError as error:
                if error.errno != errno.ESTALE:  # another machine has replaced the file meanwhile
                    raise
                return _read(path, first)

    def write(self, key: str, data: bytes) -> ObjectInfo:
        path = self._writable(key)
        with self._translated(path), atomic_write(path) as file:
            file.write(data)
            return _info(key, _flushed(file))

    def create(self, key: str, data: bytes) -> ObjectInfo | None:
        path = self._writable(key)
        try:
            with self._translated(path), atomic_write(path, replace=False) as file:
                file.write(data)
                return _info(key, _flushed(file))
        except TargetExists:
            return None

    def stat(self, key: str) -> ObjectInfo | None:
        return self.stat_many([key]).get(key)

    def stat_many(self, keys: Iterable[str]) -> dict[str, ObjectInfo]:
        """One system call per key in an existing folder, without listings. No link is followed out of the store."""
        found: dict[str, ObjectInfo] = {}
        by_folder: dict[str, set[str]] = {}
        for key in keys:
            by_folder.setdefault(check_key(key).rpartition("/")[0], set()).add(key)
        for parent, children in by_folder.items():
            folder = self._inside(self._root / parent)
            if len(children) > 1 and _is_missing(folder):
                continue
            for key in children:
                if (status := self._status(f"{folder}/{key.rpartition('/')[2]}")) is not None:
                    found[key] = _info(key, status)
        return found

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        parent, _, beginning = check_prefix(prefix).rpartition("/")
        return self._walk(self._root / parent, parent + "/" if parent else "", beginning, ())

    def download(self, key: str, path: Path, etag: str | None = None) -> ObjectInfo:
        source = self.existing_path(key)
        for _ in range(_COPY_ATTEMPTS):
            with suppress(_ChangedMeanwhile):
                return self._copy_out(key, source, path, etag)
        raise KeepsChanging([self.location(key)])

    def _copy_out(self, key: str, source: Path, path: Path, etag: str | None) -> ObjectInfo:
        with self._translated(source, missing=key):
            file = source.open("rb")
        with file, translate_os_errors(path), atomic_write(path, flush=False) as copy:
            before = os.fstat(file.fileno())
            if etag not in (None, _etag(before)):
                raise ObjectChanged(self.location(key))
            copy.writelines(self._blocks(file, source))
            if _etag(before) != _etag(os.fstat(file.fileno())) or copy.tell() != before.st_size:
                raise _ChangedMeanwhile
            return _info(key, before)

    def _blocks(self, file: BinaryIO, path: Path) -> Iterator[bytes]:
        """The content of a file of the store, whose errors are not those of its copy."""
        while True:
            try:
                block = file.read(_BLOCK)
            except OSError as error:
                if error.errno == errno.ESTALE:  # as in ``read``
                    raise _ChangedMeanwhile from error
                raise self._unusable(path, error) from error
            if not block:
                return
            yield block

    def upload(self, path: Path, key: str) -> ObjectInfo:
        target = self._writable(key)
        with translate_os_errors(path):
            file = path.open("rb")
        with file, self._translated(target), atomic_write(target) as copy:
            shutil.copyfileobj(file, copy, _BLOCK)
            return _info(key, _flushed(copy))

    def delete(self, key: str) -> None:
        path = self._writable(key)
        with self._translated(path), suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            path.unlink()

    def _writable(self, key: str) -> Path:
        path = self._root / check_key(key)
        return self._inside(path.parent) / path.name

    def _inside(self, path: Path) -> Path:
        """The path with all links resolved. Raises ``LinkLeavesStore`` if it is outside this folder."""
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(self._real_root):
            raise LinkLeavesStore(str(path), str(real))
        return real

    def _status(self, path: Path | str) -> os.stat_result | None:
        """The status of a regular file; None if there is none (a pipe or a folder is none)."""
        try:
            status = os.lstat(path)
            if stat_module.S_ISLNK(status.st_mode):
                status = self._inside(Path(path)).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._unusable(path, error) from error
        return status if stat_module.S_ISREG(status.st_mode) else None

    def _walk(self, folder: Path, key: str, beginning: str, above: tuple[str, ...]) -> Iterator[ObjectInfo]:
        """The objects under one folder in key order: a folder sorts as its name with a slash.

        ``above`` has the real paths of the parent folders, so that a link back to one of them is not followed.
        """
        real = str(self._inside(folder))
        if real in above:
            return
        for name in self._names(folder, beginning):
            path = folder / name.rstrip("/")
            if not is_listed(key + name.rstrip("/"), str(path)):
                continue
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(self._real_root):
                _warn_of_link(LinkLeavesStore(str(path), os.path.realpath(path)).args[0])
            elif name.endswith("/"):
                yield from self._walk(path, key + name, "", (*above, real))
            elif (status := self._status(path)) is not None:
                yield _info(key + name, status)

    def _names(self, folder: Path, beginning: str) -> builtins.list[str]:
        missing = suppress(FileNotFoundError, NotADirectoryError)
        with self._translated(folder), missing, os.scandir(folder) as entries:
            return sorted(
                entry.name + "/" if _is_folder(entry) else entry.name
                for entry in entries
                if entry.name.startswith(beginning)
            )
        return []

    @contextmanager
    def _translated(self, path: Path, missing: str = "") -> Iterator[None]:
        """Raise the operating system's errors about a path of the store as ours. ``missing``: a key that must exist."""
        try:
            yield
        except OSError as error:
            if missing and isinstance(error, FileNotFoundError):
                raise ObjectMissing(self.location(missing)) from None
            raise self._unusable(path, error) from error

    def _unusable(self, path: Path | str, error: OSError) -> StoreUnusable:
        reason, fix = explain_os_error(error)
        return StoreUnusable(self.url, f"{path}: {reason}", fix)


def _read(path: Path, first: int | None) -> bytes:
    with path.open("rb") as file:
        return file.read() if first is None else file.read(first)


class _ChangedMeanwhile(Exception):
    """The file was written to while it was being copied."""


@lru_cache(maxsize=4096)
def _warn_of_link(message: str) -> None:
    _log.warning("Ignored: %s", message)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of symbolic links
        return False


def _flushed(file: BinaryIO) -> os.stat_result:
    file.flush()
    return os.fstat(file.fileno())


def _etag(status: os.stat_result) -> str:
    """Size, time and inode: hashing every file of a listing would cost too much. Our own writes make new inodes."""
    return f"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ino:x}"


def _info(key: str, status: os.stat_result) -> ObjectInfo:
    modified = datetime.fromtimestamp(status.st_mtime, timezone.utc)
    return ObjectInfo(key, status.st_size, _etag(status), modified)


def _is_missing(folder: Path) -> bool:
    """True if the folder does not exist. Other errors are left to the access to each key."""
    try:
        folder.stat()
    except OSError as error:
        return isinstance(error, FileNotFoundError)
    return False
