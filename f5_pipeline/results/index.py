"""The index of a batch: one row for each utterance, as parquet (for programs) and csv (for people).

It is derived from the manifest and the clips and can always be made again. Look-ups are in ``lookup``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from f5_pipeline.errors import IndexDamaged, ObjectMissing
from f5_pipeline.storage.layout import csv_object, parquet_object
from f5_pipeline.storage.object_store import ObjectStore

if TYPE_CHECKING:
    import pyarrow as pa

Status = Literal["ok", "suspect", "rejected", "failed"]
Measure = float | int | str | bool | None

#: The measure that names the clips of a line's other takes, and their pieces: none is spoken twice, so they are kept.
OTHERS = "other_takes"

_NOTE = b"f5_pipeline"  # the entry in the parquet file's metadata that tells measures and user's columns apart
_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
_NUMBER = r"^[-+]?[0-9]+([.,][0-9]+)?%?$"


@dataclass(frozen=True)
class IndexRow:
    """What became of one utterance. The fields up to ``attempts`` are the first columns of the table, in order."""

    id: str
    text: str
    spoken_text: str = ""
    voice: str = ""
    model: str = ""
    status: Status = "ok"
    reason: str = ""  # why it is suspect, rejected or failed: a sentence for the user
    key: str = ""  # the clip key; "": there is no clip
    clip: str = ""  # its object key
    audio_seconds: float | None = None
    seed: int | None = None
    attempts: int = 0
    clip_bytes: int | None = None  # shows a clip that was cut short, without reading it
    cached: bool = False  # the clip was there before this run
    quality: Mapping[str, Measure] = field(default_factory=dict)  # one column each, before ``cached``
    columns: Mapping[str, str] = field(default_factory=dict)  # the user's own columns, last


_OURS = tuple(part.name for part in fields(IndexRow) if part.name not in ("quality", "columns"))
_LEADING = _OURS[: _OURS.index("attempts") + 1]
_TRAILING = _OURS[len(_LEADING) :]


def write_index(store: ObjectStore, batch: str, rows: Sequence[IndexRow], judged_by: str = "") -> None:
    """Write both files of an index, the one that programs read last.

    Args:
        judged_by: by which rules its clips were judged; for ``rows_by_key``.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        StoreUnusable: the store cannot be written.
    """
    import pyarrow.csv
    import pyarrow.parquet

    table = index_table(rows, judged_by)
    text, binary = io.BytesIO(), io.BytesIO()
    pyarrow.csv.write_csv(_without_formulas(table), text)
    pyarrow.parquet.write_table(table, binary, compression="zstd")
    store.write(csv_object(batch), text.getvalue())
    store.write(parquet_object(batch), binary.getvalue())


def read_index(store: ObjectStore, batch: str) -> list[IndexRow] | None:
    """The rows of a batch in the manifest's order; None if it has no index yet.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        IndexDamaged: the file is no index, or not whole.
    """
    table = read_table(store, batch)
    return None if table is None else _rows(table)


def rows_by_key(store: ObjectStore, batch: str, judged_by: str = "") -> dict[str, IndexRow]:
    """The rows of a batch that have a clip, by clip key: what the last run knew.

    An index that is missing, damaged or judged by other rules is an empty one here: it will be made again from the
    clips.
    """
    try:
        table = read_table(store, batch)
    except IndexDamaged:
        return {}
    if table is None or json.loads(table.schema.metadata[_NOTE]).get("judged_by", "") != judged_by:
        return {}
    return {row.key: row for row in _rows(table) if row.key}


def read_table(store: ObjectStore, batch: str, columns: Sequence[str] | None = None) -> pa.Table | None:
    """The index of a batch as a pyarrow table, or some columns of it; None if there is none yet.

    Raises:
        IndexDamaged: the file is no index, or not whole.
    """
    import pyarrow as pa
    import pyarrow.parquet

    name = parquet_object(batch)
    try:
        data = store.read(name)
    except ObjectMissing:
        return None
    try:
        # read_table would import pandas. Threads of Arrow's own now and then abort a process that ends soon after.
        table = pyarrow.parquet.ParquetFile(pa.BufferReader(data)).read(columns, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise IndexDamaged(store.location(name), str(error).splitlines()[0].rstrip(".")) from None
    if _NOTE not in (table.schema.metadata or {}):
        raise IndexDamaged(store.location(name), "it was not written by this product")
    return table


def user_columns(rows: Sequence[IndexRow]) -> dict[str, str]:
    """What the user's own columns are called in the table: one named like one of ours is ``manifest_NAME``."""
    taken = {*_OURS, *_names_of(row.quality for row in rows)}
    names: dict[str, str] = {}
    for column in _names_of(row.columns for row in rows):
        name = column.encode("utf-8", "replace").decode() or "manifest_column"
        while name in taken:
            name = f"manifest_{name}"
        taken.add(name)
        names[column] = name
    return names


