"""The records of CSV files, with the delimiters and quotes that people, spreadsheets and programs write.

``formats.delimited`` and ``dictionary`` interpret the cells; ``csv_quotes`` checks the quotes.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator

from f5_pipeline.manifests.csv_file import Unreadable, normalised_name, squeezed_name
from f5_pipeline.manifests.csv_quotes import Dialect, RowPattern, check_quotes

_MAX_CELL = 64 * 2**20  # characters; the csv module's default of 128 Ki would refuse the file instead of the row
_BEFORE_HEADER = re.compile(r"\s*|sep=.\s*")  # blank lines, and Excel's hint about the delimiter


def csv_records(text: str, known: Collection[str], words: Collection[str] = ()) -> Iterator[list[str]]:
    """The records of a CSV text that is not blank, the header first. A blank line is an empty record.

    Args:
        text: the file.
        known: squeezed column names; the delimiter that finds most of them in the header is that of the file.
        words: normalised names of columns whose cells are single words. They tell a row that a quote took in from a
            line of prose.

    Raises:
        Unreadable: the text is not CSV, or a quote takes in lines that are rows of their own.
    """
    csv.field_size_limit(max(_MAX_CELL, csv.field_size_limit()))
    lines = io.StringIO(text, newline="").readlines()
    skipped = next((at for at, line in enumerate(lines) if not _BEFORE_HEADER.fullmatch(line)), len(lines))
    lines = lines[skipped:]
    dialect = _dialect(lines[0][:_MAX_CELL] if lines else "", known)
    yield from _records(dialect.prepared(dialect.unescaped(lines)), dialect, words, skipped)


def header_columns(
    names: list[str], known: Collection[str], required: Collection[str], reason: str, example: str
) -> list[str]:
    """The columns of a file that has its own columns only: at least two, each once.

    Args:
        names: the cells of the header.
        known: all columns that such a file may have.
        required: those that it must have.
        reason: for the message: "has other columns than a dictionary".
        example: a valid file in a sentence, for the message.

    Raises:
        Unreadable: the file has other columns.
    """
    columns = [normalised_name(name) for name in names]
    while columns and not columns[-1]:  # spreadsheets leave empty columns at the end
        columns.pop()
    wrong = not set(required) <= set(columns) <= set(known)
    if wrong or len(set(columns)) < len(columns) or len(columns) < 2:
        found = ", ".join(repr(name[:40]) for name in names[:20]) or "none"
        raise Unreadable(f"{reason} (its columns: {found}).", example)
    return columns


def _dialect(header: str, known: Collection[str]) -> Dialect:
    headers = {delimiter: next(csv.reader([header], delimiter=delimiter), []) for delimiter in ",;\t|"}

    def known_names(delimiter: str) -> tuple[int, int]:
        names = headers[delimiter]
        return sum(squeezed_name(name) in known for name in names), len(names)

    delimiter = max(headers, key=known_names)
    return Dialect(delimiter, any(name.startswith(" ") for name in headers[delimiter][1:]))


def _records(lines: list[str], dialect: Dialect, words: Collection[str], skipped: int) -> Iterator[list[str]]:
    """The records of lines; ``skipped``: the number of lines before them in the file."""
    reader, header, start = dialect.reader(lines), None, 0
    try:
        for record in reader:
            header = header or RowPattern(record, dialect, words)
            if reader.line_num - start > 1 or reader.line_num == len(lines):
                check_quotes(lines[start : reader.line_num], record, header, skipped + start)
            start = reader.line_num
            yield record
    except csv.Error as error:
        reason = f"is not CSV: the record that begins in line {skipped + start + 1} has a {error}."
        raise Unreadable(reason, "Close its quote, or shorten it.") from None
