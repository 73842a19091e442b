"""Neural measures of clips that depend on nothing else, stored beside the clip. They may be deleted at any time.

    clips/KK/KEY.NETWORKS.json

Garbage collection deletes a record with its clip. ``synthesis.neural_checks`` makes the records,
``quality.neural.check`` compares them with voices.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field, TypeAdapter

from f5_pipeline.storage.layout import neural_object
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.records import read_record

_SIZE = 256  # of an embedding
_LEVELS = 255  # an embedding is stored as bytes: its cosine with another one changes by less than 0.0001


class _Record(BaseModel):
    """The file. Increase ``format`` when its meaning changes."""

    format: Literal[1]
    windows: list[Annotated[str, Field(pattern=r"^[0-9A-Za-z+/]{342}==$")]]  # base64 of 256 bytes each
    mos: Annotated[float, Field(allow_inf_nan=False)]


_SCHEMA = TypeAdapter(_Record)


@dataclass(frozen=True, eq=False)
class NeuralRecord:
    """What the networks say about one clip."""

    windows: npt.NDArray[np.float32]  # speaker embeddings of its windows, unit vectors ≥ 0, shape [windows, 256]
    mos: float  # predicted mean opinion score, 1 to 5


def load_neural_record(store: ObjectStore, key: str, networks: str) -> NeuralRecord | None:
    """The record of a clip; None if it is missing, damaged or in another format."""
    record = read_record(store, neural_object(key, networks), _SCHEMA)
    if record is None or not record.windows:
        return None
    levels = np.frombuffer(b"".join(map(b64decode, record.windows)), np.uint8).reshape(-1, _SIZE).astype(np.float32)
    return NeuralRecord(levels / np.maximum(np.linalg.norm(levels, axis=1, keepdims=True), 1), record.mos)


def save_neural_record(store: ObjectStore, key: str, networks: str, record: NeuralRecord) -> None:
    """Store the record of a clip, replacing an earlier one."""
    largest = np.maximum(record.windows.max(axis=1, keepdims=True), 1e-9)
    levels = np.rint(record.windows / largest * _LEVELS).astype(np.uint8)
    windows = [b64encode(window.tobytes()).decode() for window in levels]
    content = {"format": 1, "windows": windows, "mos": round(record.mos, 3)}
    store.write(neural_object(key, networks), json.dumps(content, separators=(",", ":")).encode())
