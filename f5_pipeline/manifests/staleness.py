"""Batches that need a run, and the reason: the input versions of the last run against the current ones.

Cheap: a few listings and one small file per batch, read in slices, so that a caller can stop early. Reads no manifest
and no model, and speaks nothing. The automation policies in ``defs.automation`` decide how often to check, and how many
batches to run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from f5_pipeline.manifests.inputs import CurrentInputs, read_inputs
from f5_pipeline.results.manifest_files import ManifestFiles, list_manifests
from f5_pipeline.results.provenance import Provenance, read_provenance
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import parquet_object
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.parallel import in_parallel

NOT_SPOKEN = "not spoken yet"  # the reason of a batch without results
_SHOWN_INPUTS = 5  # in a reason
_SLICE = 200  # batches that are read together


@dataclass(frozen=True)
class BatchState:
    """The state of a batch: up to date, stale, or being submitted."""

    batch: str
    reason: str  # why it needs a run, in a few words; "" if it is up to date or being submitted
    waiting_since: datetime  # last change of its manifest files
    inputs_digest: str  # of all possible inputs: while it is unchanged, a failed run would fail again
    being_submitted: bool = False  # its files are being replaced, or a submission was interrupted: a run would fail
    manifest_bytes: int = 0

    @property
    def sort_key(self) -> str:
        """Orders batches as ``iter_batch_states`` does."""
        return _sort_key(self.waiting_since, self.batch)


def batch_states(
    store: ObjectStore, settings: Settings, manifests: Mapping[str, ManifestFiles] | None = None
) -> list[BatchState]:
    """The state of every batch that has a manifest, or of the given ones, longest waiting first.

    Raises:
        BadSetting: the user's catalogue cannot be read.
        StoreUnusable: the store cannot be listed or read.
    """
    return list(iter_batch_states(store, settings, manifests))


def iter_batch_states(
    store: ObjectStore, settings: Settings, manifests: Mapping[str, ManifestFiles] | None = None, after: str = ""
) -> Iterator[BatchState]:
    """The states of ``batch_states``, read lazily.

    Args:
        after: the ``sort_key`` at which an earlier iteration stopped. Later batches come first, then the others.
    """
    found = (list_manifests(store) if manifests is None else manifests).values()
    ordered = sorted(
        found, key=lambda files: (_sort_key(files.changed, files.batch) <= after, files.changed, files.batch)
    )
    if not ordered:
        return
    inputs = read_inputs(store, settings)
    for start in range(0, len(ordered), _SLICE):
        yield from _states(store, ordered[start : start + _SLICE], inputs)


def _states(store: ObjectStore, batches: Sequence[ManifestFiles], inputs: CurrentInputs) -> Iterator[BatchState]:
    records = in_parallel(lambda files: read_provenance(store, files.batch), batches)
    indexes = store.stat_many(parquet_object(files.batch) for files in batches)
    for files, provenance in zip(batches, records, strict=True):
        index = indexes.get(parquet_object(files.batch))
        reason = "" if files.being_submitted else _reason(files, provenance, index.etag if index else "", inputs)
        size = sum(manifest.size for manifest in files.manifests)
        yield BatchState(files.batch, reason, files.changed, inputs.digest(files), files.being_submitted, size)


def _sort_key(changed: datetime, batch: str) -> str:
    return f"{changed.timestamp():020.6f} {batch}"


def _reason(files: ManifestFiles, provenance: Provenance | None, index: str, inputs: CurrentInputs) -> str:
    if provenance is None:
        return NOT_SPOKEN
    versions = provenance.input_versions.items()
    changed = [name for name, version in versions if version != inputs.version(name, files)]
    if changed:
        return f"changed since: {', '.join(changed[:_SHOWN_INPUTS])}{', …' if len(changed) > _SHOWN_INPUTS else ''}"
    if provenance.index != index:
        return "its index was replaced or deleted"
    if provenance.delivered != index:
        return "not delivered yet"
    if provenance.damaged:
        return f"{provenance.damaged} damaged clip{'s' * (provenance.damaged != 1)}"
    return f"{provenance.failed} failed line{'s' * (provenance.failed != 1)}" if provenance.failed else ""
