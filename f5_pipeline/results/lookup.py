"""Questions about results. They only read: no write to the store, no lock, no model, and no Dagster.

``fetch_delivered`` writes to the folder that the user names, and nowhere else.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
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

#: What the steps of a batch keep for each other in its folder: of no use to whom it is delivered.


@dataclass(frozen=True)
class BatchResults:
    """What is known of a batch, or of one of its utterances."""

    batch: str
    spoken: bool  # False: it has a manifest, but was not run yet
    rows: tuple[IndexRow, ...]
    names: Mapping[str, str]  # the user's own columns: how the index calls them

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have each status."""
        return dict(Counter(row.status for row in self.rows))

    @property
    def audio_seconds(self) -> float:
        return sum(row.audio_seconds or 0.0 for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """``{"batch": …, "utterances": [{column: value}]}``, with the columns of the index."""
        return {"batch": self.batch, "utterances": [flat_row(row, self.names) for row in self.rows]}


def flat_row(row: IndexRow, names: Mapping[str, str]) -> dict[str, Any]:
    """A row as one mapping from column to value, with the names and in the order of the index."""
    flat = {name: value for name, value in vars(row).items() if name not in MAPPED_FIELDS}
    trailing = {name: flat.pop(name) for name in ("clip_bytes", "cached")}
    return flat | dict(row.quality_columns) | trailing | {names[name]: value for name, value in row.columns.items()}


def batch_results(store: ObjectStore, batch: str, utterance: str | None = None) -> BatchResults:
    """The results of a batch, or of one utterance of it.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        BatchMissing: the store has neither an index nor a manifest of that name.
        UtteranceMissing: the batch has no such id.
        IndexDamaged: the index cannot be read.
    """
    rows = read_index(store, check_slug("batch", batch))
    if rows is None:
        known = known_batches(store)
        if batch not in known:
            raise BatchMissing(batch, store.url, known)
        if utterance is not None:
            raise NotSpokenYet(batch, "results")
        return BatchResults(batch, False, (), {})
    chosen = [row for row in rows if utterance is None or row.id == utterance]
    if utterance is not None and not chosen:
        raise UtteranceMissing(batch, utterance, [row.id for row in rows])
    return BatchResults(batch, True, tuple(chosen), user_columns(rows))


def manifest_has_changed(store: ObjectStore, batch: str) -> bool:
    """Whether a batch's manifest, or a file beside it, is another than when the batch was spoken last.

    False also if nobody knows, or there is no manifest any more.
    """
    known, there = read_provenance(store, batch), manifest_files(store, batch)
    if known is None or not there.manifests:
        return False
    return known.input_versions.get("manifest", there.version) != there.version


def share_clips(store: ObjectStore, results: BatchResults, seconds: int) -> dict[str, str]:
    """For each utterance that has a clip, by id: a URL that opens it without credentials for so many seconds."""
    return {row.id: store.share(row.clip, seconds) for row in results.rows if row.clip}


@dataclass(frozen=True)
class FetchReport:
    """What ``fetch_delivered`` did."""

    folder: Path
    copied: int  # files
    unchanged: int  # files that were there already
    bytes_copied: int


def fetch_delivered(store: ObjectStore, batch: str, folder: Path) -> FetchReport:
    """Copy what was delivered for a batch (audio, sections, subtitles, page, index) to a folder of this machine.

    A file that is there with the right length and time is not copied again. Files appear whole or not at all.

    Raises:
        BatchMissing: the store does not know the batch.
        NotSpokenYet: nothing was delivered yet.
        FileUnusable: the folder cannot be written.
    """
    prefix = layout.batch_folder(batch)
    wanted = [info for info in store.list(prefix) if not layout.is_internal(info.key)]
    if all(info.key in (layout.csv_object(batch), layout.parquet_object(batch)) for info in wanted):
        batch_results(store, batch)  # says so if there is no such batch
        raise NotSpokenYet(batch, "delivered files")
    stale = [info for info in wanted if not _is_same(folder / info.key.removeprefix(prefix), info)]
    copied = in_parallel(lambda info: _copy(store, info, folder / info.key.removeprefix(prefix)), stale)
    return FetchReport(folder, len(stale), len(wanted) - len(stale), sum(copied))


def _is_same(path: Path, info: ObjectInfo) -> bool:
    """Like rsync: the same length, and the store's time, which ``_copy`` puts on every file."""
    if not path.is_file():
        return False
    status = path.stat()
    return status.st_size == info.size and int(status.st_mtime) == int(info.modified.timestamp())


def _copy(store: ObjectStore, info: ObjectInfo, path: Path) -> int:
    copied = store.download(info.key, path)
    os.utime(path, (copied.modified.timestamp(),) * 2)
    return copied.size
