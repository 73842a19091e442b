"""Getting a flash_attn wheel into this machine's cache, and knowing its size before that.

A wheel comes from a URL, a folder or a bucket; it is held to its pinned sha256, or to that of its first download.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from f5_pipeline.environment.wheels import Wheel
from f5_pipeline.errors import BadSetting, DownloadFailed, FileUnusable, ObjectMissing
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.http import download, open_ranges, public_url
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.open import open_store
from f5_pipeline.storage.pinned import PinnedFile, fetch_pinned


def wheel_place(wheel: Wheel, cache: Path) -> Path:
    """Where the wheel is, or will be, in the cache."""
    return cache / "wheels" / wheel.name


def measure_wheel(wheel: Wheel, cache: Path) -> tuple[int, int]:
    """Bytes still to download, and bytes of the unpacked files.

    Read from the wheel's own directory, remotely if its server serves ranges; else estimates from the table.

    Raises:
        DownloadFailed: its server cannot be reached, or has no such wheel; or a folder has none.
        ObjectMissing, StoreUnusable: the same of a bucket.
        FileUnusable: a local file is not a wheel.
    """
    place = wheel_place(wheel, cache)
    if place.is_file():
        return 0, _unpacked(place, wheel)
    if wheel.source.startswith(("http://", "https://")):
        return _measure_remote(wheel)
    if wheel.source.startswith("s3://"):
        store, key = _bucket(wheel)
        info = store.stat(key)
        if info is None:
            raise ObjectMissing(store.location(key), "Put the wheel there (with _ for its +), or correct F5_WHEELS.")
        return info.size, wheel.unpacked_bytes
    path = _local(wheel)
    return path.stat().st_size, _unpacked(path, wheel)


def fetch_wheel(wheel: Wheel, cache: Path) -> PinnedFile:
    """Have the wheel in the cache, whole and verified.

    Raises:
        FileAltered: it is not the one that was pinned, or that came first.
        DownloadFailed, ObjectMissing, StoreUnusable, FileUnusable: it cannot be had.
    """

    def fetch(folder: Path) -> tuple[Path, int]:
        if wheel.source.startswith(("http://", "https://")):
            done = download(wheel.source, folder, pinned=wheel.sha256 is not None)
            return done.path, done.bytes_received
        path = folder / wheel.name
        if wheel.source.startswith("s3://"):
            store, key = _bucket(wheel)
            return path, store.download(key, path).size
        with translate_os_errors(path):
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(_local(wheel), path)
        return path, 0

    return fetch_pinned(wheel_place(wheel, cache), wheel.sha256, fetch)


def _measure_remote(wheel: Wheel) -> tuple[int, int]:
    reader = open_ranges(wheel.source)
    if reader is None:
        return wheel.wheel_bytes, wheel.unpacked_bytes
    try:
        with zipfile.ZipFile(reader) as archive:
            return reader.size, sum(info.file_size for info in archive.infolist())
    except zipfile.BadZipFile:
        raise DownloadFailed(public_url(wheel.source), "what is there is not a wheel") from None


def _unpacked(path: Path, wheel: Wheel) -> int:
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(info.file_size for info in archive.infolist())
    except zipfile.BadZipFile:
        raise FileUnusable(str(path), "it is not a wheel.", "Replace it, or correct F5_FLASH_ATTN.") from None


def _bucket(wheel: Wheel) -> tuple[ObjectStore, str]:
    """The bucket and the wheel's key in it, where ``_`` stands for the ``+`` that a store's keys cannot have."""
    bucket, _, key = wheel.source.removeprefix("s3://").replace("+", "_").partition("/")
    if not key:
        raise BadSetting("Environment", "F5_WHEELS", f"{wheel.source} names a bucket, and no wheel in it.")
    return open_store(f"s3://{bucket}"), key


def _local(wheel: Wheel) -> Path:
    path = Path(wheel.source).expanduser()
    if not path.is_file():
        raise DownloadFailed(str(path), "there is no such file")
    return path
