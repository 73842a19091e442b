"""Downloads over HTTP, with retries, resumed where a dead process stopped. Verifies nothing.

A download is written to a part file (``.part-HOST-PID-RANDOM``) in the caller's folder. The caller verifies it and
renames it (``pinned``). A file beside it records the server's version of the object, so that a resumed download never
mixes two versions. A part whose writer is dead, as the operating system's lock proves, is taken over.
"""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit, urlunsplit

import requests
from filelock import lock_descriptor

from f5_pipeline.errors import DownloadFailed, FileUnusable
from f5_pipeline.storage.filesystem import explain_os_error, is_network_filesystem, translate_os_errors
from f5_pipeline.storage.partial import host_slug
from f5_pipeline.storage.retry import is_transient_status, with_retries

_TIMEOUT = (10, 60)  # seconds: to connect, between two blocks
_BLOCK = 1 << 16  # bytes; a broken connection loses at most one block


@dataclass(frozen=True)
class HttpDownload:
    """A complete object in a part file."""

    path: Path
    bytes_received: int  # by this call; less than the file's size if the download was resumed


def download(url: str, folder: Path, *, pinned: bool = False) -> HttpDownload:
    """Download ``url`` into a part file in ``folder``.

    ``pinned``: the caller knows the sha256 of the content and will notice a wrong result. Then a part is resumed even
    if the server does not identify the version of the object.

    Raises:
        DownloadFailed: three attempts failed, or one for a permanent reason.
        FileUnusable: the disk is full (the part is removed), or the folder cannot be written.
    """
    received: list[int] = []

    def once() -> Path:
        with _part(folder) as (file, path):
            _resume(url, file, path, pinned, received)
            return path

    return HttpDownload(with_retries(once), sum(received))


def public_url(url: str) -> str:
    """A URL without its possible secrets: user, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def open_ranges(url: str) -> RangeReader | None:
    """A seekable view of a remote object, or None if its server does not support range requests.

    Raises:
        DownloadFailed: the server cannot be reached, or does not have the object.
    """

    def once() -> RangeReader | None:
        with _request(url, {"Range": f"bytes=-{RangeReader.TAIL}"}) as response:
            total = response.headers.get("Content-Range", "").rpartition("/")[2]
            if response.status_code != requests.codes.partial_content or not total.isdigit():
                return None
            return RangeReader(url, int(total), _body(url, response))

    return with_retries(once)


class RangeReader(io.RawIOBase):
    """A remote object as a seekable file. Its last 64 KiB are cached; any other read is a request."""

    TAIL = 1 << 16  # bytes

    def __init__(self, url: str, size: int, tail: bytes) -> None:
        self.size, self._url, self._tail, self._position = size, url, tail, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        end = self.size if size is None or size < 0 else min(self.size, self._position + size)
        data = self._range(self._position, end) if end > self._position else b""
        self._position += len(data)
        return data

    def _range(self, start: int, end: int) -> bytes:
        tail_start = self.size - len(self._tail)
        if start >= tail_start:
            return self._tail[start - tail_start : end - tail_start]

        def once() -> bytes:
            with _request(self._url, {"Range": f"bytes={start}-{end - 1}"}) as response:
                return _body(self._url, response)

        return with_retries(once)


@contextmanager
def _request(url: str, headers: dict[str, str]) -> Iterator[requests.Response]:
    """A response with a good status. Failures become ``DownloadFailed``, transient or permanent."""
    try:
        with requests.get(
            url, headers={"Accept-Encoding": "identity", **headers}, stream=True, timeout=_TIMEOUT
        ) as response:
            _check_response(url, response)
            yield response
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise DownloadFailed(public_url(url), _short(error), transient=True) from None
    except requests.RequestException as error:
        raise DownloadFailed(public_url(url), _short(error)) from None


def _check_response(url: str, response: requests.Response) -> None:
    if urlsplit(url).scheme == "https" and urlsplit(response.url).scheme != "https":
        raise DownloadFailed(public_url(url), "it redirects to an address without encryption")
    status = response.status_code
    if status >= 400 and status != requests.codes.requested_range_not_satisfiable:
        reason = f"the server answered {status} {response.reason or ''}".rstrip()
        raise DownloadFailed(public_url(url), reason, transient=is_transient_status(status))


def _body(url: str, response: requests.Response) -> bytes:
    data = response.content
    if len(data) != int(response.headers.get("Content-Length", len(data))):
        raise DownloadFailed(public_url(url), "the answer was truncated", transient=True)
    return data


def _short(error: Exception) -> str:
    """The root cause of a requests error. The outer messages repeat the URL, which may contain a secret."""
    inner: BaseException = error
    while (cause := inner.__cause__ or inner.__context__) is not None:
        inner = cause
    return f"{type(inner).__name__}: {inner}"[:200] if isinstance(inner, OSError) else type(error).__name__


def _resume(url: str, file: BinaryIO, path: Path, pinned: bool, received: list[int]) -> None:
    """Complete a part file, and append the sizes of the received blocks to ``received``."""
    # The last byte is requested again, so that a complete part gets an answer with a version too.
    have, known = max(0, file.seek(0, os.SEEK_END) - 1), _read_version(path)
    have = file.truncate(have if known is not None or pinned else 0)
    with _request(url, {"Range": f"bytes={have}-"} if have else {}) as response:
        version = _version(response)
        size = _object_size(response, have)
        if have and (size is None or (version != known and not pinned)):
            file.truncate(0)  # another version, or the server cannot resume
            if response.status_code != requests.codes.ok:
                raise DownloadFailed(public_url(url), "the object changed meanwhile", transient=True)
            size = _object_size(response, 0)
        _write_version(path, version)
        file.seek(0, os.SEEK_END)
        _receive(response, file, path, received)
        if size is not None and size >= 0 and file.tell() != size:
            raise DownloadFailed(public_url(url), "the answer was truncated", transient=True)


def _object_size(response: requests.Response, have: int) -> int | None:
    """The object's size in bytes, -1 if unknown; None if the response does not continue after ``have`` bytes."""
    if response.status_code == requests.codes.partial_content:
        span, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        return int(total) if span.partition("-")[0] == str(have) and total.isdigit() else None
    return None if have or not response.ok else int(response.headers.get("Content-Length", -1))


