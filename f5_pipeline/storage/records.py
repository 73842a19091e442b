"""Small JSON records of ours in a store, read against a schema. A record that does not fit counts as missing."""

from __future__ import annotations

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from f5_pipeline.errors import ObjectMissing
from f5_pipeline.storage.object_store import ObjectStore

_T = TypeVar("_T")


def read_record(store: ObjectStore, key: str, schema: TypeAdapter[_T]) -> _T | None:
    """The record under a key; None if it is missing, damaged, of another version or another program's.

    Raises:
        StoreUnusable: the store cannot be read.
    """
    try:
        return schema.validate_json(store.read(key), strict=True)
    except (ObjectMissing, ValidationError):
        return None
