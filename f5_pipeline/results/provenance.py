"""``batches/BATCH/provenance.json``: what a batch was made of when it was last spoken, and whether that was delivered.

A claim about the index, not the index: it names the version that it speaks of. It may be deleted at any time; that
costs a run, which finds its clips and speaks nothing. What follows from a difference is ``speech.upkeep``'s business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from f5_pipeline.errors import ObjectMissing
from f5_pipeline.storage.layout import parquet_object, provenance_object
from f5_pipeline.storage.object_store import ObjectStore

_FORMAT = 1  # raise it when older records mean something else


@dataclass(frozen=True)
class Provenance:
    """What a batch was made of."""

    input_versions: Mapping[str, str]  # the version of its manifest, of each voice, …; see ``speech.sources``
    failed: int  # lines that could not be spoken
    index: str  # version of the index that was written then
    delivered: str = ""  # version of the index that was delivered


def index_version(store: ObjectStore, batch: str) -> str:
    """The version of a batch's index that is there now; "" if there is none."""
    info = store.stat(parquet_object(batch))
    return "" if info is None else info.etag


def record_spoken(store: ObjectStore, batch: str, input_versions: Mapping[str, str], failed: int) -> None:
    """Remember what the index that was just written was made of."""
    _write(store, batch, Provenance(input_versions, failed, index_version(store, batch)))


def record_delivered(store: ObjectStore, batch: str, index: str) -> None:
    """Remember that this version of the index was delivered."""
    if (known := read_provenance(store, batch)) is not None and known.delivered != index:
        _write(store, batch, replace(known, delivered=index))


def read_provenance(store: ObjectStore, batch: str) -> Provenance | None:
    """What a batch was made of; None: it was never spoken, or nobody remembers."""
    try:
        content = json.loads(store.read(provenance_object(batch)))
        if content["format"] != _FORMAT:
            return None
        input_versions = {str(part): str(version) for part, version in content["made_of"].items()}
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
