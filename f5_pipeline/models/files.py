"""One file of a model: its path on this machine, and how it is fetched.

The local cache and a store's mirror have the same layout, so that either can be filled by copying the other::

    models/hf/OWNER/REPO/REVISION/PATH                  the file: complete and verified, or absent
    models/hf/OWNER/REPO/REVISION/PATH.record.json      its sha256

``source`` parses a source's text; ``storage.pinned`` verifies a file's sha256; ``proof`` checks the files' contents.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from f5_pipeline.errors import BadWeights, FileAltered, ObjectMissing
from f5_pipeline.models.hub import check_access, download_from_hub, take_from_cache
from f5_pipeline.models.hub_cache import has_any
from f5_pipeline.models.source import ModelSource, parse_source
from f5_pipeline.models.spec import SourceFile
from f5_pipeline.settings.hub import hub_settings
from f5_pipeline.storage.disk_space import existing_folder
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.http import LARGEST, check_address, download
from f5_pipeline.storage.layout import MODELS
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.open import open_store
from f5_pipeline.storage.part_file import resumable_bytes
from f5_pipeline.storage.partial import atomic_write
from f5_pipeline.storage.pinned import (
    PinnedFile,
    cached_sha256,
    download_folder,
    fetch_pinned,
    record_path,
    recorded_sha256,
)


def place(source: ModelSource, cache: Path | None) -> Path | None:
    """The path of a source's file on this machine, existing or not.

    None if the package is not installed, or if the source is remote and there is no ``cache``.
    """
    if source.kind == "package":
        spec = find_spec(source.place)  # does not import the package
        folders = list(spec.submodule_search_locations or ()) if spec else []
        return Path(folders[0], source.path) if folders else None
    if source.kind == "local":
        return Path(source.path)
    return cache / MODELS / source.key if cache is not None else None


def find(file: SourceFile, cache: Path | None) -> Path | None:
    """The file's path, or None if it is not on this machine. Does not verify the contents."""
    path = place(parse_source(file.source), cache)
    return path if path is not None and path.is_file() else None


def fetch(model: str, key: str, file: SourceFile, cache: Path, store: ObjectStore | None) -> PinnedFile:
    """One file, fetched and verified: from the cache, the user's Hugging Face cache, the mirror in ``store``, or its
    source, in this order.

    Args:
        model: the model's name, for messages.
        key: the file's name in the catalogue, for messages.
        file: its source and expected sha256.
        cache: the local cache folder.
        store: the store whose mirror is tried before the source; None: no mirror.

    Raises:
        BadWeights: a local or packaged file does not exist.
        FileAltered: the sha256 differs from the catalogue's, or from the record of the first fetch.
        DownloadFailed, StoreUnusable, ObjectMissing: the file cannot be fetched.
        FileUnusable: the disk is full, or the cache cannot be written.
    """
    source = parse_source(file.source)
    path = place(source, cache)
    if not source.remote:
        return _local(model, key, file, path, cache)
    assert path is not None  # a remote source has a path wherever there is a cache
    expected = file.sha256 or recorded_sha256(path)
    if expected is None and store is not None and not path.is_file():
        expected = mirrored_sha256(source, store)
    return fetch_pinned(path, expected, lambda folder: _obtain(source, expected, file.size, store, folder))


def bytes_to_fetch(file: SourceFile, size: int, cache: Path) -> int:
    """How much of a missing remote file of ``size`` bytes still needs disk space and a download.

    Less than ``size`` after an interrupted download, and 0 if it can be linked from the user's Hugging Face cache.
    """
    path = place(parse_source(file.source), cache)
    assert path is not None
    hub_copy = in_hub_cache(file)
    if hub_copy is not None and hub_copy.stat().st_dev == existing_folder(cache).stat().st_dev:
        return 0
    return max(0, size - resumable_bytes(download_folder(path)))


def check_source(file: SourceFile) -> None:
    """Ask the server of a missing file for its first byte, as the download would. A bucket is not asked.

    Raises:
        DownloadFailed, BadSetting: it does not give the file to this machine.
    """
    source, pinned = parse_source(file.source), file.sha256 is not None
    if source.kind == "hf":
        check_access(source, pinned=pinned)
    elif source.kind == "https":
        check_address(source.text, pinned=pinned)


def in_hub_cache(file: SourceFile) -> Path | None:
    """The user's Hugging Face cache, if it seems to have a file. Reads no contents.

    Raises:
        BadSetting: a variable of the hub has an impossible value.
    """
    source = parse_source(file.source)
    cache = hub_settings().cache if source.kind == "hf" else None
    return cache if cache is not None and has_any(source, file.sha256, cache) else None


def mirrored_sha256(source: ModelSource, store: ObjectStore) -> str | None:
    """The sha256 in the mirror's record of a file; None if there is no readable record."""
    with suppress(ObjectMissing, ValueError, KeyError, TypeError):
        return str(json.loads(store.read(record_path(Path(MODELS, source.key)).as_posix()))["sha256"])
    return None


def gather_vocoder(config: PinnedFile, weights: PinnedFile, cache: Path) -> Path:
    """A folder with ``config.yaml`` and ``pytorch_model.bin``, as upstream's loader requires.

    The files are copied into the cache unless they already are in one folder under these names.
    """
    required = {"config.yaml": config, "pytorch_model.bin": weights}
    if all(file.path == config.path.parent / name for name, file in required.items()):
        return config.path.parent
    folder = cache / MODELS / "vocoders" / hashlib.sha256((config.sha256 + weights.sha256).encode()).hexdigest()
    for name, file in required.items():
        if not (folder / name).is_file():
            with (
                translate_os_errors(folder / name),
                file.path.open("rb") as original,
                atomic_write(folder / name) as copy,
            ):
                shutil.copyfileobj(original, copy)
    return folder


def _local(model: str, key: str, file: SourceFile, path: Path | None, cache: Path) -> PinnedFile:
    """A file that this program does not own: used in place, verified only if the catalogue gives a sha256."""
    if path is None or not path.is_file():
        where = path or f"the package of {file.source}"
        raise BadWeights(model, f"the {key} {where} does not exist.", "Put it there, or correct the catalogue.")
    record = cache / MODELS / "local" / f"{hashlib.sha256(str(path).encode()).hexdigest()}.record.json"
    found = cached_sha256(path, record, pinned=False)
    if file.sha256 is not None and found != file.sha256:
        raise FileAltered(str(path), found, file.sha256)
    return PinnedFile(path, found)


def _obtain(
    source: ModelSource, sha256: str | None, size: int | None, store: ObjectStore | None, folder: Path
) -> tuple[Path, int]:
    """Fetch into ``folder``. Returns the path and the bytes that came over the network.

    ``size``: of the file in bytes, if it is known. A server may not send more.
    """
    if source.kind == "hf" and (path := take_from_cache(source, folder, sha256)) is not None:
        return path, 0
    if store is not None and store.stat(MODELS + source.key) is not None:
        return _from_store(store, MODELS + source.key, folder)
    if source.kind == "hf":
        return download_from_hub(source, folder, pinned=sha256 is not None, limit=size or LARGEST)
    if source.kind == "s3":
        return _from_store(open_store(f"s3://{source.place}"), source.path, folder)
    done = download(source.text, folder, pinned=sha256 is not None, limit=size or LARGEST)
    return done.path, done.bytes_received


def _from_store(store: ObjectStore, key: str, folder: Path) -> tuple[Path, int]:
    path = folder / "whole"
    return path, store.download(key, path).size
