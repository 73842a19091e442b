"""The files of a batch: the manifest and its sidecar files of the same name. Found, read and submitted here.

    manifests/BATCH.csv | .jsonl | .parquet | .txt   the manifest
    manifests/BATCH.toml                             batch settings, optional
    manifests/BATCH.pronunciations.csv               pronunciation dictionary, optional
    manifests/BATCH.jpg | .jpeg | .png               cover of an audiobook, optional
    manifests/BATCH.submitting                       marker: a submission is replacing these files

The files lie in a store, or on this machine before they are submitted. ``manifest`` interprets their content.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from f5_pipeline.errors import BadManifest, BatchMissing, UnsafeName
from f5_pipeline.manifests.batch_settings import BatchSettings, read_batch_settings
from f5_pipeline.manifests.dictionary import parse_dictionary, read_dictionary
from f5_pipeline.manifests.rows import read_rows
from f5_pipeline.results.batches import known_batches
from f5_pipeline.settings.toml import parse_settings
from f5_pipeline.storage import layout
from f5_pipeline.storage.layout import (
    COVERS,
    DICTIONARY,
    MANIFEST_FORMATS,
    dictionary_object,
    is_batch_name,
)
from f5_pipeline.storage.object_store import ObjectStore, check_slug
from f5_pipeline.text.pronunciation import Entry

_SUFFIX_ALIASES = {"tsv": "csv", "ndjson": "jsonl", "json": "jsonl", "pq": "parquet", "text": "txt"}  # on submission
_MAX_BYTES = 512 * 2**20
_SETTINGS, _PRONUNCIATIONS = "toml", f"{DICTIONARY[1:]}.csv"
_SIDECARS = (_SETTINGS, _PRONUNCIATIONS, *COVERS)  # suffixes


@dataclass(frozen=True)
class BatchFiles:
    """The files of a batch, read but not yet resolved."""

    batch: str
    data: bytes  # of the manifest
    format: str
    location: str  # names the manifest in messages
    settings: BatchSettings
    pronunciations: Sequence[Entry]  # of the batch's own dictionary
    sidecars: Mapping[str, bytes] = field(default_factory=dict)  # by suffix; only for a batch on this machine


def find_manifest(store: ObjectStore, batch: str) -> str:
    """The object key of a batch's manifest.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        BatchMissing: the batch has no manifest; the message names the batches of the store.
        BadManifest: the batch has more than one manifest.
    """
    check_slug("batch", batch)
    found = store.stat_many(layout.manifest_object(batch, format) for format in MANIFEST_FORMATS)
    if not found or not is_batch_name(batch):
        raise BatchMissing(batch, store.url, known_batches(store))
    if len(found) > 1:
        reason = f"is one of {len(found)} manifests of the batch {batch!r}: {', '.join(sorted(found))}."
        raise BadManifest(store.location(min(found)), reason, "Delete all but one, or submit the right one again.")
    return next(iter(found))


def stored_files(store: ObjectStore, batch: str) -> BatchFiles:
    """Read the files of a batch in a store.

    Raises:
        BatchMissing, BadManifest: the batch has no manifest, or more than one.
        BadSetting, BadPronunciations: a sidecar file is invalid.
    """
    key = find_manifest(store, batch)
    settings, pronunciations = read_batch_settings(store, batch), read_dictionary(store, dictionary_object(batch))
    return BatchFiles(batch, store.read(key), key.rpartition(".")[2], store.location(key), settings, pronunciations)


def local_files(path: Path, batch: str | None = None) -> BatchFiles:
    """Read a manifest on this machine, with its sidecar files: ``tales.toml`` beside ``tales.csv``.

    Args:
        path: the manifest.
        batch: the name of the batch; default: derived from the file name.

    Raises:
        UnsafeName: ``batch`` is not a slug, or the file name yields none.
        BadManifest, BadSetting, BadPronunciations: a file cannot be read.
    """
    batch = _batch_name(path, batch)
    suffix = path.suffix.lower().lstrip(".")
    format = _SUFFIX_ALIASES.get(suffix, suffix)
    if format not in MANIFEST_FORMATS:
        formats = ", ".join(MANIFEST_FORMATS)
        raise BadManifest(str(path), f"has the unsupported suffix {path.suffix!r}.", f"Supported formats: {formats}.")
    data, sidecars = _local_bytes(path), _local_sidecars(path)
    settings, pronunciations = sidecars.get(_SETTINGS), sidecars.get(_PRONUNCIATIONS)
    return BatchFiles(
        batch,
        data,
        format,
        str(path),
        BatchSettings() if settings is None else parse_settings(BatchSettings, settings, _sidecar(path, _SETTINGS)),
        [] if pronunciations is None else parse_dictionary(pronunciations, _sidecar(path, _PRONUNCIATIONS)),
        sidecars,
    )


def submit_manifest(store: ObjectStore, path: Path, batch: str | None = None) -> str:
    """Copy a manifest and its sidecar files into the store; return the name of the batch.

    Replaces all earlier files of the batch, including a manifest in another format. Validates every file before it
    writes the first; readers refuse the batch until the last is written.

    Raises:
        UnsafeName, BadManifest, BadSetting, BadPronunciations: as ``local_files``.
    """
    files = local_files(path, batch)
    for _row in read_rows(files.data, files.format, files.location):
        pass
    _replace(store, files)
    return files.batch


def _replace(store: ObjectStore, files: BatchFiles) -> None:
    """Replace the files of a batch; readers refuse the batch while the marker exists.

    After an interruption the marker stays, with a mix of old and new files. Submitting again completes the change.
    """
    marker = layout.manifest_object(files.batch, layout.SUBMITTING)
    store.write(marker, b"A submission is replacing the files of this batch. If it was interrupted, submit again.\n")
    for suffix in _SIDECARS:
        if suffix in files.sidecars:
            store.write(layout.manifest_object(files.batch, suffix), files.sidecars[suffix])
        else:
            store.delete(layout.manifest_object(files.batch, suffix))
    store.write(layout.manifest_object(files.batch, files.format), files.data)
    for other in MANIFEST_FORMATS:
        if other != files.format:
            store.delete(layout.manifest_object(files.batch, other))
    store.delete(marker)


def _batch_name(path: Path, given: str | None) -> str:
    if given is None and path.name.lower().endswith(f".{_PRONUNCIATIONS}"):
        manifest = f"{path.name[: -len(_PRONUNCIATIONS) - 1]}.*"
        raise BadManifest(str(path), "is a pronunciation dictionary.", f"Submit its manifest, {manifest}, instead.")
    name = check_slug("batch", _slug(path.stem) if given is None else given)
    if not is_batch_name(name):
        raise UnsafeName("batch", name)
    return name


def _sidecar(manifest: Path, suffix: str) -> str:
    return str(manifest.with_name(f"{manifest.stem}.{suffix}"))


def _local_sidecars(manifest: Path) -> dict[str, bytes]:
    paths = {suffix: Path(_sidecar(manifest, suffix)) for suffix in _SIDECARS}
    return {suffix: _local_bytes(path) for suffix, path in paths.items() if path.is_file()}


def _local_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadManifest(str(path), f"is larger than {_MAX_BYTES >> 20} MiB.", "Split it into several batches.")
        return path.read_bytes()
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}."
        raise BadManifest(str(path), reason, "Name an existing file that you have permission to read.") from None


def _slug(stem: str) -> str:
    """A batch name from a file name: "Öl & Gas (2)" becomes "Ol-Gas-2"."""
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-.")[:100]