def _receive(response: requests.Response, file: BinaryIO, path: Path, received: list[int]) -> None:
    for block in response.iter_content(_BLOCK):
        try:
            file.write(block)
            file.flush()
        except OSError as error:
            _remove_part(path)  # frees a full disk
            raise FileUnusable(str(path.parent), *explain_os_error(error)) from None
        received.append(len(block))


def _version(response: requests.Response) -> str | None:
    """The version of the object: a strong ETag or the modification time; None if the server sends neither."""
    etag = response.headers.get("ETag", "")
    return (etag if not etag.startswith("W/") else "") or response.headers.get("Last-Modified")


def _version_file(path: Path) -> Path:
    return path.with_name(path.name + ".version")


def _read_version(path: Path) -> str | None:
    with suppress(FileNotFoundError):
        return _version_file(path).read_text(encoding="utf-8") or None
    return None


def _write_version(path: Path, version: str | None) -> None:
    _version_file(path).write_text(version or "", encoding="utf-8")


def _remove_part(path: Path) -> None:
    for each in (path, _version_file(path)):
        with suppress(FileNotFoundError):
            each.unlink()


@contextmanager
def _part(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A part file, locked while it is open: that of a dead process if there is one, else a new one."""
    with translate_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file, path = _take_over(folder) or _create(folder)
    with file:
        yield file, path


def _take_over(folder: Path) -> tuple[BinaryIO, Path] | None:
    mine = f".part-{host_slug()}-*-*" if is_network_filesystem(folder) else ".part-*-*-*"
    for path in sorted(folder.glob(mine)):
        if path.suffix == ".version":
            continue
        with suppress(OSError):
            file = path.open("r+b")
            if lock_descriptor(file.fileno(), blocking=False) and path.exists():
                return file, path
            file.close()
    return None


def _create(folder: Path) -> tuple[BinaryIO, Path]:
    path = folder / f".part-{host_slug()}-{os.getpid()}-{secrets.token_hex(8)}"
    file = path.open("x+b")
    with suppress(OSError):  # the file system has no locks: the part is never taken over, which is safe
        lock_descriptor(file.fileno())
    return file, path
