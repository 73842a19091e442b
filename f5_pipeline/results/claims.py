"""Claims: the clip keys of a batch that is being spoken, so that nobody takes its clips for forgotten ones.

Until a batch's index is written, nothing names its new clips. A claim does, from before the first clip is stored
until the index is there; after a crash it stays, so that the next run finds what the last one made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from f5_pipeline.storage.object_store import ObjectStore, check_slug

_KEY_BYTES = 32


def claim_object(batch: str) -> str:
    return f"batches/{check_slug('batch', batch)}/claim.bin"


@contextmanager
def claim(store: ObjectStore, batch: str, keys: Iterable[str]) -> Iterator[None]:
    """Claim clips for a batch while the block speaks them and writes the index.

    Args:
        store: the store.
        batch: its name.
        keys: the clip keys that may be stored: of all attempts, not just of the first.

    Raises:
        ValueError: a key is not hexadecimal.
    """
    mine = store.write(claim_object(batch), b"".join(bytes.fromhex(key) for key in keys))
    yield
    # Not in a ``finally``: a batch that failed halfway keeps its claim, as one that was killed does.
    now = store.stat(claim_object(batch))
    if now is not None and now.etag == mine.etag:  # else another run of this batch has begun meanwhile
        store.delete(claim_object(batch))


def claimed_keys(data: bytes) -> set[bytes]:
    """The keys in a claim, as bytes."""
    return {data[start : start + _KEY_BYTES] for start in range(0, len(data), _KEY_BYTES)}
