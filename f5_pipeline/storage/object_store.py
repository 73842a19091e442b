"""The interface of a store, and the rules for keys. The implementations are in ``local`` and ``s3``.

A key is a relative POSIX path (``clips/ab/ab12….flac``). Objects appear atomically; the last writer wins.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from f5_pipeline.errors import UnsafeName

_log = logging.getLogger(__name__)
_SLUG = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
_KEY_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,159}")  # a slug and a suffix of ours (".parquet")


def is_slug(name: str) -> bool:
    """True if a name from outside (batch, voice, id, section) may become part of a key."""
    return _SLUG.fullmatch(name) is not None


def check_slug(kind: str, name: str) -> str:
    """Return ``name`` if it is a slug. ``kind`` ("batch", "voice", …) names it in the message.

    Raises:
        UnsafeName: ``name`` is not a slug.
    """
    if not is_slug(name):
        raise UnsafeName(kind, name)
    return name


def check_key(key: str) -> str:
    """Return ``key`` if each of its parts is a slug with a suffix, so that it cannot leave the store.

    Raises:
        UnsafeName: it could leave it (``..``, an absolute path, a backslash, an empty part, a control character).
    """
    if not all(map(_KEY_PART.fullmatch, key.split("/"))):
        raise UnsafeName("key", key)
    return key


def check_prefix(prefix: str) -> str:
    """Return ``prefix`` if a valid key can begin with it: "", "voices/", "voices/an".

    Raises:
        UnsafeName: no valid key can begin with it.
    """
    check_key(prefix + "x" if prefix == "" or prefix.endswith("/") else prefix)
    return prefix


def is_listed(key: str, location: str) -> bool:
    """True if a listing shows the object at ``key``: every part of the key is safe.

    Names that start with a dot (partial files, ``.DS_Store``) are skipped silently. Any other unsafe name is probably a
    mistake and is logged once.
    """
    parts = key.split("/")
    if all(map(_KEY_PART.fullmatch, parts)):
        return True
    if not any(part.startswith(".") or part == "" for part in parts):
        _warn_of_ignored(location)
    return False


@lru_cache(maxsize=4096)
def _warn_of_ignored(location: str) -> None:
    _log.warning("Ignoring %r: %s", location, UnsafeName("its name", location.rsplit("/", 1)[-1]))


@dataclass(frozen=True)
class ObjectInfo:
    """The metadata of one object."""

    key: str
    size: int  # bytes
    etag: str  # opaque; changes whenever the content changes
    modified: datetime  # UTC


class ObjectStore(Protocol):
    """A folder or a bucket. Every method takes keys that passed :func:`check_key`, and checks them again."""

    url: str  # as the user wrote it, made absolute

    def read(self, key: str, first: int | None = None) -> bytes:
        """The object's bytes, or only the ``first`` n (fewer if it is shorter). Raises ``ObjectMissing``."""

    def write(self, key: str, data: bytes) -> ObjectInfo:
        """Create or replace an object, atomically."""

    def create(self, key: str, data: bytes) -> ObjectInfo | None:
        """Create an object. Returns None and changes nothing if the key exists.

        Exact on a local disk and on servers with conditional writes. On others two simultaneous writers may both
        succeed, and the last one stays.
        """

    def stat(self, key: str) -> ObjectInfo | None:
        """The metadata of an object, or None if the key does not exist."""

    def stat_many(self, keys: Iterable[str]) -> dict[str, ObjectInfo]:
        """The metadata of many objects, with as few requests as the store allows. Missing keys are left out."""

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """The objects whose keys start with ``prefix`` (a folder's ends with "/"), in key order, lazily."""

    def download(self, key: str, path: Path, etag: str | None = None) -> ObjectInfo:
        """Copy an object to a local file, atomically.

        Raises ``ObjectMissing``; ``ObjectChanged`` if ``etag`` is given and the object has another one.
        """

    def upload(self, path: Path, key: str) -> ObjectInfo:
        """Copy a local file into the store, atomically."""

    def delete(self, key: str) -> None:
        """Delete an object. Does nothing if the key does not exist."""

    def location(self, key: str) -> str:
        """The object's address for people: an absolute path or an ``s3://`` URL."""

    def share(self, key: str, seconds: int) -> str:
        """A URL that opens the object without credentials for ``seconds`` (for a folder: a plain file URL)."""
