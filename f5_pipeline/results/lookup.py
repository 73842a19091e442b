"""Read-only look-ups of results. They need no lock, no model and no Dagster, and write nothing to the store.

``fetch_delivered`` writes only to the folder that the user names.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from f5_pipeline.errors import BatchMissing, NotSpokenYet, UtteranceMissing
from f5_pipeline.results.batches import known_batches
from f5_pipeline.results.index import MAPPED_FIELDS, IndexRow, read_index, user_columns
from f5_pipeline.results.manifest_files import manifest_files
from f5_pipeline.results.provenance import read_provenance
from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore, check_slug
from f5_pipeline.storage.parallel import in_parallel
from f5_pipeline.storage.utterance_ids import normalised_id

_COARSEST_TIME = 2.0  # seconds: FAT rounds modification times down to even ones


@dataclass(frozen=True)
class BatchResults:
    """The results of a batch, or of one of its utterances."""

    batch: str
    spoken: bool  # False if the batch has a manifest but no index yet
    rows: tuple[IndexRow, ...]
    names: Mapping[str, str]  # the user's own columns → their names in the index

    @property
    def counts(self) -> dict[str, int]:
        """The number of rows by status."""
        return dict(Counter(row.status for row in self.rows))

    @property
    def audio_seconds(self) -> float:
        return sum(row.audio_seconds or 0.0 for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """``{"batch": …, "utterances": [{column: value}]}``, with the columns of the index."""
        return {"batch": self.batch, "utterances": [flat_row(row, self.names) for row in self.rows]}


def flat_row(row: IndexRow, names: Mapping[str, str]) -> dict[str, Any]:
    """A row as a mapping from column to value, with the names and the order of the index."""
    flat = {name: value for name, value in vars(row).items() if name not in MAPPED_FIELDS}
    trailing = {name: flat.pop(name) for name in ("clip_bytes", "clip_etag", "cached")}
    return flat | dict(row.quality_columns) | trailing | {names[name]: value for name, value in row.columns.items()}


def batch_results(store: ObjectStore, batch: str, utterance: str | None = None) -> BatchResults:
    """The results of a batch, or of one utterance of it.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        BatchMissing: the store has neither an index nor a manifest of that name.
        UtteranceMissing: the batch has no utterance of that id.
        NotSpokenYet: ``utterance`` is given, but the batch has no index yet.
        IndexDamaged: the index cannot be read.
    """
    rows = read_index(store, check_slug("batch", batch))
    if rows is None:
        batches = known_batches(store)
        if batch not in batches:
            raise BatchMissing(batch, store.url, batches)
        if utterance is not None:
            raise NotSpokenYet(batch, "results")
        return BatchResults(batch, False, (), {})
    id = None if utterance is None else normalised_id(utterance)
    chosen = [row for row in rows if id is None or row.id in (id, utterance)]
    if utterance is not None and not chosen:
        raise UtteranceMissing(batch, utterance, [row.id for row in rows])
    return BatchResults(batch, True, tuple(chosen), user_columns(rows))


def manifest_has_changed(store: ObjectStore, batch: str) -> bool:
    """True if a batch's manifest or a sidecar file has changed since the batch was last spoken.

    False if the provenance is missing or the manifest was deleted.
    """
    provenance, files = read_provenance(store, batch), manifest_files(store, batch)
    if provenance is None or not files.manifests:
        return False
    return provenance.input_versions.get("manifest", files.version) != files.version


def share_clips(store: ObjectStore, results: BatchResults, seconds: int) -> dict[str, str]:
    """URLs of the clips by utterance id. They need no credentials and expire after ``seconds``."""
    return {row.id: store.share(row.clip, seconds) for row in results.rows if row.clip}


@dataclass(frozen=True)
class FetchReport:
    """The result of ``fetch_delivered``."""

    folder: Path
    copied: int  # files
    unchanged: int  # files that were up to date
    bytes_copied: int


def fetch_delivered(
    store: ObjectStore, batch: str, folder: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> FetchReport:
    """Copy the delivered files of a batch (audio, sections, subtitles, page, index) to a local folder.

    Skips a file whose copy has the same size and time. Each file is written atomically.

    Args:
        progress: called, in any thread, with the number of copied files, and of those to copy.

    Raises:
        BatchMissing: the store does not have the batch.
        NotSpokenYet: nothing is delivered yet.
        FileUnusable: the folder cannot be written.
    """
    prefix = layout.batch_folder(batch)
    delivered = [info for info in store.list(prefix) if not layout.is_internal(info.key)]
    if all(info.key in (layout.csv_object(batch), layout.parquet_object(batch)) for info in delivered):
        batch_results(store, batch)  # raises BatchMissing if there is no such batch
        raise NotSpokenYet(batch, "delivered files")
    stale = [info for info in delivered if not _is_up_to_date(folder / info.key.removeprefix(prefix), info)]
    numbers = count(1)

    def copy(info: ObjectInfo) -> int:
        size = _copy(store, info, folder / info.key.removeprefix(prefix))
        progress(next(numbers), len(stale))
        return size

    copied = in_parallel(copy, stale)
    return FetchReport(folder, len(stale), len(delivered) - len(stale), sum(copied))


def _is_up_to_date(path: Path, info: ObjectInfo) -> bool:
    """Compares size and modification time, like rsync. ``_copy`` sets the time to that of the listing."""
    if not path.is_file():
        return False
    status = path.stat()
    return status.st_size == info.size and abs(status.st_mtime - info.modified.timestamp()) < _COARSEST_TIME


def _copy(store: ObjectStore, info: ObjectInfo, path: Path) -> int:
    copied = store.download(info.key, path)
    # Not the time of the download's answer: a server may round it differently. If the object was replaced since it was
    # listed, the next fetch copies it again.
    with suppress(OSError):  # some file systems allow no changes of times: the next fetch copies the file again
        os.utime(path, (info.modified.timestamp(),) * 2)
    return copied.size
