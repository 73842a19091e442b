"""The index of a batch: one row for each utterance, as Parquet (for programs) and CSV (for people).

It is derived from the manifest and the clips, so it can always be rebuilt. Look-ups are in ``lookup``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from f5_pipeline.display.characters import visible_lines
from f5_pipeline.errors import IndexDamaged, ObjectMissing
from f5_pipeline.results.index_schema import CHUNK_KEYS, NOTE, OTHER_TAKES, TYPES, IndexNote, note_of, problem_of
from f5_pipeline.storage.layout import csv_object, parquet_object
from f5_pipeline.storage.object_store import ObjectStore

if TYPE_CHECKING:
    import pyarrow as pa

Status = Literal["ok", "suspect", "rejected", "failed"]
Measure = float | int | str | bool | None

_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
_NUMBER = r"^[-+]?[0-9]+([.,][0-9]+)?%?$"
_CONTROLS = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]"  # candidates, in the syntax of pyarrow


@dataclass(frozen=True)
class IndexRow:
    """The result of one utterance. The fields up to ``attempts`` are the first columns of the table, in order."""

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
    clip_bytes: int | None = None  # with the next: detects a changed clip without reading it
    clip_etag: str = ""
    cached: bool = False  # the clip existed before this run
    language: str = ""  # in which the text was normalised
    language_source: str = ""  # what the language follows from, as in the utterance
    notes: str = ""  # how the row was read, where a user may not expect it: sentences
    quality: Mapping[str, Measure] = field(default_factory=dict)  # one column each, before ``cached``
    columns: Mapping[str, str] = field(default_factory=dict)  # the user's own columns, last
    chunk_keys: tuple[str, ...] = ()  # the clips that the clip is joined from: the quality column ``pieces``
    other_takes: tuple[str, ...] = ()  # the clips of takes that were not chosen, and their chunks

    @property
    def quality_columns(self) -> Mapping[str, Measure]:
        """All quality columns: measures, and the clip keys as text."""
        if not self.chunk_keys and not self.other_takes:
            return self.quality
        chunks = {CHUNK_KEYS: " ".join(self.chunk_keys)} if self.chunk_keys else {}
        others = {OTHER_TAKES: " ".join(self.other_takes)} if self.other_takes else {}
        return {**chunks, **self.quality, **others}


MAPPED_FIELDS = ("quality", "columns", "chunk_keys", "other_takes")
_OURS = tuple(part.name for part in fields(IndexRow) if part.name not in MAPPED_FIELDS)
_LEADING = _OURS[: _OURS.index("attempts") + 1]
_TRAILING = _OURS[len(_LEADING) :]


def write_index(store: ObjectStore, batch: str, rows: Sequence[IndexRow], judged_by: str = "") -> None:
    """Write both files of an index; the one that programs read is written last.

    Args:
        judged_by: the fingerprint of the rules of its verdicts; ``rows_by_key`` compares it.

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
        IndexDamaged: the file is not an index, or is truncated.
    """
    table = read_table(store, batch)
    return None if table is None else _rows(table)


def rows_by_key(store: ObjectStore, batch: str, judged_by: str = "") -> dict[str, IndexRow]:
    """The rows of the last run that have a clip, by clip key.

    Empty if the index is missing, damaged, or judged by other rules: it is then rebuilt from the clips.
    """
    try:
        table = read_table(store, batch)
    except IndexDamaged:
        return {}
    if table is None or note_of(table).judged_by != judged_by:
        return {}
    return {row.key: row for row in _rows(table) if row.key}


def read_table(store: ObjectStore, batch: str, columns: Sequence[str] | None = None) -> pa.Table | None:
    """The index of a batch as a pyarrow table, or some of its columns; None if the batch has no index yet.

    Raises:
        IndexDamaged: the file is not an index, or is truncated.
    """
    import pyarrow as pa
    import pyarrow.parquet

    name = parquet_object(batch)
    try:
        data = store.read(name)
    except ObjectMissing:
        return None
    try:
        # read_table would import pandas. Arrow's own threads sometimes abort a process that ends soon after.
        table = pyarrow.parquet.ParquetFile(pa.BufferReader(data)).read(columns, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise IndexDamaged(store.location(name), str(error).splitlines()[0].rstrip(".")) from None
    if problem := problem_of(table, _OURS if columns is None else columns):
        raise IndexDamaged(store.location(name), problem)
    return table


def user_columns(rows: Sequence[IndexRow]) -> dict[str, str]:
    """The names of the user's columns in the table: a name that is taken becomes ``manifest_NAME``."""
    taken = {*_OURS, *_names_of(row.quality_columns for row in rows)}
    names: dict[str, str] = {}
    for column in _names_of(row.columns for row in rows):
        name = column.encode("utf-8", "replace").decode() or "manifest_column"
        while name in taken:
            name = f"manifest_{name}"
        taken.add(name)
        names[column] = name
    return names


