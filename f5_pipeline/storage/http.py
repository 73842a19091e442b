"""Downloads over HTTP, with retries, resumed at the byte where a broken connection or a dead process stopped.

``web_request`` sends the requests, within the policy of ``web_route``. Only GET is used: some mirrors refuse HEAD, or
answer it without the length.

A download is written to a part file (``part_file``) in the caller's folder. The caller verifies it and renames it
(``pinned``). A file beside it records the server's version of the object, so that a resumed download never mixes two
versions, unless its sha256 is known and will tell.
"""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path

import requests

from f5_pipeline.display.secrets import public_address
from f5_pipeline.errors import DownloadFailed, DownloadRefused, FileUnusable
from f5_pipeline.storage.download_progress import ProgressReporter
from f5_pipeline.storage.filesystem import explain_os_error
from f5_pipeline.storage.part_file import PartFile, open_part
from f5_pipeline.storage.retry import with_retries
from f5_pipeline.storage.web_request import request

LARGEST = 64_000_000_000  # bytes; of any file that a server sends
_BLOCK = 1 << 16  # bytes
_PROGRESS = 1 << 14  # bytes; a connection that brings as many is not a failed attempt


@dataclass(frozen=True)
class HttpDownload:
    """A complete object in a part file."""

    path: Path
    bytes_received: int  # by this call; less than the file's size if the download was resumed


@dataclass(frozen=True)
class _Object:
    """What is downloaded, and what is known of it."""

    url: str
    pinned: bool
    limit: int  # bytes
    token: str | None = None


@dataclass
class _Transfer:
    """The state of one call of ``download``."""

    reporter: ProgressReporter
    received: int = 0  # bytes
    furthest: int = 0  # the largest size that the part has had


