"""``batches/BATCH/delivery.json``: the delivered files with their fingerprints, so that unchanged files are kept.

The record alone proves nothing: a file is up to date only if the store still holds exactly the object that the record
names. A lost or damaged record costs one repeated delivery, nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from f5_pipeline.errors import ObjectMissing
from f5_pipeline.storage.layout import delivery_record_object
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore

_FORMAT = 1  # raise it when older records have another meaning
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


def fingerprint_of(*parts: object) -> str:
    """A fingerprint of plain values: everything a file depends on."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_delivery_record(store: ObjectStore, batch: str) -> dict[str, Delivered]:
    """The delivered files by object key; empty if there is no valid record."""
    try:
        content = json.loads(store.read(delivery_record_object(batch)))
        if content["format"] != _FORMAT:
            return {}
        return {str(key): _from_json(values) for key, values in content["files"].items()}
    except (ObjectMissing, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_delivery_record(store: ObjectStore, batch: str, files: Mapping[str, Delivered]) -> None:
    """Replace the record of a batch; ``files`` by object key."""
    content = {"format": _FORMAT, "files": {key: _to_json(files[key]) for key in sorted(files)}}
    store.write(delivery_record_object(batch), json.dumps(content, separators=(",", ":")).encode())


def is_current(key: str, fingerprint: str, record: Mapping[str, Delivered], stored: Mapping[str, ObjectInfo]) -> bool:
    """True if the store holds the file with this fingerprint."""
    recorded, found = record.get(key), stored.get(key)
    if recorded is None or found is None:
        return False
    return (recorded.fingerprint, recorded.size, recorded.etag) == (fingerprint, found.size, found.etag)


def _from_json(values: dict[str, Any]) -> Delivered:
    fields = {"fingerprint" if name == _FINGERPRINT else name: value for name, value in values.items()}
    defaults = asdict(Delivered(""))
    if any(type(value) is not type(defaults[name]) for name, value in fields.items()):
        raise ValueError("a value of another type")
    return Delivered(**fields)


def _to_json(delivered: Delivered) -> dict[str, Any]:
    """The fields that differ from their defaults."""
    values, defaults = asdict(delivered), asdict(Delivered(""))
    changed = {name: value for name, value in values.items() if value != defaults[name]}
    return {_FINGERPRINT: changed.pop("fingerprint", ""), **changed}
