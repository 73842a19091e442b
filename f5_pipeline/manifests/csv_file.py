"""Decoding of text files, and the names of columns. ``csv_records`` splits a text into cells.

Lenient about form (byte order mark, line endings), strict where a guess would change what is spoken.
"""

from __future__ import annotations

import re

_MAGIC_BYTES = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK": "a spreadsheet or zip file",
    b"%PDF": "a PDF",
    b"{\\rtf": "RTF",
}
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
        text = data.decode().lstrip("\ufeff")  # programs that do not expect the mark add a second one
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"is not UTF-8: line {line} has the byte 0x{data[error.start]:02x} (at byte {error.start})."
        raise Unreadable(reason, _SAVE_AS_UTF8) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Unreadable(f"has a NUL character in line {line}: it is not a text file.", _SAVE_AS_UTF8)
    return text


def normalised_name(column: str) -> str:
    """A column name in lower case, with underscores: "Pause after seconds" becomes "pause_after_seconds"."""
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def squeezed_name(column: str) -> str:
    """A column name in lower case, without separators: "String ID" becomes "stringid"."""
    return normalised_name(column).replace("_", "")
