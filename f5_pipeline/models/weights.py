"""The files of a model on this machine: found or fetched, verified by sha256, checked for consistency.

``files`` handles one file at a time; ``proof`` checks that the files belong together; the engine loads them. No torch
here.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from f5_pipeline.errors import DownloadFailed, LicenceForbids, WeightsUnavailable
from f5_pipeline.models.entry import Backbone
from f5_pipeline.models.files import bytes_to_fetch, fetch, find, gather_vocoder, mirrored_sha256, place
from f5_pipeline.models.proof import prove_checkpoint, prove_vocoder, read_vocabulary
from f5_pipeline.models.shapes import expected_shapes
from f5_pipeline.models.source import parse_source
from f5_pipeline.models.spec import ModelSpec, SourceFile
from f5_pipeline.models.word_timing import WordTiming, read_word_timing
from f5_pipeline.storage.disk_space import Need, check_disk_space
from f5_pipeline.storage.layout import MODELS
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.partial import atomic_write
from f5_pipeline.storage.pinned import PinnedFile, record_path

_PROOF_VERSION = b"2"  # bump when ``proof`` becomes stricter
_BYTES_PER_NUMBER = 4  # checkpoints are float32 at most
_TYPICAL_BYTES = {"vocabulary": 20_000, "vocoder_config": 2_000, "vocoder_weights": 55_000_000, "spacing": 200_000}
_TYPICAL_VOCABULARY = 2_600  # tokens


@dataclass(frozen=True)
class ModelFiles:
    """The verified files of a model, ready to be loaded."""

    checkpoint: Path
    vocabulary: Path
    vocoder: Path  # a folder with config.yaml and pytorch_model.bin
    fingerprint: str  # sha256 of everything that shapes the sound: files, backbone, architecture, tokenizer
    sha256: Mapping[str, str]  # by the files' keys in the catalogue
    seconds: float  # spent on finding, fetching and checking
    bytes_downloaded: int
    spacing: Path | None = None  # the table of word durations, for a model that needs padded text


@dataclass(frozen=True)
class ReadyModel:
    """A model whose files are on this machine."""

    spec: ModelSpec
    files: ModelFiles

    @cached_property
    def word_timing(self) -> WordTiming | None:
        """The model's word durations, if it needs padded text; else None.

        Raises:
            BadWeights: the file is not a valid table of word durations.
        """
        return None if self.files.spacing is None else read_word_timing(self.spec.name, self.files.spacing)


@dataclass(frozen=True)
class MirroredFile:
    """One file of a model in a store's mirror."""

    location: str
    size: int  # bytes
    uploaded: bool  # False: the mirror already had it


def ensure_weights(spec: ModelSpec, cache: Path, store: ObjectStore | None, *, commercial: bool = False) -> ModelFiles:
    """Fetch the missing files of ``spec`` and verify all of them.

    Looks in the local ``cache``, then in the mirror of ``store`` (``models/``), then at the source. Takes milliseconds
    if the files are present and were checked before.

    Raises:
        LicenceForbids: ``commercial`` is set, and the licence of the weights forbids commercial use.
        NotEnoughDisk: the missing files do not fit on the disk. Nothing was downloaded.
        WeightsUnavailable: a file is missing and cannot be fetched; the message says which, and where to put it.
        FileAltered: a file's sha256 differs from the catalogue's, or from the record of its first fetch.
        BadWeights: the files do not belong together, or the table of word durations is invalid.
        FileUnusable: the disk is full, or the cache cannot be written.
    """
    started = time.monotonic()
    check_licence(spec, commercial)
    check_disk_space([Need(f"weights of {spec.name}", cache, missing_bytes(spec, cache))], [cache])
    files = _fetch_all(spec, cache, store)
    hashes = {key: file.sha256 for key, file in files.items()}
    fingerprint = fingerprint_model(spec, hashes)
    _prove_once(spec, files, cache, fingerprint)
    return ModelFiles(
        checkpoint=files["checkpoint"].path,
        vocabulary=files["vocabulary"].path,
        vocoder=gather_vocoder(files["vocoder_config"], files["vocoder_weights"], cache),
        fingerprint=fingerprint,
        sha256=hashes,
        seconds=time.monotonic() - started,
        bytes_downloaded=sum(file.bytes_downloaded for file in files.values()),
        spacing=files["spacing"].path if "spacing" in files else None,
    )


def weights_here(spec: ModelSpec, cache: Path) -> ModelFiles | None:
    """The files of ``spec``, verified, if all of them are on this machine; else None. Downloads nothing.

    Raises:
        FileAltered, BadWeights: as ``ensure_weights``.
    """
    return None if _missing(spec, cache) else ensure_weights(spec, cache, None)


