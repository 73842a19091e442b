"""The batches of a store, by the file names of its manifests. ``manifests`` reads their content."""

from __future__ import annotations

from f5_pipeline.storage.layout import MANIFEST_FORMATS, MANIFESTS, is_batch_name
from f5_pipeline.storage.object_store import ObjectStore


def known_batches(store: ObjectStore) -> list[str]:
    """The batches that have a manifest, sorted. Ignores other files and subfolders."""
    names = (info.key.removeprefix(MANIFESTS).rpartition(".") for info in store.list(MANIFESTS))
    return sorted({batch for batch, _, format in names if format in MANIFEST_FORMATS and is_batch_name(batch)})
