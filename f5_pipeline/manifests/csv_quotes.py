"""Quotes in CSV files: blanks around them, and quotes that take in rows that are not theirs.

``csv_records`` reads the records; ``Dialect`` says how a file separates its cells.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from f5_pipeline.manifests.csv_file import Unreadable, normalised_name

_LINE_BREAK = re.compile(r"\r\n?|\n")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")  # the comma in "1,000"
_WORD = re.compile(r"[A-Za-z0-9._/\\-]*")  # a cell that can be an id, a name, a number
_WORDS = re.compile(
    r"(?:\w[A-Za-z0-9._/\\-]*(?: [A-Za-z0-9._/\\-]+){0,2})?", re.ASCII
)  # or an id with blanks, a bad row
_AFTER_COMMA = re.compile(r"""["'”’»)]*(?:\s|$)""")  # in prose: '"Come in," he said.'
_CLOSE_QUOTE = 'Close it, or quote the whole cell and write the quote inside as "": """Come in,"" he said.".'


@dataclass(frozen=True)
class Dialect:
    """How a file separates its cells."""

    delimiter: str
    spaced: bool  # True if a blank follows the delimiter, as in "id, voice, text"

    def reader(self, lines: Iterable[str], strict: bool = False) -> Any:
        return csv.reader(lines, delimiter=self.delimiter, skipinitialspace=self.spaced, strict=strict)

    def unescaped(self, lines: list[str]) -> list[str]:
        r"""The lines with quotes doubled that a backslash escapes: databases write ``"He said \"no\"."``.

        A backslash can also end a cell. So lines change only if they are no CSV otherwise.
        """
        if not any('\\"' in line for line in lines) or self._are_strict(lines):
            return lines
        doubled = [line.replace('\\"', '""') for line in lines]
        return doubled if self._are_strict(doubled) else lines

    def _are_strict(self, lines: list[str]) -> bool:
        try:
            return all(True for _ in self.reader(lines, strict=True))
        except csv.Error:
            return False

    def prepared(self, lines: list[str]) -> list[str]:
        """The lines without the blanks before quotes: ``csv`` would take such a quote for a part of the text.

        In a file without such blanks in its header, only cells that end in the same line change.
        """
        before_quote = f'{self.delimiter} "'
        if self.spaced or not any(before_quote in line for line in lines):
            return lines
        # Inside a quoted cell of several lines, quotes are doubled, so that its lines do not match.
        delimiter = re.escape(self.delimiter)
        quoted, other = r'"(?!"(?!"))[^"]*(?:""[^"]*)*"', rf'(?! *")[^{delimiter}\r\n]*'
        cells = re.compile(rf"(?: *{quoted} *|{other})(?:{delimiter}(?: *{quoted} *|{other}))*[\r\n]*")
        blanks = re.compile(rf"({delimiter}) +({quoted}) *(?={self._end})")
        return [blanks.sub(r"\1\2", line) if before_quote in line and cells.fullmatch(line) else line for line in lines]

    def closed_up(self, lines: list[str]) -> list[str]:
        """The lines without the blanks after closing quotes."""
        return [self._blanks_after_quote.sub('"', line) if '" ' in line else line for line in lines]

    @cached_property
    def _blanks_after_quote(self) -> re.Pattern[str]:
        return re.compile(rf'" +(?={self._end})')

    @property
    def _end(self) -> str:
        """The pattern of what follows a cell."""
        return rf"{re.escape(self.delimiter)}|[\r\n]|$"


class RowPattern:
    """Recognises a line that is a row of its own, although it stands inside a quoted cell.

    Such a line has the delimiters of the header, and single words where the header has columns of words. Prose has
    commas, too, but a blank follows them, and a line of verse can end with one.
    """

    def __init__(self, header: Sequence[str], dialect: Dialect, words: Collection[str]) -> None:
        self.dialect, self._width = dialect, len(header)
        are_words = [normalised_name(name) in words for name in header]
        # Between the first and the last column of prose, unquoted delimiters can shift the cells of a line.
        self._left = next((at for at, is_word in enumerate(are_words) if not is_word), self._width)
        self._right = next((at for at, is_word in enumerate(reversed(are_words)) if not is_word), 0)
        self._is_spaced = dialect.spaced or dialect.delimiter in "\t|"  # blanks beside delimiters mean nothing
        self._first_word = _WORD if dialect.spaced else _WORDS  # "and sat, please" is prose

    def matches(self, line: str) -> bool:
        """True if the line is a row. In a file of one column, every line could be one, so that none is."""
        delimiter = self.dialect.delimiter
        if self._width < 2 or line.count(delimiter) < self._width - 1:
            return False
        cells = (_THOUSANDS.sub("", line) if delimiter == "," else line).split(delimiter)
        if len(cells) < self._width or self._is_prose(cells):
            return False
        words = cells[: self._left] + cells[len(cells) - self._right :]
        first, *others = [word.strip() if self._is_spaced else word for word in words] or [""]
        return bool(self._first_word.fullmatch(first)) and all(map(_WORD.fullmatch, others))

    def _is_prose(self, cells: list[str]) -> bool:
        """True if too few of the delimiters between these cells are those of a row, by the blanks after them."""
        if self._is_spaced:
            return False
        tight = sum(_AFTER_COMMA.match(cell) is None for cell in cells[1:])
        empty = cells[1:].count("")
        return tight + (empty if tight else 0) < self._width - 1


def check_quotes(lines: list[str], record: list[str], row: RowPattern, before: int) -> None:
    """Check the quotes of a record that spans several lines, or ends the file.

    Args:
        before: the number of lines before the record.

    Raises:
        Unreadable: a quote is never closed, or a quoted cell contains rows.
    """
    try:
        list(row.dialect.reader(row.dialect.closed_up(lines), strict=True))
    except csv.Error as error:
        # At the end of the data the quote is that of the last cell. Otherwise text follows the closing quote: in
        # a single line that is tolerated, but after a line break it is the opening quote of another row.
        if "end of data" in str(error):
            reason = f"has a quote in line {before + _opening_line(record, len(lines))} that is never closed."
            raise Unreadable(reason, _CLOSE_QUOTE) from None
        if len(lines) > 1:
            raise _took_in_rows(before + 1) from None
    for at in range(len(record) if len(lines) > 1 else 0):
        inner = [line for line in _whole_lines(record, at, row.dialect.delimiter) if line.strip()]
        if 2 * sum(map(row.matches, inner)) > len(inner):
            raise _took_in_rows(before + 1 + sum(len(_LINE_BREAK.findall(each)) for each in record[:at]))


def _whole_lines(record: list[str], at: int, delimiter: str) -> list[str]:
    """Those lines of a cell that would be a whole row if the cell had taken it in.

    The first line belongs to the cells before the cell. The last one belongs to the cells after it, too, but says
    nothing in the first column: every last line of a text there could be the beginning of a row.
    """
    first, *lines = _LINE_BREAK.split(record[at])
    if not lines:
        return []
    return [first, *lines[:-1]] if at == 0 else [*lines[:-1], delimiter.join((lines[-1], *record[at + 1 :]))]


def _opening_line(record: list[str], lines: int) -> int:
    """The line, from 1, in which the last cell of a record begins."""
    cell = record[-1]
    return lines - len(_LINE_BREAK.findall(cell)) + cell.endswith(("\r", "\n"))


def _took_in_rows(line: int) -> Unreadable:
    reason = f"has a quote in line {line} that is not closed in its row, so that rows below it become part of its text."
    return Unreadable(reason, _CLOSE_QUOTE)
