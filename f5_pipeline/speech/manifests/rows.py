"""The rows of a manifest file, whatever its format: csv, jsonl, parquet or txt. What a row means is in ``resolve``.

Liberal with form (Excel's delimiters, line ends, BOM, quotes), strict where guessing would change what is said.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from f5_pipeline.errors import BadManifest

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
_MAX_CELL = 64 * 2**20  # characters; csv's own limit of 128 Ki would refuse the file instead of the row
_BYTE_ORDER_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"PK": "a spreadsheet or zip file"}
_SAVE_AS_UTF8 = "Save it as UTF-8 (in Excel: 'CSV UTF-8'; in a shell: iconv -f WINDOWS-1252 -t UTF-8)."
_SAVE_AS_CSV = "Save it as UTF-8 text (in Excel: 'CSV UTF-8')."
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
    empty = True
    for row in _READERS[format](data, manifest):
        empty = False
        if row.number > MAX_ROWS:
            raise BadManifest(manifest, f"has more than {MAX_ROWS:,} rows.", "Split it into several batches.")
        yield row
    if empty:
        raise BadManifest(manifest, "has no rows.", "Add at least one line to speak.")


def decode(data: bytes, manifest: str) -> str:
    """The text of a text manifest, which must be UTF-8 (with or without BOM)."""
    for mark, kind in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            raise BadManifest(manifest, f"is {kind}, not UTF-8 text.", _SAVE_AS_CSV)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"is not UTF-8: line {line} has the byte 0x{data[error.start]:02x} (at byte {error.start})."
        raise BadManifest(manifest, reason, _SAVE_AS_UTF8) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise BadManifest(manifest, f"has a NUL character in line {line}: it is not a text file.", _SAVE_AS_UTF8)
    if not text.strip():
        raise BadManifest(manifest, "is empty.", "Add at least one line to speak.")
    return text


# --- csv ------------------------------------------------------------------------------------------------------


def _csv_rows(data: bytes, manifest: str) -> Iterator[Row]:
    lines = io.StringIO(decode(data, manifest), newline="").readlines()
    while not lines[0].strip() or re.fullmatch(r"sep=.\s*", lines[0]):  # Excel's own hint
        lines.pop(0)
    records = _records(lines, manifest)
    header = _header(next(records, []), manifest)
    for number, cells in enumerate(records, start=1):
        if not cells or (len(cells) > 1 and not any(cell.strip() for cell in cells)):
            continue  # a blank line; spreadsheets leave them at the end
        extra = [cell for cell in cells[len(header) :] if cell.strip()]
        problem = f"has {len(cells)} cells and the header {len(header)}; a text with the delimiter in it needs quotes"
        values = {name: cell for name, cell in zip(header, cells, strict=False) if name}
        yield Row(number, values, problem if extra else "")


def _records(lines: list[str], manifest: str) -> Iterator[list[str]]:
    """Split lines into records, and find a quote that is never closed (it would swallow the rest of the file)."""
    csv.field_size_limit(max(_MAX_CELL, csv.field_size_limit()))
    delimiter, start = _delimiter(lines), 0
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for record in reader:
            if reader.line_num == len(lines):
                _check_closed(lines[start:], delimiter, manifest, start)
            start = reader.line_num
            yield record
    except csv.Error as error:
        raise BadManifest(manifest, f"is not CSV: {error} in line {reader.line_num}.", "Mend this line.") from None


def _check_closed(lines: list[str], delimiter: str, manifest: str, start: int) -> None:
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "end of data" in str(error):
            reason = f"has a quote in line {start + 1} that is never closed."
            raise BadManifest(manifest, reason, 'Close it; inside quotes, write a quote as "".') from None


def _delimiter(lines: Iterable[str]) -> str:
    """The delimiter that the header uses: the one that makes ``text`` a column of its own."""
    header = next((line for line in lines if line.strip()), "")
    names = {mark: [_known(name) for name in next(csv.reader([header], delimiter=mark), [])] for mark in ",;\t|"}
    return max(names, key=lambda mark: ("text" in names[mark], len(names[mark])))


def _header(names: list[str], manifest: str) -> list[str]:
    known = [_known(name) for name in names]
    doubled = {name for name in known if name and known.count(name) > 1}
    if doubled:
        raise BadManifest(manifest, f"has two columns named {sorted(doubled)[0]!r}.", "Rename one of them.")
    if "text" not in known:
        found = ", ".join(repr(name[:40]) for name in known[:20]) or "none"
        raise BadManifest(manifest, f"has no column 'text' (its columns: {found}).", _NAME_COLUMNS)
    return known


def _known(name: str) -> str:
    """A known column's own name, however it is spelled (``Text``, ``Pause after seconds``); others as they are."""
    plain = re.sub(r"[\s-]+", "_", name.strip().lower())
    return plain if plain in COLUMNS else name.strip()


# --- jsonl ----------------------------------------------------------------------------------------------------


def _jsonl_rows(data: bytes, manifest: str) -> Iterator[Row]:
    text = decode(data, manifest)
    if text.lstrip().startswith("["):
        raise BadManifest(manifest, "is a JSON array, not JSON lines.", "Write one object a line, without brackets.")
    has_text = False
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            row = _jsonl_row(number, line)
            has_text = has_text or "text" in row.cells
            yield row
    if not has_text:
        raise BadManifest(manifest, "has no line with a key 'text'.", 'Write lines like {"text": "…", "voice": "…"}.')


def _jsonl_row(number: int, line: str) -> Row:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"is not JSON ({str(error)[:80]})")
    if not isinstance(value, dict):
        return Row(number, {}, "is not a JSON object")
    cells = {_known(name): _cell(cell) for name, cell in value.items()}
    wrong = "text" in value and not isinstance(value["text"], (str, type(None)))
    return Row(number, cells, "has a 'text' that is not text" if wrong else "")


def _cell(value: Any) -> str:
    """A typed value as a CSV cell would have it."""
    if value is None or value != value:  # null, NaN
        return ""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # no half characters
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=True, default=str) if isinstance(value, (bool, dict, list)) else str(value)


# --- parquet, txt ---------------------------------------------------------------------------------------------


def _parquet_rows(data: bytes, manifest: str) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        header = _header(list(file.schema_arrow.names), manifest)
        _check_text_type(file.schema_arrow.types[header.index("text")], manifest)
        batches = ([column.to_pylist() for column in batch.columns] for batch in file.iter_batches(batch_size=4096))
        records = (values for columns in batches for values in zip(*columns, strict=True))
        for number, values in enumerate(records, start=1):
            yield Row(number, {name: _cell(value) for name, value in zip(header, values, strict=True)})
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = f"cannot be read as Parquet: {str(error).splitlines()[0][:200].rstrip('.')}."
        raise BadManifest(manifest, reason, "Write the file again.") from None


def _check_text_type(kind: Any, manifest: str) -> None:
    import pyarrow.types as types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    if not (types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)):
        raise BadManifest(manifest, f"has a column 'text' of type {kind}, not text.", "Write it as strings.")


def _txt_rows(data: bytes, manifest: str) -> Iterator[Row]:
    text = re.sub(r"\r\n?", "\n", decode(data, manifest))
    paragraphs = (part for part in re.split(r"\n[^\S\n]*\n", text) if part.strip())
    return (Row(number, {"text": part.strip()}) for number, part in enumerate(paragraphs, start=1))


_READERS: Mapping[str, Callable[[bytes, str], Iterator[Row]]] = {
    "csv": _csv_rows,
    "jsonl": _jsonl_rows,
    "parquet": _parquet_rows,
    "txt": _txt_rows,
}
