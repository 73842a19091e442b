"""``batches/BATCH/delivery.json``: what was delivered, made of what, so that it need not be made again.

The ledger is a claim about the store, not the store: a file counts as delivered only if the store still has exactly
the object that the ledger names. A ledger that is lost or damaged costs a delivery, nothing else.
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

_FORMAT = 1  # raise it when older ledgers mean something else


@dataclass(frozen=True)
class Delivered:
    """One delivered file."""

    recipe: str  # fingerprint of all that it was made of; from ``recipe``
    size: int = 0  # bytes
    etag: str = ""  # of the object in the store; "": it is being written
    seconds: float = 0.0  # of audio
    cut_before: float = 0.0  # seconds of the clip's beginning that were cut off
    peaks: str = ""  # the waveform, for the listening page


def recipe(*ingredients: object) -> str:
    """A fingerprint of plain values: what a file is made of."""
    text = json.dumps(ingredients, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_delivery_record(store: ObjectStore, batch: str) -> dict[str, Delivered]:
    """What was delivered before, by object key."""
    try:
        content = json.loads(store.read(delivery_record_object(batch)))
        if content["format"] != _FORMAT:
            return {}
        return {str(key): _delivered(values) for key, values in content["files"].items()}
    except (ObjectMissing, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_delivery_record(store: ObjectStore, batch: str, files: Mapping[str, Delivered]) -> None:
    """Remember what is delivered now."""
    content = {"format": _FORMAT, "files": {key: _short(files[key]) for key in sorted(files)}}
    store.write(delivery_record_object(batch), json.dumps(content, separators=(",", ":")).encode())


def is_current(key: str, wanted: str, ledger: Mapping[str, Delivered], stored: Mapping[str, ObjectInfo]) -> bool:
    """Whether the store has the file that the recipe ``wanted`` makes."""
    known, found = ledger.get(key), stored.get(key)
    if known is None or found is None:
        return False
    return (known.recipe, known.size, known.etag) == (wanted, found.size, found.etag)


def _delivered(values: dict[str, Any]) -> Delivered:
    defaults = asdict(Delivered(""))
    if any(type(value) is not type(defaults[name]) for name, value in values.items()):
        raise ValueError("a value of another type")
    return Delivered(**values)


def _short(delivered: Delivered) -> dict[str, Any]:
    """Without what is as it is by default."""
    defaults = asdict(Delivered(""))
    return {name: value for name, value in asdict(delivered).items() if name == "recipe" or value != defaults[name]}