def index_table(rows: Sequence[IndexRow], judged_by: str = "") -> pa.Table:
    """The rows as a pyarrow table: ours to ``attempts``, measures, ``clip_bytes``, ``cached``, the user's own."""
    import pyarrow as pa

    quality = _names_of(row.quality for row in rows)
    names = user_columns(rows)
    arrays = {name: _our_array(name, rows) for name in _LEADING}
    arrays |= {name: _measures([row.quality.get(name) for row in rows]) for name in quality}
    arrays |= {name: _our_array(name, rows) for name in _TRAILING}
    arrays |= {name: _texts([row.columns.get(column) for row in rows]) for column, name in names.items()}
    note = json.dumps({"format": 1, "judged_by": judged_by, "quality": quality, "columns": names})
    return pa.table(arrays, metadata={_NOTE: note.encode()})


def _names_of(mappings: Iterable[Mapping[str, object]]) -> list[str]:
    """The names that occur, in the order of their first appearance."""
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _our_array(name: str, rows: Sequence[IndexRow]) -> pa.Array:
    import pyarrow as pa

    types = {
        "audio_seconds": pa.float64(),
        "seed": pa.int64(),
        "attempts": pa.int64(),
        "clip_bytes": pa.int64(),
        "cached": pa.bool_(),
    }
    values = [getattr(row, name) for row in rows]
    return pa.array(values, types[name]) if name in types else _texts(values)


def _texts(values: Sequence[str | None]) -> pa.Array:
    """Texts as a column; half a surrogate pair, which JSON can smuggle in, becomes a question mark."""
    import pyarrow as pa

    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([value and value.encode("utf-8", "replace").decode() for value in values], pa.string())


def _measures(values: list[Measure]) -> pa.Array:
    """Numbers or truth values where all of them are; else text."""
    import pyarrow as pa

    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return pa.array(values, pa.bool_())
    if known and all(isinstance(value, int) for value in known):
        return pa.array(values, pa.int64())
    if all(isinstance(value, (int, float)) for value in known):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return _texts([None if value is None else str(value) for value in values])


def _rows(table: pa.Table) -> list[IndexRow]:
    note = json.loads(table.schema.metadata[_NOTE])
    count = table.num_rows
    ours = [table.column(name).to_pylist() if name in table.column_names else [None] * count for name in _OURS]
    quality = _mappings(table, {name: name for name in note["quality"]})
    columns = _mappings(table, note["columns"])
    return [IndexRow(*values) for values in zip(*ours, quality, columns, strict=True)]


def _mappings(table: pa.Table, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """One mapping for each row, without what the row does not have."""
    if not names:
        return [{} for _ in range(table.num_rows)]
    values = zip(*(table.column(name).to_pylist() for name in names.values()), strict=True)
    return [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in values]


def _without_formulas(table: pa.Table) -> pa.Table:
    """A table whose texts no spreadsheet takes for a formula: a quote goes before what looks like one."""
    import pyarrow as pa

    names = _quoted(pa.array(table.column_names)).to_pylist()
    arrays = [_quoted(array) if pa.types.is_string(array.type) else array for array in table.columns]
    return pa.table(arrays, names=names)


def _looks_like_formula(array: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.and_not(pc.match_substring_regex(array, _FORMULA), pc.match_substring_regex(array, _NUMBER))


def _quoted(array: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.if_else(_looks_like_formula(array), pc.binary_join_element_wise("'", array, ""), array)
