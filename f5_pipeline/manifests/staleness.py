"""Which batches should be run, and why: what each was made of when it was spoken, against what there is now.

Cheap: a few listings, and one small file for each batch, a slice of them at a time, so that who has seen enough stops.
No manifest is read, no model is looked at, nothing is spoken. Who asks, how often, and for how many at once is an
automation policy's business (``defs``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from f5_pipeline.manifests.inputs import Inputs, read_inputs
from f5_pipeline.results.manifest_files import ManifestFiles, list_manifests
from f5_pipeline.results.provenance import Provenance, read_provenance
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import parquet_object
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.parallel import in_parallel

_NAMED = 5  # parts that changed, in a reason
_SLICE = 200  # batches that are looked at together


@dataclass(frozen=True)
class BatchState:
    """Whether a batch should be run."""

    batch: str
    reason: str  # why it should, in a few words; "": it is finished and up to date, or being submitted
    waiting_since: datetime  # when its manifest was last written
    inputs: str  # of all that a run may depend on: while it stays the same, what failed will fail again
    being_submitted: bool = False  # or half submitted: a run could only fail, until that is completed

    @property
    def place(self) -> str:
        """Where it stands among all batches: texts in the order of ``look_at_batches``."""
        return _place(self.waiting_since, self.batch)


def batch_states(
    store: ObjectStore, settings: Settings, manifests: Mapping[str, ManifestFiles] | None = None
) -> list[BatchState]:
    """The state of every batch that has a manifest (or of those given), the one that waits longest first.

    Raises:
        BadSetting: the user's catalogue cannot be read.
        StoreUnusable: the store cannot be listed or read.
    """
    return list(look_at_batches(store, settings, manifests))


def look_at_batches(
    store: ObjectStore, settings: Settings, manifests: Mapping[str, ManifestFiles] | None = None, after: str = ""
) -> Iterator[BatchState]:
    """As ``batch_states``, but looked at only as far as somebody asks.

    Args:
        after: the place of the batch at which an earlier look stopped. The ones behind it come first.
    """
    found = (list_manifests(store) if manifests is None else manifests).values()
    wanted = sorted(found, key=lambda files: (_place(files.changed, files.batch) <= after, files.changed, files.batch))
    if not wanted:
        return
    sources = read_inputs(store, settings)
    for start in range(0, len(wanted), _SLICE):
        yield from _states(store, wanted[start : start + _SLICE], sources)


def _states(store: ObjectStore, wanted: Sequence[ManifestFiles], sources: Inputs) -> Iterator[BatchState]:
    records = in_parallel(lambda files: read_provenance(store, files.batch), wanted)
    indexes = store.stat_many(parquet_object(files.batch) for files in wanted)
    for files, known in zip(wanted, records, strict=True):
        index = indexes.get(parquet_object(files.batch))
        reason = "" if files.being_submitted else _reason(files, known, index.etag if index else "", sources)
        yield BatchState(files.batch, reason, files.changed, sources.inputs(files), files.being_submitted)


def _place(changed: datetime, batch: str) -> str:
    return f"{changed.timestamp():020.6f} {batch}"


def _reason(files: ManifestFiles, known: Provenance | None, index: str, sources: Inputs) -> str:
    if known is None:
        return "not spoken yet"
    changed = [part for part, version in known.input_versions.items() if version != sources.version(part, files)]
    if changed:
        return f"changed since: {', '.join(changed[:_NAMED])}{', …' if len(changed) > _NAMED else ''}"
    if known.index != index:
        return "its index is not the one that was written"
    if known.delivered != index:
        return "not delivered yet"
    return f"{known.failed} failed line{'s' * (known.failed != 1)}" if known.failed else ""
