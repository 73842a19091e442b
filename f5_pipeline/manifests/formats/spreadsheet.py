"""Excel manifests: the first visible sheet of an xlsx file, read row by row.

``openpyxl`` reads lazily. A reader that lays a whole sheet out in memory would need terabytes for a small file with two
distant cells.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time
from typing import Any
from xml.etree.ElementTree import ParseError

from f5_pipeline.manifests.columns import MAX_COLUMNS
from f5_pipeline.manifests.csv_file import Unreadable
from f5_pipeline.manifests.formats.reading import ManifestRow, ReadOptions, cell_text

_MAX_UNPACKED_BYTES = 1 << 30
_MAX_HEADER_ROW = 100
_CHUNK, _MAX_ELEMENT = 1 << 20, 100  # bytes
_MERGED_RANGE = re.compile(rb'<(?:\w{1,20}:)?mergeCell\s{1,9}ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"')
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # a character that XML cannot contain, such as a carriage return
_SAVE_AS_XLSX = "Save it as an Excel workbook (.xlsx) without a password, or as 'CSV UTF-8'."
_ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")  # values of failed formulas
#: What openpyxl raises for files that are not, or not quite, workbooks.
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, struct.error, ParseError, OSError, EOFError, RuntimeError, NotImplementedError),
    *(ValueError, TypeError, LookupError, AttributeError, AssertionError, OverflowError),
)


def xlsx_rows(data: bytes, options: ReadOptions) -> Iterator[ManifestRow]:
    """The rows below the header, which is the first row with a cell. Formulas have the values last saved."""
    try:
        _check_size(data)
        sheet = _first_sheet(data)
        at, names = _header(sheet)
        header = options.columns.canonical(names)
        merged = _MergedCells(sheet, [at for at, name in enumerate(header) if name != "text"])
        rows = sheet.iter_rows(min_row=at + 1, max_col=len(header), values_only=True)
        for number, values in enumerate(rows, start=1):
            filled = merged.filled(at + number, values)
            if not _is_blank(values):
                yield _row(number, {name: value for name, value in zip(header, filled, strict=False) if name})
    except _DAMAGED as error:
        raise Unreadable(
            f"cannot be read as xlsx ({str(error)[:100] or type(error).__name__}).", _SAVE_AS_XLSX
        ) from None


def _check_size(data: bytes) -> None:
    """Check the size that the file has when it is unpacked; reading never unpacks more than it declares."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        size = sum(info.file_size for info in file.infolist())
    if size > _MAX_UNPACKED_BYTES:
        reason = f"is larger than {_MAX_UNPACKED_BYTES >> 20} MiB when it is unpacked ({size >> 20} MiB)."
        raise Unreadable(reason, "Split it into several batches.")


def _first_sheet(data: bytes) -> Any:
    from openpyxl import load_workbook

    warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")  # about charts, styles and input rules
    workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    sheet = next((sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"), None)
    if sheet is None:
        raise Unreadable("has no visible sheet.", "Show the sheet that has the lines to speak.")
    sheet.reset_dimensions()  # some programs declare a smaller area than they write, and openpyxl would read only that
    return sheet


def _header(sheet: Any) -> tuple[int, list[str]]:
    """The number of the first row that is not blank, from 1, and its names without the unnamed ones at its end."""
    rows = sheet.iter_rows(max_row=_MAX_HEADER_ROW, max_col=MAX_COLUMNS + 1, values_only=True)
    at, values = next(((at, values) for at, values in enumerate(rows, start=1) if not _is_blank(values)), (1, ()))
    names = [_cell(value) for value in values]
    while names and not names[-1].strip():
        names.pop()
    return at, names


class _MergedCells:
    """Gives all rows of a merged range its value, which the file has only in the first: one voice beside many texts.

    Texts are left out, because each would be spoken several times.
    """

    def __init__(self, sheet: Any, columns: Collection[int]) -> None:
        self._starts: dict[int, list[tuple[int, int]]] = {}  # first row of a range → its first column, its last row
        self._open: dict[int, tuple[int, Any]] = {}  # column → last row of the range, its value
        for column, first, last in _merged_ranges(sheet):
            if last > first and column in columns:
                self._starts.setdefault(first, []).append((column, last))

    def filled(self, row: int, values: tuple[Any, ...]) -> Sequence[Any]:
        """The values of a row (from 1), with those of the ranges that began above. Rows come in order."""
        if not self._starts:
            return values
        for column, last in self._starts.get(row, ()):
            self._open[column] = (last, values[column] if column < len(values) else None)
        filled = [*values, *[None] * (max(self._open, default=-1) + 1 - len(values))]
        for column, (last, value) in self._open.items():
            if row <= last:
                filled[column] = value
        return filled


def _merged_ranges(sheet: Any) -> Iterator[tuple[int, int, int]]:
    """The merged ranges of a sheet: first column (from 0), first and last row (from 1).

    openpyxl skips them when it reads lazily. In the file they follow the cells, where a "<" is always markup.
    """
    from openpyxl.utils import range_boundaries

    tail = b""
    with sheet._get_source() as source:
        while chunk := source.read(_CHUNK):
            text = tail + chunk
            for found in _MERGED_RANGE.finditer(text):
                if found.end() > len(tail):  # else it was found before
                    column, first, _, last = range_boundaries(found[1].decode())
                    yield column - 1, first, last
            tail = text[-_MAX_ELEMENT:]


def _is_blank(values: tuple[Any, ...]) -> bool:
    return all(value is None or (isinstance(value, str) and not value.strip()) for value in values)


def _row(number: int, values: dict[str, Any]) -> ManifestRow:
    text = values.get("text")
    problem = f"has the error {text} in place of a text; correct its formula" if text in _ERRORS else ""
    return ManifestRow(number, {name: _cell(value) for name, value in values.items()}, problem)


def _cell(value: Any) -> str:
    """A cell as text: numbers with the 15 digits that Excel keeps, dates as ISO 8601."""
    if isinstance(value, str):
        return cell_text(_ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)) if "_x" in value else value
    if isinstance(value, float):
        return cell_text(value) if value.is_integer() else f"{value:.15g}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, (date, time)) else cell_text(value)
