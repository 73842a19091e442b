"""Decoding of text and CSV files: encodings, delimiters and quotes as people, spreadsheets and programs write them.

Lenient about form (Excel's delimiters, line endings, byte order mark, quotes), strict where a guess would change what
is spoken. ``rows`` and ``dictionary`` interpret the cells.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

_MAX_CELL = 64 * 2**20  # characters; the csv module's default of 128 Ki would refuse the file instead of the row
_MAGIC_BYTES = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"PK": "a spreadsheet or zip file"}
_SAVE_AS_UTF8 = "Save it as UTF-8 (in Excel: 'CSV UTF-8'; in a shell: iconv -f WINDOWS-1252 -t UTF-8)."
_SAVE_AS_CSV = "Save it as UTF-8 text (in Excel: 'CSV UTF-8')."


class Unreadable(Exception):
    """A file that cannot be read at all. ``reason`` completes a sentence that begins with the file's name."""

    def __init__(self, reason: str, fix: str) -> None:
        self.reason, self.fix = reason, fix
        super().__init__(reason)


def decode(data: bytes) -> str:
    """Decode a text file in UTF-8, with or without a byte order mark.

    Raises:
        Unreadable: the file is not UTF-8, or not text.
    """
    for magic, kind in _MAGIC_BYTES.items():
        if data.startswith(magic):
            raise Unreadable(f"is {kind}, not UTF-8 text.", _SAVE_AS_CSV)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"is not UTF-8: line {line} has the byte 0x{data[error.start]:02x} (at byte {error.start})."
        raise Unreadable(reason, _SAVE_AS_UTF8) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Unreadable(f"has a NUL character in line {line}: it is not a text file.", _SAVE_AS_UTF8)
    return text


def csv_records(text: str, required_column: str) -> Iterator[list[str]]:
    """The records of a CSV text that is not blank, the header first. A blank line is an empty record.

    Args:
        text: the file.
        required_column: a normalised name that the header must have; it identifies the delimiter.

    Raises:
        Unreadable: the text is not CSV, or a quote is never closed and would swallow the rest of the file.
    """
    lines = io.StringIO(text, newline="").readlines()
    while lines and (not lines[0].strip() or re.fullmatch(r"sep=.\s*", lines[0])):  # Excel's delimiter hint
        lines.pop(0)
    csv.field_size_limit(max(_MAX_CELL, csv.field_size_limit()))
    delimiter, start = _delimiter(lines[0] if lines else "", required_column), 0
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for record in reader:
            if reader.line_num == len(lines):
                _check_closed(lines[start:], delimiter, start)
            start = reader.line_num
            yield record
    except csv.Error as error:
        raise Unreadable(f"is not CSV: {error} in line {reader.line_num}.", "Correct this line.") from None


def normalised_name(column: str) -> str:
    """A column name in lower case, with underscores: "Pause after seconds" becomes "pause_after_seconds"."""
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def _check_closed(lines: list[str], delimiter: str, start: int) -> None:
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "end of data" in str(error):
            reason = f"has a quote in line {start + 1} that is never closed."
            raise Unreadable(reason, 'Close it; inside quotes, write a quote as "".') from None


def _delimiter(header: str, required_column: str) -> str:
    """The delimiter that splits the header so that ``required_column`` is one of its columns."""
    columns = {
        delimiter: [normalised_name(name) for name in next(csv.reader([header], delimiter=delimiter), [])]
        for delimiter in ",;\t|"
    }
    return max(columns, key=lambda delimiter: (required_column in columns[delimiter], len(columns[delimiter])))
