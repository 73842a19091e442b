"""One file of a model: where it lies on this machine, what it hashes to, and how it gets here.

The cache and a store's mirror have the same layout, so that either can be filled by copying the other::

    models/hf/OWNER/REPO/REVISION/PATH                  the file: whole and verified, or not there
    models/hf/OWNER/REPO/REVISION/PATH.record.json      its sha256, and the size and time it was verified with

What a source's name looks like is in ``model_source``; what the files must hold is in ``model_proof``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import uuid
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from f5_pipeline.errors import BadWeights, WeightsUnavailable
from f5_pipeline.speech.catalogue import SourceFile
from f5_pipeline.speech.model_source import ModelSource, parse_source
from f5_pipeline.storage.object_store import ObjectStore


@dataclass(frozen=True)
class LocalFile:
    """A verified file."""

    path: Path
    sha256: str
    bytes_downloaded: int = 0


def find(file: SourceFile, cache: Path | None) -> Path | None:
    """The file's path on this machine, or None if it would have to be downloaded. Verifies nothing."""
    source = parse_source(file.source)
    path = _place(source, cache)
    return path if path is not None and path.is_file() else None


def fetch(model: str, key: str, file: SourceFile, cache: Path, store: ObjectStore | None) -> LocalFile:
    """Have one file here, verified. ``key`` is its name in the catalogue, for messages.

    Raises:
        BadWeights: it is not what its sha256, or the record of its first fetch, says.
        WeightsUnavailable: it is neither here nor to be had.
    """
    path = find(file, cache)
    if path is None:
        raise WeightsUnavailable(model, {file.source: str(_place(parse_source(file.source), cache))}, "not found")
    found = _hash_once(path, _record_path(file, path, cache))
    if file.sha256 is not None and found != file.sha256:
        reason = f"the {key} {path} hashes to {found[:12]}… and should to {file.sha256[:12]}…: it was altered."
        raise BadWeights(model, reason, "Delete it, so that it is fetched again.")
    return LocalFile(path, found)


def gather_vocoder(config: LocalFile, weights: LocalFile, cache: Path) -> Path:
    """A folder with ``config.yaml`` and ``pytorch_model.bin``, as upstream's loader wants them."""
    wanted = {"config.yaml": config, "pytorch_model.bin": weights}
    if all(file.path == config.path.parent / name for name, file in wanted.items()):
        return config.path.parent
    folder = cache / "models" / "vocoders" / hashlib.sha256((config.sha256 + weights.sha256).encode()).hexdigest()
    for name, file in wanted.items():
        if not (folder / name).is_file():
            _copy(file.path, folder / name)
    return folder


def _place(source: ModelSource, cache: Path | None) -> Path | None:
    """Where a source's file is or would be on this machine."""
    if source.kind == "package":
        spec = find_spec(source.place)  # does not import the package
        folders = list(spec.submodule_search_locations or ()) if spec else []
        return Path(folders[0], source.path) if folders else None
    if source.kind == "local":
        return Path(source.path)
    return cache / "models" / source.key if cache is not None else None


def _record_path(file: SourceFile, path: Path, cache: Path) -> Path:
    source = parse_source(file.source)
    if source.remote:
        return path.with_name(path.name + ".record.json")
    return cache / "models" / "local" / f"{hashlib.sha256(str(path).encode()).hexdigest()}.record.json"


def _hash_once(path: Path, record: Path) -> str:
    """The file's sha256, read from its record as long as size and time of the file are the recorded ones."""
    stat = path.stat()
    identity = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(record.read_text())
        if identity == {key: known[key] for key in identity}:
            return str(known["sha256"])
    found = sha256_of(path)
    _write(record, json.dumps({"sha256": found, **identity}).encode())
    return found


def sha256_of(path: Path) -> str:
    """The sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _write(path: Path, data: bytes) -> None:
    temporary = _temporary(path)
    temporary.write_bytes(data)
    temporary.replace(path)


def _copy(source: Path, path: Path) -> None:
    temporary = _temporary(path)
    shutil.copyfile(source, temporary)
    temporary.replace(path)


def _temporary(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{uuid.uuid4().hex}.tmp")
