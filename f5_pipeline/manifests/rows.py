"""The rows of a manifest file, whatever its format: csv, jsonl, parquet or txt. What a row means is in ``resolve``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from f5_pipeline.errors import BadManifest
from f5_pipeline.manifests.csv_file import Unreadable, csv_records, decode, plain_name

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
class Row:
    """One row: all its cells as text, those of known columns under their own names."""

    number: int  # 1-based; the header does not count, blank rows do
    cells: Mapping[str, str]
    problem: str = ""  # why the row cannot even be read


def read_rows(data: bytes, format: str, manifest: str) -> Iterator[Row]:
    """The rows of a manifest, lazily. ``manifest`` names it in messages.

    Raises:
        BadManifest: it is empty, too long, not UTF-8, not of its format, or has no column ``text``.
    """
    try:
        yield from _some(_READERS[format](data))
    except Unreadable as error:
        raise BadManifest(manifest, error.reason, error.fix) from None


def _some(rows: Iterator[Row]) -> Iterator[Row]:
    """At least one row, and not too many."""
    empty = True
    for row in rows:
        empty = False
        if row.number > MAX_ROWS:
            raise Unreadable(f"has more than {MAX_ROWS:,} rows.", "Split it into several batches.")
        yield row
    if empty:
        raise Unreadable("has no rows.", "Add at least one line to speak.")


def _text(data: bytes) -> str:
    text = decode(data)
    if not text.strip():
        raise Unreadable("is empty.", "Add at least one line to speak.")
    return text


# --- csv ------------------------------------------------------------------------------------------------------


def _csv_rows(data: bytes) -> Iterator[Row]:
    records = csv_records(_text(data), "text")
    header = _header(next(records, []))
    width, complete = len(header), all(header)
    for number, cells in enumerate(records, start=1):
        if not cells or (len(cells) > 1 and not any(cell.strip() for cell in cells)):
            continue  # a blank line; spreadsheets leave them at the end
        problem = _extra(cells, width) if len(cells) > width else ""
        named = zip(header, cells, strict=False)
        yield Row(number, dict(named) if complete else {name: cell for name, cell in named if name}, problem)


def _extra(cells: list[str], width: int) -> str:
    if not any(cell.strip() for cell in cells[width:]):
        return ""
    return f"has {len(cells)} cells and the header {width}; a text with the delimiter in it needs quotes"


def _header(names: list[str]) -> list[str]:
    known = [_known(name) for name in names]
    doubled = {name for name in known if name and known.count(name) > 1}
    if doubled:
        raise Unreadable(f"has two columns named {sorted(doubled)[0]!r}.", "Rename one of them.")
    if "text" not in known:
        found = ", ".join(repr(name[:40]) for name in known[:20]) or "none"
        raise Unreadable(f"has no column 'text' (its columns: {found}).", _NAME_COLUMNS)
    return known


def _known(name: str) -> str:
    """A known column's own name, however it is spelled (``Text``, ``Pause after seconds``); others as they are."""
    plain = plain_name(name)
    return plain if plain in COLUMNS else name.strip()


# --- jsonl ----------------------------------------------------------------------------------------------------


def _jsonl_rows(data: bytes) -> Iterator[Row]:
    text = _text(data)
    if text.lstrip().startswith("["):
        raise Unreadable("is a JSON array, not JSON lines.", "Write one object a line, without brackets.")
    has_text = False
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            row = _jsonl_row(number, line)
            has_text = has_text or "text" in row.cells
            yield row
    if not has_text:
        raise Unreadable("has no line with a key 'text'.", 'Write lines like {"text": "…", "voice": "…"}.')


def _jsonl_row(number: int, line: str) -> Row:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"is not JSON ({str(error)[:80]})")
    if not isinstance(value, dict):
        return Row(number, {}, "is not a JSON object")
    cells = {_known(_whole(name)): _cell(cell) for name, cell in value.items()}
    wrong = "text" in value and not isinstance(value["text"], (str, type(None)))
    return Row(number, cells, "has a 'text' that is not text" if wrong else "")


def _cell(value: Any) -> str:
    """A typed value as a CSV cell would have it."""
    if value is None or value != value:  # null, NaN
        return ""
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=True, default=str) if isinstance(value, (bool, dict, list)) else str(value)


def _whole(text: str) -> str:
    """JSON may escape half a character, which no file can hold: it becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# --- parquet, txt ---------------------------------------------------------------------------------------------


def _parquet_rows(data: bytes) -> Iterator[Row]:
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
            yield Row(number, {name: _cell(value) for name, value in zip(header, values, strict=True)})
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = f"cannot be read as Parquet: {str(error).splitlines()[0][:200].rstrip('.')}."
        raise Unreadable(reason, "Write the file again.") from None


def _check_text_type(kind: Any) -> None:
    import pyarrow.types as types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    if not (types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)):
        raise Unreadable(f"has a column 'text' of type {kind}, not text.", "Write it as strings.")


def _txt_rows(data: bytes) -> Iterator[Row]:
    text = re.sub(r"\r\n?", "\n", _text(data))
    paragraphs = (part for part in re.split(r"\n[^\S\n]*\n", text) if part.strip())
    return (Row(number, {"text": part.strip()}) for number, part in enumerate(paragraphs, start=1))


_READERS: Mapping[str, Callable[[bytes], Iterator[Row]]] = {
    "csv": _csv_rows,
    "jsonl": _jsonl_rows,
    "parquet": _parquet_rows,
    "txt": _txt_rows,
}
