"""The schema of an index file, and the check of a file against it. ``index`` reads and writes the rows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

if TYPE_CHECKING:
    import pyarrow as pa

NOTE = b"f5_pipeline"  # the metadata entry of the Parquet file that describes its columns
TYPES = {"audio_seconds": "double", "seed": "int64", "attempts": "int64", "clip_bytes": "int64", "cached": "bool"}
#: Quality columns that hold clip keys, separated by spaces.
CHUNK_KEYS, OTHER_TAKES = "pieces", "other_takes"

_STATUSES = {"ok", "suspect", "rejected", "failed"}
_MEASURES = {"bool", "int64", "double", "string", "null"}
_KEYS = re.compile(r"(?:[0-9a-f]{64}(?: [0-9a-f]{64})*)?")


class IndexNote(BaseModel):
    """The description of the columns. Increase ``format`` when their meaning changes."""

    format: Literal[2] = 2
    judged_by: str = ""  # the fingerprint of the rules of the verdicts
    quality: list[str]  # the columns of measures
    columns: dict[str, str]  # the user's own columns → their names in the table


def note_of(table: pa.Table) -> IndexNote:
    """The description of a table's columns.

    Raises:
        ValueError: it is damaged, or of another version.
    """
    try:  # not by pydantic's parser, which refuses the unpaired surrogates that the names of columns may have
        note = json.loads(table.schema.metadata[NOTE])
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return IndexNote.model_validate(note, strict=True)


def problem_of(table: pa.Table, columns: Sequence[str]) -> str:
    """Why a table is not an index, as the end of a sentence; "" if it is one.

    Args:
        columns: those of our columns that were read.
    """
    if NOTE not in (table.schema.metadata or {}):
        return "it was not written by this product"
    try:
        note = note_of(table)
    except ValueError:
        return "it is damaged, or of another version of this product"
    required = [*(name for name in columns if name not in (CHUNK_KEYS, OTHER_TAKES)), *_others(note, columns)]
    if missing := [name for name in required if name not in table.column_names]:
        return f"it has no column {missing[0]!r}"
    for name in required:
        if str(table.schema.field(name).type) not in _allowed(name, note):
            return f"its column {name!r} is of the type {table.schema.field(name).type}"
    return _bad_value(table, note, columns)


def _others(note: IndexNote, columns: Sequence[str]) -> list[str]:
    """The columns of measures and the user's own; none if only some columns were read."""
    return [*note.quality, *note.columns.values()] if "status" in columns else []


def _allowed(name: str, note: IndexNote) -> set[str]:
    """The types that a column may have."""
    if name in (CHUNK_KEYS, OTHER_TAKES) or name not in note.quality:
        return {TYPES.get(name, "string")}
    return _MEASURES


def _bad_value(table: pa.Table, note: IndexNote, columns: Sequence[str]) -> str:
    texts = [name for name in columns if name not in TYPES and name in table.column_names and name not in note.quality]
    if any(table.column(name).null_count for name in texts):
        return "a value is missing"
    if "status" in texts and not set(table.column("status").unique().to_pylist()) <= _STATUSES:
        return "a status is unknown"
    keys = [name for name in ("key", CHUNK_KEYS, OTHER_TAKES) if name == "key" or name in note.quality]
    values = (value for name in keys if name in table.column_names for value in table.column(name).to_pylist())
    return "" if all(value is None or _KEYS.fullmatch(value) for value in values) else "a clip key is damaged"
