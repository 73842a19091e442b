"""The interface of a store, and the rules for keys. What implements it is in ``local`` and ``s3``.

A key is a relative POSIX path (``clips/ab/ab12….flac``). Objects appear whole or not at all; the last writer wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from f5_pipeline.errors import UnsafeName

_SLUG = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


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
    """Return ``key`` if each of its parts is a slug, so that it cannot leave the store.

    Raises:
        UnsafeName: it could (``..``, an absolute path, a backslash, an empty part, a control character).
    """
    if not all(is_slug(part) for part in key.split("/")):
        raise UnsafeName("key", key)
    return key


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

    def read(self, key: str) -> bytes:
        """The whole object. Raises ``ObjectMissing``."""

    def write(self, key: str, data: bytes) -> ObjectInfo:
        """Create or replace an object, atomically."""

    def stat(self, key: str) -> ObjectInfo | None:
        """What is known of an object, or None if there is none."""

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose key starts with ``prefix`` (a folder's ends with "/"), in key order, lazily."""

    def download(self, key: str, path: Path) -> ObjectInfo:
        """Copy an object to a local file, which appears whole or not at all. Raises ``ObjectMissing``."""

    def upload(self, path: Path, key: str) -> ObjectInfo:
        """Copy a local file into the store, atomically."""

    def delete(self, key: str) -> None:
        """Remove an object; one that is missing is fine."""

    def location(self, key: str) -> str:
        """Where a person finds the object: an absolute path or an ``s3://`` URL."""
