"""Which versions of manifests the sensor has dealt with: kept among the instance's own values, named by the cursor.

A store is part of what is known: in a copy of a bucket the same version is there, and nothing need have been spoken.

A cursor is stored with every tick, and this is 8 bytes for each batch. The last few are kept, not the last one: a tick
that fails leaves the cursor as it was, and somebody may test the sensor in the UI, whose cursor nobody keeps.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Iterable

import dagster as dg

from f5_pipeline.results.manifest_files import ManifestFiles

_KEY = "f5_pipeline_known_manifests"  # among the instance's own values
_NAMED = "known:"  # what cursors begin with; in older ones stood the digests themselves, in base64
_KEPT = 4
_DIGEST_BYTES = 6
_LOCK = threading.Lock()  # the daemon's looks and those of the UI are evaluated in threads of one code server


class Known:
    """The versions of manifests of a store that were dealt with when a cursor was written."""

    def __init__(self, instance: dg.DagsterInstance, cursor: str | None, store_url: str) -> None:
        self._storage, self._cursor, self._store_url = instance.daemon_cursor_storage, cursor or "", store_url
        self._kept = self._read()
        packed = self._kept.get(self._cursor, "") if self._cursor.startswith(_NAMED) else self._cursor
        self._digests = _unpack(packed)

    def __contains__(self, files: ManifestFiles) -> bool:
        return self._digest(files) in self._digests

    def keep(self, known: Iterable[ManifestFiles]) -> str:
        """Keep these instead; returns their cursor."""
        packed = base64.b64encode(b"".join(sorted(map(self._digest, known)))).decode()
        cursor = _NAMED + hashlib.sha256(packed.encode()).hexdigest()[:16]
        if cursor not in self._kept:
            with _LOCK:
                others = self._read()
                first = {name: others[name] for name in (self._cursor,) if name in others}
                kept = [(cursor, packed), *(first | others).items()][:_KEPT]
                self._storage.set_cursor_values({_KEY: json.dumps(dict(kept))})
        return cursor

    def _digest(self, files: ManifestFiles) -> bytes:
        """Of an older release without the store: then all is looked at once more, and only what needs it is run."""
        return hashlib.sha256(f"{self._store_url} {files.batch} {files.version}".encode()).digest()[:_DIGEST_BYTES]

    def _read(self) -> dict[str, str]:
        try:
            kept = json.loads(self._storage.get_cursor_values({_KEY}).get(_KEY, ""))
            return {str(cursor): str(packed) for cursor, packed in kept.items()}
        except (ValueError, AttributeError):
            return {}


def _unpack(packed: str) -> frozenset[bytes]:
    """Nothing is known after what is no cursor of ours: then all is looked at, and only what needs it is run."""
    try:
        data = base64.b64decode(packed, validate=True)
    except ValueError:
        return frozenset()
    return frozenset(data[start : start + _DIGEST_BYTES] for start in range(0, len(data), _DIGEST_BYTES))
