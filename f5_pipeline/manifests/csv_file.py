"""Text and CSV files as people, spreadsheets and programs write them: encodings, delimiters, quotes.

Liberal with form (Excel's delimiters, line ends, BOM, quotes), strict where guessing would change what is said. What
the cells mean is in ``rows`` and ``dictionary``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

_MAX_CELL = 64 * 2**20  # characters; csv's own limit of 128 Ki would refuse the file instead of the row
_BYTE_ORDER_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"PK": "a spreadsheet or zip file"}
_SAVE_AS_UTF8 = "Save it as UTF-8 (in Excel: 'CSV UTF-8'; in a shell: iconv -f WINDOWS-1252 -t UTF-8)."
_SAVE_AS_CSV = "Save it as UTF-8 text (in Excel: 'CSV UTF-8')."


class Unreadable(Exception):
    """A file that cannot be read at all: why, as the rest of a sentence about it, and what to do."""

    def __init__(self, reason: str, fix: str) -> None:
        self.reason, self.fix = reason, fix
        super().__init__(reason)


def decode(data: bytes) -> str:
    """The text of a text file, which must be UTF-8 (with or without BOM).

    Raises:
        Unreadable: it is not, or is no text.
    """
    for mark, kind in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
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


def csv_records(text: str, wanted: str) -> Iterator[list[str]]:
    """The records of a CSV text that is not blank, the header first. A blank line is an empty record.

    Args:
        text: the file.
        wanted: a column that the header must have, in small letters: it tells the delimiter.

    Raises:
        Unreadable: a quote is never closed (it would swallow the rest of the file), or it is no CSV.
    """
    lines = io.StringIO(text, newline="").readlines()
    while lines and (not lines[0].strip() or re.fullmatch(r"sep=.\s*", lines[0])):  # Excel's own hint
        lines.pop(0)
    csv.field_size_limit(max(_MAX_CELL, csv.field_size_limit()))
    delimiter, start = _delimiter(lines[0] if lines else "", wanted), 0
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for record in reader:
            if reader.line_num == len(lines):
                _check_closed(lines[start:], delimiter, start)
            start = reader.line_num
            yield record
    except csv.Error as error:
        raise Unreadable(f"is not CSV: {error} in line {reader.line_num}.", "Mend this line.") from None


def plain_name(column: str) -> str:
    """A column's name without its capitals, blanks and hyphens ("Pause after seconds")."""
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def _check_closed(lines: list[str], delimiter: str, start: int) -> None:
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "end of data" in str(error):
            reason = f"has a quote in line {start + 1} that is never closed."
            raise Unreadable(reason, 'Close it; inside quotes, write a quote as "".') from None


def _delimiter(header: str, wanted: str) -> str:
    """The delimiter that the header uses: the one that makes ``wanted`` a column of its own."""
    names = {mark: [plain_name(name) for name in next(csv.reader([header], delimiter=mark), [])] for mark in ",;\t|"}
    return max(names, key=lambda mark: (wanted in names[mark], len(names[mark])))