def index_table(rows: Sequence[IndexRow], judged_by: str = "") -> pa.Table:
    """The rows as a pyarrow table: fields up to ``attempts``, measures, ``clip_bytes``, ``cached``, user columns."""
    import pyarrow as pa

    measures = [row.quality_columns for row in rows]
    quality = _names_of(measures)
    names = user_columns(rows)
    arrays = {name: _our_array(name, rows) for name in _LEADING}
    arrays |= {name: _measures([each.get(name) for each in measures]) for name in quality}
    arrays |= {name: _our_array(name, rows) for name in _TRAILING}
    arrays |= {name: _texts([row.columns.get(column) for row in rows]) for column, name in names.items()}
    note = IndexNote(judged_by=judged_by, quality=quality, columns=names)
    return pa.table(arrays, metadata={NOTE: json.dumps(note.model_dump()).encode()})


def _names_of(mappings: Iterable[Mapping[str, object]]) -> list[str]:
    """All names, in the order of their first appearance."""
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _our_array(name: str, rows: Sequence[IndexRow]) -> pa.Array:
    import pyarrow as pa

    values = [getattr(row, name) for row in rows]
    return pa.array(values, TYPES[name]) if name in TYPES else _texts(values)


def _texts(values: Sequence[str | None]) -> pa.Array:
    """Texts as a column; a lone surrogate, which JSON allows, becomes a question mark."""
    import pyarrow as pa

    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([value and value.encode("utf-8", "replace").decode() for value in values], pa.string())


def _measures(values: list[Measure]) -> pa.Array:
    """A column of booleans or numbers if all values are; else of text."""
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
    note = note_of(table)
    own = [table.column(name).to_pylist() for name in _OURS]
    quality = _mappings(table, {name: name for name in note.quality})
    columns = _mappings(table, note.columns)
    chunk_keys = [_keys(measures, CHUNK_KEYS) for measures in quality]
    other_takes = [_keys(measures, OTHER_TAKES) for measures in quality]
    rows = zip(*own, quality, columns, chunk_keys, other_takes, strict=True)
    return [IndexRow(*values) for values in rows]


def _keys(measures: dict[str, Any], column: str) -> tuple[str, ...]:
    """Take a column of clip keys out of a row's measures."""
    return tuple(measures.pop(column, "").split())


def referenced_clips(store: ObjectStore, batch: str) -> set[bytes]:
    """The keys of all clips that the index of a batch names: of its lines, of their chunks and of their other takes.

    Raises:
        IndexDamaged: the file is not an index, or is truncated.
    """
    return set().union(*clips_by_column(store, batch).values())


def clips_by_column(store: ObjectStore, batch: str) -> dict[str, set[bytes]]:
    """The clips of ``referenced_clips`` by column: "key" has those of the lines.

    Raises:
        IndexDamaged: the file is not an index, or is truncated.
    """
    table = read_table(store, batch, columns=["key", CHUNK_KEYS, OTHER_TAKES])
    if table is None:
        return {}
    ours = {"key", *note_of(table).quality}  # a user's column may have such a name, too
    columns = {name: table.column(name).to_pylist() for name in table.column_names if name in ours}
    return {
        name: {bytes.fromhex(key) for text in texts if text for key in text.split()} for name, texts in columns.items()
    }


def _mappings(table: pa.Table, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """One mapping for each row, without its null values."""
    if not names:
        return [{} for _ in range(table.num_rows)]
    values = zip(*(table.column(name).to_pylist() for name in names.values()), strict=True)
    return [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in values]


def _without_formulas(table: pa.Table) -> pa.Table:
    """The table without control characters, and with a quote before every text that a spreadsheet would read as a
    formula."""
    import pyarrow as pa

    names = _visible(_quoted(pa.chunked_array([table.column_names]))).to_pylist()
    arrays = [_visible(_quoted(array)) if pa.types.is_string(array.type) else array for array in table.columns]
    return pa.table(arrays, names=names)


def _visible(array: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring_regex(array, _CONTROLS)).as_py():
        return array
    return pa.chunked_array([[text and visible_lines(text) for text in array.to_pylist()]], pa.string())


def _looks_like_formula(array: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.and_not(pc.match_substring_regex(array, _FORMULA), pc.match_substring_regex(array, _NUMBER))


def _quoted(array: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.if_else(_looks_like_formula(array), pc.binary_join_element_wise("'", array, ""), array)
