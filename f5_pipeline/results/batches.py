"""Which batches a store has, by the names of its manifests alone. Reading a manifest is ``speech``'s business."""

from __future__ import annotations

from f5_pipeline.storage.object_store import ObjectStore, is_slug

MANIFESTS = "manifests/"
MANIFEST_FORMATS = ("csv", "jsonl", "parquet", "txt")
COVERS = ("jpg", "jpeg", "png")  # manifests/BATCH.jpg: the cover of an audiobook
DICTIONARY = ".pronunciations"  # manifests/BATCH.pronunciations.csv is no manifest
SUBMITTING = "submitting"  # manifests/BATCH.submitting is there while the files of BATCH are being replaced
STORE_DICTIONARY = "pronunciations.csv"


def known_batches(store: ObjectStore) -> list[str]:
    """The batches that have a manifest, sorted. Other files of the folder, and folders in it, are none."""
    names = (info.key.removeprefix(MANIFESTS).rpartition(".") for info in store.list(MANIFESTS))
    return sorted({batch for batch, _, format in names if format in MANIFEST_FORMATS and is_batch_name(batch)})


def is_batch_name(name: str) -> bool:
    """Whether a batch may be called like this: a slug that no dictionary's file is called like."""
    return is_slug(name) and not name.lower().endswith(DICTIONARY)
