"""Downloads a flash_attn wheel into this machine's cache, and measures it before that.

A wheel comes from a URL, a folder or a bucket. It is verified against its pinned sha256, or that of its first download.
"""

from __future__ import annotations

import shutil
import struct
import zipfile
from pathlib import Path

from f5_pipeline.display.secrets import public_address
from f5_pipeline.environment.wheels import Wheel
from f5_pipeline.errors import BadSetting, DownloadFailed, FileUnusable, ObjectMissing
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.http import download, open_ranges
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.open import open_store
from f5_pipeline.storage.pinned import PinnedFile, fetch_pinned

_LARGEST = 4_000_000_000  # bytes of a wheel; upstream's have less than a tenth
#: What zipfile raises for a file that is no zip file, or a damaged one.
_NOT_A_ZIP = (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, EOFError, struct.error)


def wheel_path(wheel: Wheel, cache: Path) -> Path:
    """The path of the wheel in the cache."""
    return cache / "wheels" / wheel.name


def measure_wheel(wheel: Wheel, cache: Path) -> tuple[int, int]:
    """The bytes to download and the bytes of the unpacked files.

    Read from the directory of the zip file, over the network if the server supports range requests; else the estimates
    of the table.

    Raises:
        DownloadFailed: the server cannot be reached, or the server or folder does not have the wheel, or an address is
            not allowed (``storage.web_route``).
        ObjectMissing, StoreUnusable: the same for a bucket.
        FileUnusable: a local file is not a wheel.
    """
    cached = wheel_path(wheel, cache)
    if cached.is_file():
        return 0, _unpacked_bytes(cached)
    if wheel.source.startswith(("http://", "https://")):
        return _measure_remote(wheel)
    if wheel.source.startswith("s3://"):
        store, key = _bucket(wheel)
        info = store.stat(key)
        if info is None:
            raise ObjectMissing(store.location(key), "Put the wheel there (with _ for its +), or correct F5_WHEELS.")
        return info.size, wheel.unpacked_bytes
    path = _local(wheel)
    return path.stat().st_size, _unpacked_bytes(path)


def fetch_wheel(wheel: Wheel, cache: Path) -> PinnedFile:
    """Make the wheel available in the cache, complete and verified.

    Raises:
        FileAltered: it is not the pinned one, or not the one of the first download.
        DownloadFailed, ObjectMissing, StoreUnusable, FileUnusable: it cannot be downloaded or stored.
    """

    def fetch(folder: Path) -> tuple[Path, int]:
        if wheel.source.startswith(("http://", "https://")):
            done = download(wheel.source, folder, pinned=wheel.sha256 is not None, limit=_LARGEST)
            return done.path, done.bytes_received
        path = folder / wheel.name
        if wheel.source.startswith("s3://"):
            store, key = _bucket(wheel)
            return path, store.download(key, path).size
        with translate_os_errors(path):
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(_local(wheel), path)
        return path, 0

    return fetch_pinned(wheel_path(wheel, cache), wheel.sha256, fetch)


def _measure_remote(wheel: Wheel) -> tuple[int, int]:
    reader = open_ranges(wheel.source, pinned=wheel.sha256 is not None)
    if reader is None:
        return wheel.wheel_bytes, wheel.unpacked_bytes
    try:
        with zipfile.ZipFile(reader) as archive:
            return reader.size, sum(info.file_size for info in archive.infolist())
    except _NOT_A_ZIP:
        raise DownloadFailed(public_address(wheel.source), "the file is not a wheel") from None


def _unpacked_bytes(path: Path) -> int:
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(info.file_size for info in archive.infolist())
    except _NOT_A_ZIP:
        raise FileUnusable(str(path), "it is not a wheel.", "Replace it, or correct F5_FLASH_ATTN.") from None


def _bucket(wheel: Wheel) -> tuple[ObjectStore, str]:
    """The bucket and the key of the wheel. Keys of a store have no ``+``; ``_`` replaces it."""
    bucket, _, key = wheel.source.removeprefix("s3://").replace("+", "_").partition("/")
    if not key:
        raise BadSetting("Environment", "F5_WHEELS", f"{wheel.source} names a bucket without a wheel.")
    return open_store(f"s3://{bucket}"), key


def _local(wheel: Wheel) -> Path:
    try:
        path = Path(wheel.source).expanduser()
    except RuntimeError:
        raise DownloadFailed(wheel.source, "it is in the home folder of an unknown user") from None
    if not path.is_file():
        raise DownloadFailed(str(path), "there is no such file")
    return path
