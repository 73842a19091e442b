"""A batch that is spoken without a model. Clip store, lease and index are used as in a real run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow, rows_by_key, write_index
from f5_pipeline.results.keys import ClipParts, clip_key, derive_seed
from f5_pipeline.results.leases import hold_lease
from f5_pipeline.storage.layout import clip_object, is_lease
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore


def parts_of(line: str) -> ClipParts:
    return ClipParts(line, "v" * 64, "m" * 64, {"nfe_step": 7}, "1")


def key_of(line: str) -> str:
    return clip_key(parts_of(line))


def speak(line: str) -> np.ndarray:
    """A tenth of a second of noise, the same for the same line; float32, shape [2400]."""
    generator = np.random.default_rng(derive_seed(parts_of(line)))
    return (0.1 * generator.standard_normal(2400)).astype(np.float32)


def run_batch(store: ObjectStore, batch: str, lines: Sequence[str], spoken: list[str] | None = None) -> None:
    """Speak the missing clips and write the index; spoken lines are appended to ``spoken``."""
    clips, keys = ClipStore(store), [key_of(line) for line in lines]
    with hold_lease(store, batch, keys):
        indexed = rows_by_key(store, batch)
        sizes = {key: row.clip_bytes for key, row in indexed.items() if row.clip_bytes is not None}
        existing = clips.existing(keys, sizes)
        rows = []
        for number, (line, key) in enumerate(zip(lines, keys, strict=True)):
            if key in existing:
                size = existing[key].size
            else:
                size = clips.save(key, speak(line), {"line": line}).size
                if spoken is not None:
                    spoken.append(line)
            seed = derive_seed(parts_of(line))
            rows.append(IndexRow(str(number), line, line, key=key, clip=clip_object(key), seed=seed, clip_bytes=size))
        write_index(store, batch, rows)


def outcome(store: ObjectStore) -> dict[str, bytes]:
    """All objects of a store except leases, because crashed runs leave some."""
    return {info.key: store.read(info.key) for info in store.list() if not is_lease(info.key)}


def contents(store: LocalStore) -> dict[str, bytes]:
    """All objects of a store."""
    return {info.key: Path(store.location(info.key)).read_bytes() for info in store.list()}
