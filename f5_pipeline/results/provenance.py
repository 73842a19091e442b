"""``batches/BATCH/provenance.json``: the input versions of a batch's last synthesis, and the delivered index.

The record names the version of the index that it describes. It may be deleted at any time: the next run finds all
clips, speaks nothing and writes the record again. ``manifests.staleness`` compares it with the current inputs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from f5_pipeline.errors import ObjectMissing
from f5_pipeline.storage.layout import parquet_object, provenance_object
from f5_pipeline.storage.object_store import ObjectStore

_FORMAT = 1  # increase when the meaning of a record changes


@dataclass(frozen=True)
class Provenance:
    """The inputs and the results of a batch's last synthesis."""

    input_versions: Mapping[str, str]  # of the manifest, each voice, …; see ``manifests.inputs``
    failed: int  # number of failed lines
    index: str  # ETag of the index that the synthesis wrote
    delivered: str = ""  # ETag of the delivered index; "" if none


def index_version(store: ObjectStore, batch: str) -> str:
    """The ETag of a batch's current index; "" if there is none."""
    info = store.stat(parquet_object(batch))
    return "" if info is None else info.etag


def record_spoken(store: ObjectStore, batch: str, input_versions: Mapping[str, str], failed: int) -> None:
    """Record the input versions of the index that was just written."""
    _write(store, batch, Provenance(input_versions, failed, index_version(store, batch)))


def record_delivered(store: ObjectStore, batch: str, index: str) -> None:
    """Record that this version of the index is delivered."""
    if (provenance := read_provenance(store, batch)) is not None and provenance.delivered != index:
        _write(store, batch, replace(provenance, delivered=index))


def read_provenance(store: ObjectStore, batch: str) -> Provenance | None:
    """The provenance of a batch; None if the record is missing, damaged or in another format."""
    try:
        content = json.loads(store.read(provenance_object(batch)))
        if content["format"] != _FORMAT:
            return None
        input_versions = {str(name): str(version) for name, version in content["made_of"].items()}
        return Provenance(input_versions, int(content["failed"]), str(content["index"]), str(content["delivered"]))
    except (ObjectMissing, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(store: ObjectStore, batch: str, provenance: Provenance) -> None:
    content = {
        "format": _FORMAT,
        "made_of": dict(provenance.input_versions),
        "failed": provenance.failed,
        "index": provenance.index,
        "delivered": provenance.delivered,
    }
    store.write(provenance_object(batch), json.dumps(content, indent=1).encode())
