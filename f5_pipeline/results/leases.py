"""Leases protect the clips of a running batch from garbage collection until its index names them.

A lease is written before the first clip is stored and deleted when the index is written. Each run of a batch has its
own lease, so that two runs at once do not delete each other's. The lease of a run that crashed stays, so that the
next run finds its clips.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path

from f5_pipeline.storage.layout import lease_object, lease_token
from f5_pipeline.storage.liveness import advertise, is_alive, remove_stale
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore

_KEY_BYTES = 32
_KEYS_AT_ONCE = 1000  # joined before they are decoded: a batch may have millions of keys
_LONGEST_RUN = timedelta(days=7)
_LEASES = "leases"  # a folder of the cache


@dataclass(frozen=True)
class Lease:
    """The lease of one run of a batch."""

    store: ObjectStore
    name: str  # its object key

    def extend(self, keys: Iterable[str]) -> None:
        """Protect further clips, from any machine: in an object of its own, which ``release`` deletes too.

        Without effect if there are no keys, and after ``release``: a worker that was given up may still speak.

        Raises:
            ValueError: a key is not hexadecimal.
        """
        if not (data := _packed(keys)):
            return
        extension = f"{self._stem}-{secrets.token_hex(4)}.bin"
        self.store.write(extension, data)
        if self.store.stat(self.name) is None:
            self.store.delete(extension)

    def release(self) -> None:
        """Delete the lease and its extensions."""
        for info in list(self.store.list(self._stem)):
            self.store.delete(info.key)

    @property
    def _stem(self) -> str:
        return self.name.removesuffix(".bin")


@contextmanager
def hold_lease(store: ObjectStore, batch: str, keys: Iterable[str], machine: Path | None = None) -> Iterator[Lease]:
    """Protect clips while the block speaks them and writes the index.

    Args:
        store: the store.
        batch: its name.
        keys: the clip keys that the run may store; further ones are added by ``Lease.extend``.
        machine: this machine's cache, where the run advertises that it is alive (``is_abandoned``).

    Raises:
        ValueError: a key is not hexadecimal.
    """
    token = secrets.token_hex(8)
    lease = Lease(store, lease_object(batch, token))
    with advertise(machine / _LEASES, token, failure_is_death=True) if machine else nullcontext():
        store.write(lease.name, _packed(keys))
        yield lease
        lease.release()  # not in a ``finally``: a run that fails keeps its lease, as one that is killed does


def leased_keys(data: bytes) -> set[bytes]:
    """The clip keys in a lease, 32 bytes each."""
    return {data[start : start + _KEY_BYTES] for start in range(0, len(data), _KEY_BYTES)}


def is_abandoned(lease: str, machine: Path) -> bool:
    """True if the run of a lease, given by its object key, has proven ended: it advertised here, and failed or died."""
    return is_alive(machine / _LEASES, lease_token(lease)) is False


def delete_lease(store: ObjectStore, lease: str, machines: Iterable[Path]) -> None:
    """Delete a lease, given by its object key, and what its dead run advertised on these machines."""
    store.delete(lease)
    for machine in machines:
        remove_stale(machine / _LEASES, lease_token(lease))


def is_stale(lease: ObjectInfo, index: ObjectInfo | None) -> bool:
    """True if the batch has finished since the lease was written, and the lease is older than the longest run.

    Age alone does not suffice: the run may be alive on another machine.
    """
    finished_since = index is not None and index.modified > lease.modified
    return finished_since and datetime.now(timezone.utc) - lease.modified > _LONGEST_RUN


def _packed(keys: Iterable[str]) -> bytes:
    left = iter(keys)
    groups = iter(lambda: "".join(islice(left, _KEYS_AT_ONCE)), "")
    return b"".join(map(bytes.fromhex, groups))
