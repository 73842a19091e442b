"""Batches in the store: finding, submitting and reading manifests, and the utterances they resolve to.

Formats are in ``rows``, the meaning of a row in ``resolve``, the file of resolved utterances in ``utterance_file``.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from f5_pipeline.errors import BadManifest, BatchMissing, RowsRejected
from f5_pipeline.results.batches import MANIFEST_FORMATS, MANIFESTS, known_batches
from f5_pipeline.results.manifest_files import manifest_files
from f5_pipeline.settings import Settings
from f5_pipeline.speech.manifests.batch_settings import (
    BatchSettings,
    did_you_mean,
    parse_settings,
    read_batch_settings,
)
from f5_pipeline.speech.manifests.resolve import Resolver
from f5_pipeline.speech.manifests.rows import COLUMNS, read_rows
from f5_pipeline.speech.manifests.utterance_file import BatchContents, load_utterances, save_utterances
from f5_pipeline.speech.models.catalogue import ModelSpec
from f5_pipeline.speech.models.weights import local_vocabulary
from f5_pipeline.speech.sources import Sources
from f5_pipeline.speech.utterance import RejectedRow, Utterance
from f5_pipeline.speech.voices.listing import list_voices, read_voice_settings
from f5_pipeline.storage.object_store import ObjectStore, check_slug

__all__ = [
    "BatchContents",
    "find_manifest",
    "load_utterances",
    "read_utterances",
    "save_utterances",
    "submit_manifest",
]

_SPELLINGS = {"tsv": "csv", "ndjson": "jsonl", "json": "jsonl", "pq": "parquet", "text": "txt"}  # on submission
_PLACED_STEPS = {5, 6, 7, 10, 12, 16, 32}  # F5 has tables for these; 32 is its authors' own default
_MAX_BYTES = 512 * 2**20

Vocabularies = Callable[[ModelSpec], "frozenset[str] | None"]


def find_manifest(store: ObjectStore, batch: str) -> str:
    """The key of a batch's manifest.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        BatchMissing: there is none; names the batches that there are.
        BadManifest: there are two.
    """
    check_slug("batch", batch)
    found = store.stat_many(f"{MANIFESTS}{batch}.{format}" for format in MANIFEST_FORMATS)
    if not found:
        raise BatchMissing(batch, store.url, known_batches(store))
    if len(found) > 1:
        reason = f"is one of {len(found)} for the batch {batch!r}: {', '.join(sorted(found))}."
        raise BadManifest(store.location(min(found)), reason, "Delete all but one, or submit the right one again.")
    return next(iter(found))


def read_utterances(
    store: ObjectStore,
    batch: str,
    settings: Settings,
    catalogue: Mapping[str, ModelSpec],
    vocabulary_of: Vocabularies | None = None,
) -> BatchContents:
    """Read, resolve and check a batch. Nothing is downloaded but the manifest and small settings files.

    ``vocabulary_of`` gives a model's tokens, or None where they are not on this machine: then its characters are
    not checked, and a warning says so. Default: what is on this machine.

    Raises:
        BatchMissing, BadManifest, BadSetting: manifest or settings cannot be found or read.
        UnknownModel, LicenceForbids: the batch's model is not in the catalogue, or not for commercial use.
        RowsRejected: there are bad rows, and ``on_bad_rows = "fail"``.
    """
    files = manifest_files(store, batch)  # before anything is read: what changes meanwhile is noticed afterwards
    sources = Sources(list_voices(store), catalogue, settings.model)
    key = find_manifest(store, batch)
    batch_settings = read_batch_settings(store, batch)
    if settings.commercial:
        batch_settings = batch_settings.model_copy(update={"commercial": True})
    data = store.read(key)
    rows = partial(read_rows, data, key.rpartition(".")[2], store.location(key))
    resolver = Resolver(
        settings=batch_settings,
        default_model=settings.model,
        catalogue=catalogue,
        voices=sources.voices,
        voice_settings=partial(read_voice_settings, store),
        vocabulary_of=vocabulary_of or partial(local_vocabulary, cache=settings.cache),
        last_row=lambda: max(row.number for row in rows()),  # twice through the file rather than all of it in memory
    )
    utterances, rejected = _sorted_out(resolver.resolve(row) for row in rows())
    if rejected and batch_settings.on_bad_rows == "fail":
        raise RowsRejected(batch, [f"row {row.row}: {row.reason.rstrip('.')}" for row in rejected])
    warnings = (*_column_warnings(resolver.carried), *_model_warnings(resolver), *_step_warnings(utterances))
    made_of = sources.made_of(
        files,
        voices={*(utterance.voice for utterance in utterances), *(row.voice for row in rejected if row.voice)},
        models={utterance.model for utterance in utterances},
        uses_default_model=batch_settings.model is None,
    )
    return BatchContents(batch_settings, utterances, rejected, hashlib.sha256(data).hexdigest(), warnings, made_of)


def submit_manifest(store: ObjectStore, path: Path, batch: str | None = None) -> str:
    """Put a manifest, and the settings file beside it (``x.toml`` for ``x.csv``), into the store; return the batch.

    Both replace what the batch had, also in another format. Everything is checked before anything is written.

    Raises:
        UnsafeName: ``batch`` is not a slug, or none can be made of the file's name.
        BadManifest, BadSetting: a file cannot be read.
    """
    batch = check_slug("batch", _slug(path.stem) if batch is None else batch)
    suffix = path.suffix.lower().lstrip(".")
    format = _SPELLINGS.get(suffix, suffix)
    if format not in MANIFEST_FORMATS:
        known = ", ".join(MANIFEST_FORMATS)
        raise BadManifest(str(path), f"is of an unknown kind {path.suffix!r}.", f"Known: {known}.")
    data = _local_bytes(path)
    for _row in read_rows(data, format, str(path)):
        pass
    beside = path.with_suffix(".toml")
    settings = _local_bytes(beside) if beside.is_file() else None
    if settings is not None:
        parse_settings(BatchSettings, settings, str(beside))
    _replace(store, batch, format, data, settings)
    return batch


def _replace(store: ObjectStore, batch: str, format: str, data: bytes, settings: bytes | None) -> None:
    """Write the new files, then remove stale ones: interrupted, the batch is refused, not half old and half new."""
    if settings is None:
        store.delete(f"{MANIFESTS}{batch}.toml")
    else:
        store.write(f"{MANIFESTS}{batch}.toml", settings)
    store.write(f"{MANIFESTS}{batch}.{format}", data)
    for other in MANIFEST_FORMATS:
        if other != format:
            store.delete(f"{MANIFESTS}{batch}.{other}")


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


def _sorted_out(
    rows: Iterator[Utterance | RejectedRow],
) -> tuple[tuple[Utterance, ...], tuple[RejectedRow, ...]]:
    utterances: list[Utterance] = []
    rejected: list[RejectedRow] = []
    for row in rows:
        if isinstance(row, Utterance):
            utterances.append(row)
        else:
            rejected.append(row)
    return tuple(utterances), tuple(rejected)


def _column_warnings(columns: Iterable[str]) -> list[str]:
    """Columns that are carried through but look as if they were meant to do something."""
    settings_keys = BatchSettings.model_fields
    found = []
    for name in columns:
        if name in settings_keys:
            found.append(
                f"The column {name!r} is carried through; as a setting it belongs into the batch's .toml file."
            )
        elif hint := did_you_mean(name, list(COLUMNS)):
            found.append(f"The column {name!r} is carried through, and means nothing here.{hint}")
    return found


def _model_warnings(resolver: Resolver) -> list[str]:
    unchecked = [
        f"The vocabulary of the model {name!r} is not on this machine yet, so characters were not checked."
        for name in sorted(resolver.unchecked_models)
    ]
    return unchecked + [
        f"{rows} rows are in {language!r}, which the model {model!r} was not trained for."
        for (language, model), rows in sorted(resolver.foreign.items())
    ]


def _step_warnings(utterances: Iterable[Utterance]) -> list[str]:
    """Step counts without a table of well-placed steps: 20 even steps may sound worse than 16 placed ones."""
    steps = {utterance.sampling.nfe_step for utterance in utterances} - _PLACED_STEPS
    placed = ", ".join(map(str, sorted(_PLACED_STEPS - {32})))
    return [
        f"nfe_step = {count} spaces its steps evenly; {placed} are placed where they matter most, and 32 is the most "
        "that helps."
        for count in sorted(steps)
    ]