def download(
    url: str, folder: Path, *, pinned: bool = False, limit: int = LARGEST, token: str | None = None
) -> HttpDownload:
    """Download ``url`` into a part file in ``folder``.

    A connection that breaks after it has brought something new is not a failed attempt: the download is resumed.

    Args:
        url: its address.
        folder: the folder of the part file.
        pinned: the caller knows the sha256 of the content and will notice a wrong result. Then a part is resumed even
            if the server does not identify the version of the object, and plain http is allowed.
        limit: the most bytes that the object may have.
        token: a bearer token for the server of ``url``, and for no other.

    Raises:
        DownloadFailed: for a permanent reason, or because nothing new arrived for ``F5_RETRY_SECONDS``.
        DownloadRefused: an address is not allowed (``web_route``), or the object is larger than ``limit``.
        FileUnusable: the disk is full (the part is removed), or the folder cannot be written.
    """
    source = _Object(url, pinned, limit, token)
    transfer = _Transfer(ProgressReporter(public_address(url)))

    def attempt() -> Path:
        with open_part(folder) as part:
            transfer.furthest = max(transfer.furthest, part.size)
            _resume(source, part, transfer)
            return part.path

    done = with_retries(attempt, progress=lambda: transfer.furthest // _PROGRESS)
    return HttpDownload(done, transfer.received)


def check_address(url: str, *, pinned: bool = False) -> None:
    """Request the first byte of an object, as a download would.

    Raises:
        DownloadFailed, DownloadRefused: as ``download``.
    """

    def once() -> None:
        with request(url, {"Range": "bytes=0-0"}, pinned):
            pass

    with_retries(once)


def open_ranges(url: str, *, pinned: bool = False) -> RangeReader | None:
    """A seekable view of a remote object, or None if its server does not support range requests.

    ``pinned``: as in ``download``.

    Raises:
        DownloadFailed: the server cannot be reached, or does not have the object.
        DownloadRefused: an address is not allowed (``web_route``).
    """
    source = _Object(url, pinned, LARGEST)

    def once() -> RangeReader | None:
        with request(url, {"Range": f"bytes=-{RangeReader.TAIL}"}, pinned) as response:
            total = _number(response.headers.get("Content-Range", "").rpartition("/")[2])
            if response.status_code != requests.codes.partial_content or total is None:
                return None
            return RangeReader(source, total, _body(source, response, min(total, RangeReader.TAIL)))

    return with_retries(once)


class RangeReader(io.RawIOBase):
    """A remote object as a seekable file. Its last 64 KiB are cached; any other read is a request."""

    TAIL = 1 << 16  # bytes
    MOST = 1 << 26  # bytes of one request, which are held in memory

    def __init__(self, source: _Object, size: int, tail: bytes) -> None:
        self.size, self._source, self._tail, self._position = size, source, tail, 0

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

        if end - start > self.MOST:
            raise DownloadRefused(public_address(self._source.url), "its directory is too large", "Check the address.")

        def once() -> bytes:
            with request(self._source.url, {"Range": f"bytes={start}-{end - 1}"}, self._source.pinned) as response:
                return _body(self._source, response, end - start)

        return with_retries(once)


def _body(source: _Object, response: requests.Response, size: int) -> bytes:
    """The content of a response that must have ``size`` bytes. No more than that is held in memory."""
    data = bytearray()
    for block in response.iter_content(_BLOCK):
        data += block
        if len(data) > size:
            break
    if len(data) != size:
        raise DownloadFailed(public_address(source.url), "the answer was truncated or too long", transient=True)
    return bytes(data)


def _resume(source: _Object, part: PartFile, transfer: _Transfer) -> None:
    """Request what a part file lacks, or all of it if the server cannot continue it."""
    # The last byte is requested again, so that a complete part gets an answer with a version too.
    known = part.version
    have = max(0, part.size - 1) if known is not None or source.pinned else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    with request(source.url, headers, source.pinned, source.token) as response:
        if have and not _continues(source, response, have, known):
            have = 0
        if have or response.status_code == requests.codes.ok:
            return _receive(source, response, part, have, transfer)
    if headers:
        part.file.truncate(0)
        return _resume(source, part, transfer)  # from the start: another version, or a wrong range
    raise DownloadFailed(public_address(source.url), f"the server answered {response.status_code} without the file")


def _continues(source: _Object, response: requests.Response, have: int, known: str | None) -> bool:
    """True if a response continues after ``have`` bytes of the version ``known``."""
    start = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return (
        response.status_code == requests.codes.partial_content
        and start == str(have)
        and not _is_encoded(response)  # a part of a compressed object cannot be read alone
        and (source.pinned or _version(response) == known)
    )


def _receive(source: _Object, response: requests.Response, part: PartFile, have: int, transfer: _Transfer) -> None:
    """Write the content of a response to a part file, after its first ``have`` bytes.

    Raises:
        DownloadFailed: the response ends early, or is a web page.
    """
    size = _object_size(response)
    if not source.pinned and _is_web_page(source, response):
        reason = "the server sent a web page instead of the file, as the login page of a proxy does"
        raise DownloadFailed(public_address(source.url), reason)
    _check_limit(source, size or 0, part)
    part.set_version(_version(response))
    if not have:
        part.file.truncate(0)
    position = part.file.seek(have)
    while block := response.raw.read1(_BLOCK, decode_content=True):  # as it arrives, so that nothing of it is lost
        _check_limit(source, position + len(block), part)
        _write(part, block)
        position += len(block)
        transfer.received += len(block)
        transfer.furthest = max(transfer.furthest, position)
        transfer.reporter.report(position, size)
    if size is not None and position != size:
        raise DownloadFailed(public_address(source.url), "the answer was truncated", transient=True)


def _write(part: PartFile, block: bytes) -> None:
    try:
        part.file.write(block)
        part.file.flush()
    except OSError as error:
        part.remove()  # frees a full disk
        raise FileUnusable(str(part.path.parent), *explain_os_error(error)) from None


def _check_limit(source: _Object, size: int, part: PartFile) -> None:
    if size > source.limit:
        part.remove()
        reason = f"it is larger than {source.limit:,} bytes, the most that it may have"
        raise DownloadRefused(public_address(source.url), reason, "Check the address.")


def _object_size(response: requests.Response) -> int | None:
    """The size of the whole object in bytes; None if it is unknown."""
    if response.status_code == requests.codes.partial_content:
        return _number(response.headers.get("Content-Range", "").rpartition("/")[2])
    if _is_encoded(response):
        return None  # the length is that of the encoded content
    length = _number(response.headers.get("Content-Length", ""))
    hubs = (_number(each.headers.get("X-Linked-Size", "")) for each in (*response.history, response))
    return length if length is not None else next((size for size in hubs if size is not None), None)


def _number(text: str) -> int | None:
    """A count of bytes in a header; None if it is not one."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def _is_encoded(response: requests.Response) -> bool:
    """True if the content is compressed, although it was requested as it is."""
    return response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity")


def _is_web_page(source: _Object, response: requests.Response) -> bool:
    name = public_address(source.url).lower()
    return response.headers.get("Content-Type", "").startswith("text/html") and not name.endswith((".html", ".htm"))


def _version(response: requests.Response) -> str | None:
    """The version of the object: a strong ETag or the modification time; None if the server sends neither."""
    etag = response.headers.get("ETag", "")
    return (etag if not etag.startswith("W/") else "") or response.headers.get("Last-Modified")
