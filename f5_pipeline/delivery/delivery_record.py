"""``batches/BATCH/delivery.json``: the delivered files with their fingerprints, so that unchanged files are kept.

The record alone proves nothing: a file is up to date only if the store still holds exactly the object that the record
names. A lost or damaged record costs one repeated delivery, nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from f5_pipeline.storage.layout import delivery_record_object
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore
from f5_pipeline.storage.records import read_record

_FINGERPRINT = "recipe"  # the name of ``fingerprint`` in the file


@dataclass(frozen=True)
class Delivered:
    """One delivered file."""

    fingerprint: str  # of everything the file depends on; from ``fingerprint_of``
    size: int = 0  # bytes
    etag: str = ""  # of the object in the store; "": the file is being written
    seconds: float = 0.0  # of audio
    cut_before: float = 0.0  # seconds trimmed from the beginning of the clip
    peaks: str = ""  # the waveform, for the listening page
    spectrogram: str = ""  # a PNG image as base64, for the listening page; "": none
    words: tuple[float | None, ...] = ()  # the start of each word in seconds; None: not known
    words_of: str = ""  # the text and the recogniser that ``words`` are from; "": not looked up yet


_DEFAULTS = vars(Delivered(""))

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _DeliveredRecord(BaseModel):
    """``Delivered`` in the file."""

    model_config = ConfigDict(extra="forbid")

    recipe: str
    size: Annotated[int, Field(ge=0)] = 0
    etag: str = ""
    seconds: Seconds = 0.0
    cut_before: Seconds = 0.0
    peaks: str = ""
    spectrogram: str = ""
    words: tuple[Seconds | None, ...] = ()
    words_of: str = ""


class _Record(BaseModel):
    """The file. Increase ``format`` when older records have another meaning."""

    format: Literal[1]
    files: dict[str, _DeliveredRecord]


_SCHEMA = TypeAdapter(_Record)


def fingerprint_of(*parts: object) -> str:
    """A fingerprint of plain values: everything a file depends on."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_delivery_record(store: ObjectStore, batch: str) -> dict[str, Delivered]:
    """The delivered files by object key; empty if there is no valid record."""
    record = read_record(store, delivery_record_object(batch), _SCHEMA)
    if record is None:
        return {}
    return {key: _delivered(each) for key, each in record.files.items()}


def write_delivery_record(store: ObjectStore, batch: str, files: Mapping[str, Delivered]) -> None:
    """Replace the record of a batch; ``files`` by object key."""
    content = {"format": 1, "files": {key: _to_json(files[key]) for key in sorted(files)}}
    store.write(delivery_record_object(batch), json.dumps(content, separators=(",", ":")).encode())


def is_current(key: str, fingerprint: str, record: Mapping[str, Delivered], stored: Mapping[str, ObjectInfo]) -> bool:
    """True if the store holds the file with this fingerprint."""
    recorded, found = record.get(key), stored.get(key)
    if recorded is None or found is None:
        return False
    return (recorded.fingerprint, recorded.size, recorded.etag) == (fingerprint, found.size, found.etag)


def _delivered(record: _DeliveredRecord) -> Delivered:
    values = dict(record)
    return Delivered(values.pop(_FINGERPRINT), **values)


def _to_json(delivered: Delivered) -> dict[str, Any]:
    """The fields that differ from their defaults."""
    changed = {name: value for name, value in vars(delivered).items() if value != _DEFAULTS[name]}
    return {_FINGERPRINT: changed.pop("fingerprint", ""), **changed}
