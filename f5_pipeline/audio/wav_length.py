"""WAV files whose header states less audio than they hold: 0 bytes from a pipe, or the state of an earlier moment.

A program that cannot go back to the header leaves 0 there, one that crashed an older length. libsndfile believes
both. It reads a file that is shorter than its header, so that case needs nothing.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import BinaryIO

_MIN_REST = 4096  # bytes; less after the samples is padding, or the tag of another program
_CHUNK = struct.Struct("<4sI")


def with_true_length(path: Path) -> Path | mmap.mmap:
    """The file to read: ``path``, or its content in memory with a header that covers all samples.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        position = _understated_data(file, size)
        if position is None:
            return path
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)  # pages are read when needed, and never written
    content[4:8] = struct.pack("<I", size - 8)
    content[position + 4 : position + 8] = struct.pack("<I", size - position - 8)
    return content


def _understated_data(file: BinaryIO, size: int) -> int | None:
    """The position of the data chunk if samples follow its stated end; None in a correct or another file."""
    head = file.read(12)
    if not (head.startswith(b"RIFF") and head.endswith(b"WAVE")):
        return None
    position = 12
    while position + 8 <= size:
        file.seek(position)
        kind, length = _CHUNK.unpack(file.read(8))
        end = position + 8 + length + length % 2
        if kind == b"data":
            return position if size - end >= _MIN_REST and not _is_chunk(file, end, size) else None
        position = end
    return None


def _is_chunk(file: BinaryIO, position: int, size: int) -> bool:
    """True if a chunk begins here: a name of printable ASCII, and a length that fits into the file."""
    file.seek(position)
    name, length = _CHUNK.unpack(file.read(8))
    return all(0x20 <= byte < 0x7F for byte in name) and position + 8 + length <= size
