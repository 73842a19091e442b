"""The files that the server sends: which keys are public, and their paths on this machine.

A folder's files are sent from where they are. A bucket's are downloaded first, because browsers often cannot reach the
bucket (a private address, no CORS), and because a download can be read from any position.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from pathlib import Path

from f5_pipeline.errors import ObjectMissing
from f5_pipeline.storage.layout import BATCHES, CLIPS, clip_key_of, is_internal
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore

_MAX_BYTES = 2 * 2**30  # of downloads that are kept


def is_public(key: str) -> bool:
    """True for the delivered files and the index of a batch, and for clips."""
    if key.startswith(CLIPS):
        return clip_key_of(key) is not None and key.endswith(".flac")
    return key.startswith(BATCHES) and not is_internal(key.lower())  # some file systems ignore case


class PublicFiles:
    """The paths of a store's public files on this machine. Safe for several threads."""

    def __init__(self, store: ObjectStore, downloads: Path, max_bytes: int = _MAX_BYTES) -> None:
        self._store = store
        self._downloads = downloads
        self._max_bytes = max_bytes
        self._sizes: OrderedDict[Path, int] = OrderedDict()  # of the downloads, least recently used first
        self._lock = threading.Lock()

    def path_of(self, key: str) -> Path:
        """The path of a public file.

        Raises:
            UnsafeName, ObjectMissing, LinkLeavesStore: there is no such public file.
            StoreUnusable: the store cannot be read.
        """
        if not is_public(key):
            raise ObjectMissing(key)
        return self._store.existing_path(key) if isinstance(self._store, LocalStore) else self._downloaded(key)

    def _downloaded(self, key: str) -> Path:
        if (info := self._store.stat(key)) is None:
            raise ObjectMissing(self._store.location(key))
        path = self._downloads / hashlib.sha256(f"{key} {info.etag}".encode()).hexdigest()
        with self._lock:  # one download at a time; a player asks for parts of the same file
            if path not in self._sizes:
                self._sizes[path] = self._store.download(key, path, info.etag).size
            self._sizes.move_to_end(path)
            self._remove_old()
        return path

    def _remove_old(self) -> None:
        """Remove old downloads until the rest is small enough. A file that is being sent stays readable."""
        while len(self._sizes) > 1 and sum(self._sizes.values()) > self._max_bytes:
            path, _ = self._sizes.popitem(last=False)
            path.unlink(missing_ok=True)
