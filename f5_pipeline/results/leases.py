"""Claims: the clip keys of a batch that is being spoken, so that nobody takes its clips for forgotten ones.

Until a batch's index is written, nothing names its new clips. A claim does, from before the first clip is stored
until the index is there. Each run of a batch has its own, so that two at once do not take each other's away; what a
run that crashed has claimed stays claimed, so that the next one finds it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from itertools import islice

from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore, check_slug

_KEY_BYTES = 32
_CLAIM = re.compile(r"batches/[^/]+/claim(-[0-9a-f]{16})?\.bin")  # those without a number are of older versions
_LONGEST_RUN = timedelta(days=7)


def is_claim(key: str) -> bool:
    """Whether an object is somebody's claim."""
    return _CLAIM.fullmatch(key) is not None


@contextmanager
def claim(store: ObjectStore, batch: str, keys: Iterable[str]) -> Iterator[str]:
    """Claim clips for a batch while the block speaks them and writes the index. Gives the object that says so.

    Args:
        store: the store.
        batch: its name.
        keys: the clip keys that may be stored: of all attempts, not just of the first.

    Raises:
        ValueError: a key is not hexadecimal.
    """
    mine = f"batches/{check_slug('batch', batch)}/claim-{secrets.token_hex(8)}.bin"
    left = iter(keys)
    some = iter(lambda: "".join(islice(left, 1000)), "")  # a thousand at a time: there may be millions
    store.write(mine, b"".join(map(bytes.fromhex, some)))
    yield mine
    store.delete(mine)  # not in a ``finally``: a run that failed halfway keeps its claim, as one that was killed does


def claimed_keys(data: bytes) -> set[bytes]:
    """The keys in a claim, as bytes."""
    return {data[start : start + _KEY_BYTES] for start in range(0, len(data), _KEY_BYTES)}


def is_left_over(claim: ObjectInfo, index: ObjectInfo | None) -> bool:
    """Whether a claim has had its day: its batch has been finished since, and no run takes as long as it is old.

    Whether its run lives cannot be told from here, so that age alone would not do.
    """
    finished_since = index is not None and index.modified > claim.modified
    return finished_since and datetime.now(timezone.utc) - claim.modified > _LONGEST_RUN
