"""The files that a batch is read from: its manifest, and what lies beside it under the same name.

    manifests/BATCH.csv | .jsonl | .parquet | .txt   the manifest
    manifests/BATCH.toml                             settings, optional
    manifests/BATCH.pronunciations.csv               a dictionary, optional
    manifests/BATCH.jpg | .jpeg | .png               the cover of an audiobook, optional
    manifests/BATCH.submitting                       these files are being replaced, and do not belong together yet

They are found in a store, or on this machine before they are submitted. What they say is ``manifest``'s business.
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

_SPELLINGS = {"tsv": "csv", "ndjson": "jsonl", "json": "jsonl", "pq": "parquet", "text": "txt"}  # on submission
_MAX_BYTES = 512 * 2**20
_SETTINGS, _WORDS = "toml", f"{DICTIONARY[1:]}.csv"
_BESIDE = (_SETTINGS, _WORDS, *COVERS)  # suffixes of what lies beside a manifest


@dataclass(frozen=True)
class BatchFiles:
    """A batch, read but not yet understood."""

    batch: str
    data: bytes  # the manifest
    format: str
    where: str  # the manifest's name in messages
    settings: BatchSettings
    words: Sequence[Entry]  # of its own dictionary
    beside: Mapping[str, bytes] = field(default_factory=dict)  # of a batch on this machine: files by their suffix


def find_manifest(store: ObjectStore, batch: str) -> str:
    """The key of a batch's manifest.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        BatchMissing: there is none; names the batches that there are.
        BadManifest: there are two.
    """
    check_slug("batch", batch)
    found = store.stat_many(layout.manifest_object(batch, format) for format in MANIFEST_FORMATS)
    if not found or not is_batch_name(batch):
        raise BatchMissing(batch, store.url, known_batches(store))
    if len(found) > 1:
        reason = f"is one of {len(found)} for the batch {batch!r}: {', '.join(sorted(found))}."
        raise BadManifest(store.location(min(found)), reason, "Delete all but one, or submit the right one again.")
    return next(iter(found))


def stored_files(store: ObjectStore, batch: str) -> BatchFiles:
    """The files of a batch of a store.

    Raises:
        BatchMissing, BadManifest: there is no manifest, or more than one.
        BadSetting, BadPronunciations: what lies beside it cannot be read.
    """
    key = find_manifest(store, batch)
    settings, words = read_batch_settings(store, batch), read_dictionary(store, dictionary_object(batch))
    return BatchFiles(batch, store.read(key), key.rpartition(".")[2], store.location(key), settings, words)


def local_files(path: Path, batch: str | None = None) -> BatchFiles:
    """The files of a batch on this machine, and beside ``tales.csv`` those that are to go with it.

    Args:
        path: the manifest.
        batch: its name; default: made of the file's name.

    Raises:
        UnsafeName: ``batch`` is not a slug, or none can be made of the file's name.
        BadManifest, BadSetting, BadPronunciations: a file cannot be read.
    """
    batch = _batch_name(path, batch)
    suffix = path.suffix.lower().lstrip(".")
    format = _SPELLINGS.get(suffix, suffix)
    if format not in MANIFEST_FORMATS:
        known = ", ".join(MANIFEST_FORMATS)
        raise BadManifest(str(path), f"is of an unknown kind {path.suffix!r}.", f"Known: {known}.")
    data, beside = _local_bytes(path), _beside(path)
    settings, words = beside.get(_SETTINGS), beside.get(_WORDS)
    return BatchFiles(
        batch,
        data,
        format,
        str(path),
        BatchSettings() if settings is None else parse_settings(BatchSettings, settings, _name(path, _SETTINGS)),
        [] if words is None else parse_dictionary(words, _name(path, _WORDS)),
        beside,
    )


def submit_manifest(store: ObjectStore, path: Path, batch: str | None = None) -> str:
    """Put a manifest into the store, with the settings, dictionary and cover beside it; return the batch's name.

    They replace all that the batch had, also in another format. Everything is checked before anything is written, and
    until all is written the batch cannot be read.

    Raises:
        (what ``local_files`` raises)
    """
    files = local_files(path, batch)
    for _row in read_rows(files.data, files.format, files.where):
        pass
    _replace(store, files)
    return files.batch


def _replace(store: ObjectStore, files: BatchFiles) -> None:
    """All files of a batch, or none that is used: while the marker is there, readers refuse the batch.

    Interrupted, the marker stays, and so does every file that was not yet replaced; submitting again completes it.
    """
    marker = layout.manifest_object(files.batch, layout.SUBMITTING)
    store.write(marker, b"Files of this batch are being replaced. If nobody does so any more, submit it again.\n")
    for suffix in _BESIDE:
        if suffix in files.beside:
            store.write(layout.manifest_object(files.batch, suffix), files.beside[suffix])
        else:
            store.delete(layout.manifest_object(files.batch, suffix))
    store.write(layout.manifest_object(files.batch, files.format), files.data)
    for other in MANIFEST_FORMATS:
        if other != files.format:
            store.delete(layout.manifest_object(files.batch, other))
    store.delete(marker)


def _batch_name(path: Path, given: str | None) -> str:
    if given is None and path.name.lower().endswith(f".{_WORDS}"):
        fix = f"Submit the manifest that it belongs to, {path.name[: -len(_WORDS) - 1]}.*, and it is taken along."
        raise BadManifest(str(path), "is a dictionary of pronunciations.", fix)
    name = check_slug("batch", _slug(path.stem) if given is None else given)
    if not is_batch_name(name):
        raise UnsafeName("batch", name)
    return name


def _name(manifest: Path, suffix: str) -> str:
    return str(manifest.with_name(f"{manifest.stem}.{suffix}"))


def _beside(manifest: Path) -> dict[str, bytes]:
    """What lies beside a manifest under its name, by suffix."""
    found = {suffix: Path(_name(manifest, suffix)) for suffix in _BESIDE}
    return {suffix: _local_bytes(path) for suffix, path in found.items() if path.is_file()}


def _local_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadManifest(str(path), f"is larger than {_MAX_BYTES >> 20} MiB.", "Split it into several batches.")
        return path.read_bytes()
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}."
        raise BadManifest(str(path), reason, "Name a file that exists and that you may read.") from None


def _slug(stem: str) -> str:
    """A batch name of a file's name: "Öl & Gas (2)" is "Ol-Gas-2"."""
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-.")[:100]
