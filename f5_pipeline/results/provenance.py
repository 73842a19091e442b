"""``batches/BATCH/provenance.json``: the input versions of a batch's last synthesis, and the delivered index.

The record names the version of the index that it describes. It may be deleted at any time: the next run finds all
clips, speaks nothing and writes the record again. ``manifests.staleness`` compares it with the current inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter

from f5_pipeline.storage.layout import parquet_object, provenance_object
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.records import read_record

Count = Annotated[int, Field(ge=0)]


class _Record(BaseModel):
    """The file. Increase ``format`` when the meaning of a record changes."""

    format: Literal[1] = 1
    made_of: dict[str, str]  # ``input_versions``
    failed: Count
    index: str
    delivered: str
    damaged: Count = 0


_SCHEMA = TypeAdapter(_Record)


@dataclass(frozen=True)
class Provenance:
    """The inputs and the results of a batch's last synthesis."""

    input_versions: Mapping[str, str]  # of the manifest, each voice, …; see ``manifests.inputs``
    failed: int  # number of failed lines
    index: str  # ETag of the index that the synthesis wrote
    delivered: str = ""  # ETag of the delivered index; "" if none
    damaged: int = 0  # number of clips that a verification found damaged or missing since


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


def record_damage(store: ObjectStore, batch: str, clips: int) -> None:
    """Record that clips of a batch are damaged or missing: it needs a run, which speaks them again."""
    if (provenance := read_provenance(store, batch)) is not None:
        _write(store, batch, replace(provenance, damaged=clips))


def read_provenance(store: ObjectStore, batch: str) -> Provenance | None:
    """The provenance of a batch; None if the record is missing, damaged or in another format."""
    record = read_record(store, provenance_object(batch), _SCHEMA)
    if record is None:
        return None
    return Provenance(record.made_of, record.failed, record.index, record.delivered, record.damaged)


def _write(store: ObjectStore, batch: str, provenance: Provenance) -> None:
    record = _Record(
        made_of=dict(provenance.input_versions),
        failed=provenance.failed,
        index=provenance.index,
        delivered=provenance.delivered,
        damaged=provenance.damaged,
    )
    store.write(provenance_object(batch), record.model_dump_json(indent=1).encode())
