"""Opens the store that a URL names. The stores themselves are in ``local`` and ``s3``."""

from __future__ import annotations

import re
from pathlib import Path

from f5_pipeline.errors import BadSetting
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore


def open_store(url: str | Path) -> ObjectStore:
    """The store at ``url``: a folder, or ``s3://bucket/prefix``. Reads and creates nothing.

    Raises:
        BadSetting: the URL is neither.
        StoreUnusable: the store cannot be used, because the path is a file, for example.
    """
    text = str(url)
    if text.startswith("s3://"):
        from f5_pipeline.storage.s3 import S3Store

        return S3Store(text)
    if not text or re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", text):
        raise BadSetting("Environment", "F5_STORE", f"must be a folder or s3://bucket/prefix (it is {text!r}).")
    return LocalStore(text)