def check_licence(spec: ModelSpec, commercial: bool) -> None:
    """Check that the model's licence allows its intended use.

    Raises:
        LicenceForbids: ``commercial`` is set, and the licence forbids commercial use.
    """
    if commercial and not spec.commercial:
        raise LicenceForbids(spec.name, spec.licence)


def local_vocabulary(spec: ModelSpec, cache: Path | None = None) -> frozenset[str] | None:
    """The tokens of ``spec``'s vocabulary, if the file is on this machine; else None. Downloads nothing.

    Raises:
        BadWeights: the file is not a vocabulary.
    """
    path = find(spec.vocabulary, cache)
    return None if path is None else frozenset(read_vocabulary(spec.name, path))


def missing_bytes(spec: ModelSpec, cache: Path) -> int:
    """The bytes still to be downloaded; an upper estimate for files whose size the catalogue does not give.

    Raises:
        BadSetting: a variable of the hub has an impossible value.
    """
    return sum(bytes_to_fetch(file, _size(spec, key, file), cache) for key, file in _missing(spec, cache).items())


def mirror(spec: ModelSpec, cache: Path, store: ObjectStore) -> list[MirroredFile]:
    """Copy a model's downloaded files into the store's ``models/``, for machines that cannot reach the hub.

    Skips files that the mirror already has, packaged files, and the user's local files.

    Raises:
        StoreUnusable: the store cannot be written. Also raises the errors of ``ensure_weights``.
    """
    ensure_weights(spec, cache, store)
    sources = (parse_source(file.source) for file in spec.files.values())
    keys = {source.key: source for source in sources if source.remote}
    return [_mirror_one(cache / MODELS / key, MODELS + key, store, mirrored_sha256(keys[key], store)) for key in keys]


def fingerprint_model(spec: ModelSpec, hashes: Mapping[str, str]) -> str:
    """The sha256 of everything in a model that shapes its sound; ``arch`` with its defaults filled in."""
    arch = Backbone.model_validate(dict(spec.arch)).model_dump()
    parts = {"files": dict(hashes), "backbone": spec.backbone, "arch": arch, "tokenizer": spec.tokenizer}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _fetch_all(spec: ModelSpec, cache: Path, store: ObjectStore | None) -> dict[str, PinnedFile]:
    try:
        return {key: fetch(spec.name, key, file, cache, store) for key, file in spec.files.items()}
    except DownloadFailed as error:
        places = [str(place(parse_source(file.source), cache)) for file in _missing(spec, cache).values()]
        raise WeightsUnavailable(spec.name, places, str(error), transient=error.transient) from error


def _missing(spec: ModelSpec, cache: Path) -> dict[str, SourceFile]:
    return {key: file for key, file in spec.files.items() if parse_source(file.source).remote and not find(file, cache)}


def _size(spec: ModelSpec, key: str, file: SourceFile) -> int:
    if file.size is not None:
        return file.size
    if key != "checkpoint":
        return _TYPICAL_BYTES[key]
    shapes = expected_shapes(spec.arch, _TYPICAL_VOCABULARY)
    return _BYTES_PER_NUMBER * sum(math.prod(shape) for shape in shapes.values())


def _prove_once(spec: ModelSpec, files: Mapping[str, PinnedFile], cache: Path, fingerprint: str) -> None:
    """Check the files once for each machine and fingerprint. Embedded files are checked by this project's tests."""
    record = cache / MODELS / "proven" / fingerprint
    if all(map(_embedded, spec.files.values())) or (record.is_file() and record.read_bytes() == _PROOF_VERSION):
        return
    prove_checkpoint(spec, files["checkpoint"].path, files["vocabulary"].path)
    if "spacing" in files:
        read_word_timing(spec.name, files["spacing"].path)
    if not (_embedded(spec.vocoder_config) and _embedded(spec.vocoder_weights)):
        prove_vocoder(spec, files["vocoder_config"].path, files["vocoder_weights"].path)
    with suppress(OSError), atomic_write(record) as file:  # with a read-only cache the check is repeated each time
        file.write(_PROOF_VERSION)


def _embedded(file: SourceFile) -> bool:
    return file.sha256 is not None and file.source.startswith("package:f5_pipeline/")


def _mirror_one(path: Path, key: str, store: ObjectStore, mirrored: str | None) -> MirroredFile:
    """Upload one file and then its record, so that a file without a record is an unfinished upload.

    ``mirrored``: the sha256 of the file that the mirror already has.
    """
    record = record_path(path)
    sha256, size = json.loads(record.read_text())["sha256"], path.stat().st_size
    info = store.stat(key)
    present = info is not None and info.size == size and mirrored == sha256
    if not present:
        store.upload(path, key)
        store.write(record_path(Path(key)).as_posix(), json.dumps({"sha256": sha256}).encode())
    return MirroredFile(store.location(key), size, uploaded=not present)
