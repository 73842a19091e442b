"""The interface of a store, and the rules for keys. What implements it is in ``local`` and ``s3``.

A key is a relative POSIX path (``clips/ab/ab12….flac``). Objects appear whole or not at all; the last writer wins.
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
_KEY_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,159}")  # a slug, and room for what we add to it (".parquet")


def is_slug(name: str) -> bool:
    """Whether a name from outside (batch, voice, id, section) may become part of a key."""
    return _SLUG.fullmatch(name) is not None


def check_slug(kind: str, name: str) -> str:
    """Return ``name`` if it is a slug. ``kind`` ("batch", "voice", …) is for the message.

    Raises:
        UnsafeName: it is not.
    """
    if not is_slug(name):
        raise UnsafeName(kind, name)
    return name


def check_key(key: str) -> str:
    """Return ``key`` if each of its parts is a slug with a suffix, so that it cannot leave the store.

    Raises:
        UnsafeName: it could (``..``, an absolute path, a backslash, an empty part, a control character).
    """
    if not all(map(_KEY_PART.fullmatch, key.split("/"))):
        raise UnsafeName("key", key)
    return key


def check_prefix(prefix: str) -> str:
    """Return ``prefix`` if it is the beginning of a possible key: "", "voices/", "voices/an".

    Raises:
        UnsafeName: it is not.
    """
    check_key(prefix + "x" if prefix == "" or prefix.endswith("/") else prefix)
    return prefix


def is_listed(key: str, location: str) -> bool:
    """Whether a listing shows what a store has under ``key``.

    What starts with a dot (partial files, the system's litter) is passed over in silence; another name that is not
    safe is somebody's mistake, and said once.
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
    """What a store says about one object without reading it."""

    key: str
    size: int  # bytes
    etag: str  # changes whenever the content does; opaque
    modified: datetime  # UTC


class ObjectStore(Protocol):
    """A folder or a bucket. Every method takes keys that passed :func:`check_key`, and checks them again."""

    url: str  # as the user wrote it, absolute

    def read(self, key: str, first: int | None = None) -> bytes:
        """The whole object, or its ``first`` so many bytes (fewer if it is shorter). Raises ``ObjectMissing``."""

    def write(self, key: str, data: bytes) -> ObjectInfo:
        """Create or replace an object, atomically."""

    def create(self, key: str, data: bytes) -> ObjectInfo | None:
        """Create an object; None, and nothing done, if there is one already.

        Exact on a local disk and on servers that honour conditional writes; on others two writers at the same
        instant may both succeed, and the last one stays.
        """

    def stat(self, key: str) -> ObjectInfo | None:
        """What is known of an object, or None if there is none."""

    def stat_many(self, keys: Iterable[str]) -> dict[str, ObjectInfo]:
        """What is known of each of many objects, as cheaply as the store can; missing ones are left out."""

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose key starts with ``prefix`` (a folder's ends with "/"), in key order, lazily."""

    def download(self, key: str, path: Path, etag: str | None = None) -> ObjectInfo:
        """Copy an object to a local file, which appears whole or not at all.

        Raises ``ObjectMissing``; ``ObjectChanged`` if it is not the version with this ``etag`` (if one is given).
        """

    def upload(self, path: Path, key: str) -> ObjectInfo:
        """Copy a local file into the store, atomically."""

    def delete(self, key: str) -> None:
        """Remove an object; one that is missing is fine."""

    def location(self, key: str) -> str:
        """Where a person finds the object: an absolute path or an ``s3://`` URL."""

    def share(self, key: str, seconds: int) -> str:
        """A URL that opens the object without credentials for so many seconds (of a folder: a plain file URL)."""
