"""Manifest rows, read from csv, jsonl, parquet or txt. ``resolve`` interprets them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from f5_pipeline.errors import BadManifest
from f5_pipeline.manifests.csv_file import Unreadable, csv_records, decode, normalised_name

COLUMNS = (
    "text",
    "voice",
    "id",
    "language",
    "speed",
    "seed",
    "nfe_step",
    "cfg_strength",
    "section",
    "pause_after_seconds",
)
MAX_ROWS = 500_000
_NAME_COLUMNS = "The first line names the columns, for example: id,text,voice."


@dataclass(frozen=True)
class ManifestRow:
    """One row of a manifest: its cells as text, by column. Known columns have their canonical names."""

    number: int  # 1-based; counts blank rows, but not the header
    cells: Mapping[str, str]
    problem: str = ""  # completes "The row …" if the row cannot be read


def read_rows(data: bytes, format: str, location: str, max_rows: int = MAX_ROWS) -> Iterator[ManifestRow]:
    """The rows of a manifest, lazily. ``location`` names the manifest in messages.

    Raises:
        BadManifest: the file is empty, too long, not UTF-8, not in its format, or has no column ``text``.
    """
    try:
        yield from _limited(_READERS[format](data), max_rows)
    except Unreadable as error:
        raise BadManifest(location, error.reason, error.fix) from None


def _limited(rows: Iterator[ManifestRow], max_rows: int) -> Iterator[ManifestRow]:
    """Passes rows through. Raises ``Unreadable`` if there is no row, or more than ``max_rows``."""
    empty = True
    for row in rows:
        empty = False
        if row.number > max_rows:
            raise Unreadable(f"has more than {max_rows:,} rows.", "Split it into several batches.")
        yield row
    if empty:
        raise Unreadable("has no rows.", "Add at least one line to speak.")


def _text(data: bytes) -> str:
    text = decode(data)
    if not text.strip():
        raise Unreadable("is empty.", "Add at least one line to speak.")
    return text


# --- csv ------------------------------------------------------------------------------------------------------


def _csv_rows(data: bytes) -> Iterator[ManifestRow]:
    records = csv_records(_text(data), "text")
    header = _header(next(records, []))
    width, complete = len(header), all(header)
    for number, cells in enumerate(records, start=1):
        if not cells or (len(cells) > 1 and not any(cell.strip() for cell in cells)):
            continue  # blank lines, which spreadsheets leave at the end
        problem = _extra_cells(cells, width) if len(cells) > width else ""
        named = zip(header, cells, strict=False)
        yield ManifestRow(number, dict(named) if complete else {name: cell for name, cell in named if name}, problem)


def _extra_cells(cells: list[str], width: int) -> str:
    if not any(cell.strip() for cell in cells[width:]):
        return ""
    return f"has {len(cells)} cells and the header {width}; quote a text that contains the delimiter"


def _header(names: list[str]) -> list[str]:
    columns = [_column(name) for name in names]
    duplicates = {name for name in columns if name and columns.count(name) > 1}
    if duplicates:
        raise Unreadable(f"has two columns named {sorted(duplicates)[0]!r}.", "Rename one of them.")
    if "text" not in columns:
        found = ", ".join(repr(name[:40]) for name in columns[:20]) or "none"
        raise Unreadable(f"has no column 'text' (its columns: {found}).", _NAME_COLUMNS)
    return columns


def _column(name: str) -> str:
    """The canonical name of a known column (``Text``, ``Pause after seconds``); other names stay as they are."""
    canonical = normalised_name(name)
    return canonical if canonical in COLUMNS else name.strip()


# --- jsonl ----------------------------------------------------------------------------------------------------


def _jsonl_rows(data: bytes) -> Iterator[ManifestRow]:
    text = _text(data)
    if text.lstrip().startswith("["):
        raise Unreadable("is a JSON array, not JSON lines.", "Write one object per line, without brackets.")
    has_text = False
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            row = _jsonl_row(number, line)
            has_text = has_text or "text" in row.cells
            yield row
    if not has_text:
        raise Unreadable("has no line with a key 'text'.", 'Write lines like {"text": "…", "voice": "…"}.')


def _jsonl_row(number: int, line: str) -> ManifestRow:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return ManifestRow(number, {}, f"is not JSON ({str(error)[:80]})")
    if not isinstance(value, dict):
        return ManifestRow(number, {}, "is not a JSON object")
    cells = {_column(_without_surrogates(name)): _cell(cell) for name, cell in value.items()}
    not_text = "text" in value and not isinstance(value["text"], (str, type(None)))
    return ManifestRow(number, cells, "has a 'text' that is not text" if not_text else "")


def _cell(value: Any) -> str:
    """A typed value as the text of a CSV cell."""
    if value is None or value != value:  # null, NaN
        return ""
    if isinstance(value, str):
        return _without_surrogates(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=True, default=str) if isinstance(value, (bool, dict, list)) else str(value)


def _without_surrogates(text: str) -> str:
    """Replaces lone surrogates, which JSON can escape but UTF-8 cannot encode, by U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# --- parquet, txt ---------------------------------------------------------------------------------------------


def _parquet_rows(data: bytes) -> Iterator[ManifestRow]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        header = _header(list(file.schema_arrow.names))
        _check_text_type(file.schema_arrow.types[header.index("text")])
        batches = (
            [column.to_pylist() for column in batch.columns] for batch in file.iter_batches(4096, use_threads=False)
        )
        records = (values for columns in batches for values in zip(*columns, strict=True))
        for number, values in enumerate(records, start=1):
            yield ManifestRow(number, {name: _cell(value) for name, value in zip(header, values, strict=True)})
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = f"cannot be read as Parquet: {str(error).splitlines()[0][:200].rstrip('.')}."
        raise Unreadable(reason, "Write the file again.") from None


def _check_text_type(arrow_type: Any) -> None:
    import pyarrow.types as types

    arrow_type = arrow_type.value_type if types.is_dictionary(arrow_type) else arrow_type
    if not (types.is_string(arrow_type) or types.is_large_string(arrow_type) or types.is_string_view(arrow_type)):
        raise Unreadable(f"has a column 'text' of type {arrow_type}, not text.", "Write it as strings.")


def _txt_rows(data: bytes) -> Iterator[ManifestRow]:
    text = re.sub(r"\r\n?", "\n", _text(data))
    paragraphs = (part for part in re.split(r"\n[^\S\n]*\n", text) if part.strip())
    return (ManifestRow(number, {"text": part.strip()}) for number, part in enumerate(paragraphs, start=1))


_READERS: Mapping[str, Callable[[bytes], Iterator[ManifestRow]]] = {
    "csv": _csv_rows,
    "jsonl": _jsonl_rows,
    "parquet": _parquet_rows,
    "txt": _txt_rows,
}
