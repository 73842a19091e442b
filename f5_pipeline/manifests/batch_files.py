"""The files of a batch: the manifest and its sidecar files of the same name. Found, read and submitted here.

    manifests/BATCH.csv | .xlsx | …       the manifest, in one of ``layout.MANIFEST_FORMATS``
    manifests/BATCH.toml                  batch settings, optional
    manifests/BATCH.pronunciations.csv    pronunciation dictionary, optional
    manifests/BATCH.decisions.csv         a listener's decisions on the lines, optional
    manifests/BATCH.jpg | .jpeg | .png    cover of an audiobook, optional
    manifests/BATCH.submitting            marker: a submission is replacing these files

The files lie in a store, or on this machine before they are submitted. ``manifest`` interprets their content.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from f5_pipeline.errors import BadManifest, BatchMissing, UnsafeName
from f5_pipeline.manifests.batch_settings import BatchSettings, read_batch_settings
from f5_pipeline.manifests.decisions import ListenerDecision, parse_decisions, read_decisions
from f5_pipeline.manifests.dictionary import parse_dictionary, read_dictionary
from f5_pipeline.manifests.manifest_rows import ManifestRows
from f5_pipeline.results.batches import known_batches
from f5_pipeline.settings.toml import parse_settings
from f5_pipeline.storage import layout
from f5_pipeline.storage.layout import (
    COVERS,
    DECISIONS,
    DICTIONARY,
    MANIFEST_FORMATS,
    dictionary_object,
    is_batch_name,
)
from f5_pipeline.storage.object_store import ObjectStore, check_slug
from f5_pipeline.text.pronunciation import Entry

_SUFFIX_ALIASES = {"xlsm": "xlsx", "ndjson": "jsonl", "pq": "parquet", "text": "txt", "markdown": "md"}
_PATTERN = re.compile(r"[*?\[]")  # none of these is in the name of a batch
_MAX_BYTES = 512 * 2**20
_SETTINGS, _PRONUNCIATIONS = "toml", f"{DICTIONARY[1:]}.csv"
_DECISIONS = f"{DECISIONS[1:]}.csv"
_SIDECARS = (_SETTINGS, _PRONUNCIATIONS, _DECISIONS, *COVERS)  # suffixes


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
    decisions: Mapping[str, ListenerDecision] = field(default_factory=dict)  # of a listener, by id

    @property
    def read_as(self) -> str:
        """The format in which the manifest is read: a text in Markdown is a Markdown document."""
        return "md" if self.format == "txt" and self.settings.markup == "markdown" else self.format


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


def find_manifests(store: ObjectStore, names: Sequence[str]) -> list[str]:
    """The batches of these names, in their order; ``*``, ``?`` and ``[…]`` in a name stand for any that matches.

    Raises:
        UnsafeName, BatchMissing, BadManifest: as ``find_manifest``. ``BatchMissing`` also if no batch matches.
    """
    found: dict[str, None] = {}
    for name in names:
        if _PATTERN.search(name):
            known = known_batches(store)
            if not (matching := [batch for batch in known if fnmatchcase(batch, name)]):
                raise BatchMissing(name, store.url, known, is_pattern=True)
            found |= dict.fromkeys(matching)
        else:
            find_manifest(store, name)
            found[name] = None
    return list(found)


def stored_files(store: ObjectStore, batch: str) -> BatchFiles:
    """Read the files of a batch in a store.

    Raises:
        BatchMissing, BadManifest: the batch has no manifest, or more than one.
        BadSetting, BadPronunciations, BadDecisions: a sidecar file is invalid.
    """
    key = find_manifest(store, batch)
    settings, pronunciations = read_batch_settings(store, batch), read_dictionary(store, dictionary_object(batch))
    decisions, format = read_decisions(store, batch), key.rpartition(".")[2]
    data, location = store.read(key), store.location(key)
    return BatchFiles(batch, data, format, location, settings, pronunciations, decisions=decisions)


def local_files(path: Path, batch: str | None = None) -> BatchFiles:
    """Read a manifest on this machine, with its sidecar files: ``tales.toml`` beside ``tales.csv``.

    Args:
        path: the manifest.
        batch: the name of the batch; default: derived from the file name.

    Raises:
        UnsafeName: ``batch`` is not a slug, or the file name yields none.
        BadManifest, BadSetting, BadPronunciations, BadDecisions: a file cannot be read.
    """
    if path.is_dir():
        raise BadManifest(str(path), "is a folder.", "Name a file of lines, such as a table or a text, one at a time.")
    batch = _batch_name(path, batch)
    suffix = path.suffix.lower().lstrip(".")
    format = _SUFFIX_ALIASES.get(suffix, suffix)
    if format not in MANIFEST_FORMATS:
        formats = ", ".join(MANIFEST_FORMATS)
        raise BadManifest(str(path), f"has the unsupported suffix {path.suffix!r}.", f"Supported formats: {formats}.")
    data, sidecars = _local_bytes(path), _local_sidecars(path)
    settings, pronunciations, decisions = map(sidecars.get, (_SETTINGS, _PRONUNCIATIONS, _DECISIONS))
    return BatchFiles(
        batch,
        data,
        format,
        str(path),
        BatchSettings() if settings is None else parse_settings(BatchSettings, settings, _sidecar(path, _SETTINGS)),
        [] if pronunciations is None else parse_dictionary(pronunciations, _sidecar(path, _PRONUNCIATIONS)),
        sidecars,
        {} if decisions is None else parse_decisions(decisions, _sidecar(path, _DECISIONS)),
    )


def submit_manifest(store: ObjectStore, path: Path, batch: str | None = None) -> str:
    """Copy a manifest and its sidecar files into the store; return the name of the batch.

    Replaces all earlier files of the batch, including a manifest in another format; decisions are kept, unless there
    are others beside the manifest. Validates every file before it writes the first; readers refuse the batch until the
    last is written.

    Raises:
        UnsafeName, BadManifest, BadSetting, BadPronunciations, BadDecisions: as ``local_files``.
    """
    files = local_files(path, batch)
    ManifestRows(files.data, files.read_as, files.location, files.settings)  # raises if they cannot be read
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
        elif suffix != _DECISIONS:  # a corrected manifest does not undo an afternoon of listening
            store.delete(layout.manifest_object(files.batch, suffix))
    store.write(layout.manifest_object(files.batch, files.format), files.data)
    for other in MANIFEST_FORMATS:
        if other != files.format:
            store.delete(layout.manifest_object(files.batch, other))
    store.delete(marker)


def update_files(store: ObjectStore, files: BatchFiles) -> bool:
    """Write those files of a batch that differ from the store's; returns False if none does.

    Unlike a submission it keeps the sidecar files that it has none for: they are a person's, the manifest a program's.

    Raises:
        BadManifest: the manifest cannot be read; the store stays as it is.
    """
    ManifestRows(files.data, files.read_as, files.location, files.settings)  # raises if it cannot be read
    sidecars = {layout.manifest_object(files.batch, suffix): data for suffix, data in files.sidecars.items()}
    wanted = {**sidecars, layout.manifest_object(files.batch, files.format): files.data}
    formats = (format for format in MANIFEST_FORMATS if format != files.format)
    others = store.stat_many(layout.manifest_object(files.batch, format) for format in formats)
    changed = {key: data for key, data in wanted.items() if not _has(store, key, data)}
    if not changed and not others:
        return False
    marker = layout.manifest_object(files.batch, layout.SUBMITTING)
    store.write(marker, b"The files of this batch are being written. If that was interrupted, do it again.\n")
    for key, data in changed.items():
        store.write(key, data)
    for key in others:
        store.delete(key)
    store.delete(marker)
    return True


def _has(store: ObjectStore, key: str, data: bytes) -> bool:
    info = store.stat(key)
    return info is not None and info.size == len(data) and store.read(key) == data


def batch_name(text: str) -> str:
    """The name of a batch made from any text, such as the name of a file: "Öl & Gas (2)" becomes "Ol-Gas-2".

    Raises:
        UnsafeName: it yields none.
    """
    name = check_slug("batch", _slug(text))
    if not is_batch_name(name):
        raise UnsafeName("batch", name)
    return name


def _batch_name(path: Path, given: str | None) -> str:
    if given is None and path.name.lower().endswith(f".{_PRONUNCIATIONS}"):
        manifest = f"{path.name[: -len(_PRONUNCIATIONS) - 1]}.*"
        raise BadManifest(str(path), "is a pronunciation dictionary.", f"Submit its manifest, {manifest}, instead.")
    if given is None and path.name.lower().endswith(f".{_DECISIONS}"):
        name = path.name[: -len(_DECISIONS) - 1]
        raise BadManifest(str(path), "has decisions, not lines.", f"Use: f5-pipeline decide {name} {path.name}")
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
        missing = isinstance(error, FileNotFoundError)
        fix = "Check its name and its folder." if missing else "Name a file that you have permission to read."
        raise BadManifest(str(path), f"cannot be read: {error.strerror or error}.", fix) from None


def _slug(stem: str) -> str:
    """A batch name from a file name: "Öl & Gas (2)" becomes "Ol-Gas-2"."""
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-.")[:100]
