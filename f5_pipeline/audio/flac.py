"""A clip as bytes: lossless FLAC, 24 kHz, mono, 16 bit, which carries its own facts and can prove that it is whole.

The facts are JSON in FLAC's own comment tag, near the beginning, so that the first few kilobytes tell them. They
hold the clip's length in bytes, which shows a cut file; FLAC's MD5 of the samples shows an altered one. Where clips
are kept is ``clips``' business.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import soundfile

from f5_pipeline.audio.samples import SAMPLE_RATE

HEAD_BYTES = 8192  # what is worth reading first to find the facts

Facts = Mapping[str, float | int | str]

_BYTES_FIELD = '"clip_bytes":'
_BYTES_WIDTH = 12
_COMMENT = b"comment="


class NotWhole(ValueError):
    """Bytes that are not a whole clip; the text says why."""


@dataclass(frozen=True)
class Head:
    """What the beginning of a clip says."""

    key: str
    size: int  # bytes of the whole file
    frames: int  # samples
    md5: str  # of the samples as 16-bit little-endian integers
    facts: Facts = field(default_factory=dict)


def encode(key: str, samples: np.ndarray, facts: Facts) -> bytes:
    """One clip as FLAC.

    Args:
        key: the clip key, repeated inside so that a misplaced file is noticed.
        samples: float, mono, shape (n,), in [-1, 1]; what is outside is clipped.
        facts: what to remember of the clip.

    Raises:
        NotWhole: there are no samples, or some are not finite.
    """
    if samples.ndim != 1 or samples.size == 0:
        raise NotWhole(f"it has shape {samples.shape}, and should be one channel of at least one sample")
    if not np.isfinite(samples).all():
        raise NotWhole("some of its samples are not finite numbers")
    pcm = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2")
    comment = json.dumps({"key": key, "facts": dict(facts)}, allow_nan=False, separators=(",", ":"))
    placeholder = f"{comment[:-1]},{_BYTES_FIELD}{0:>{_BYTES_WIDTH}}}}"
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", SAMPLE_RATE, 1, "PCM_16", format="FLAC") as file:
        file.comment = placeholder
        file.write(pcm)
    return _with_size(buffer.getvalue())


def _with_size(data: bytes) -> bytes:
    """Fill in the length; FLAC's metadata has no checksum that this would break."""
    mark = f"{_BYTES_FIELD}{0:>{_BYTES_WIDTH}}}}".encode("ascii")
    filled = f"{_BYTES_FIELD}{len(data):>{_BYTES_WIDTH}}}}".encode("ascii")
    return data.replace(mark, filled, 1)


def decode(data: bytes) -> tuple[np.ndarray, Head]:
    """The samples (float32, shape (n,)) and the head of a whole clip.

    Raises:
        NotWhole: the bytes are cut short, altered, or no clip of ours.
    """
    head = read_head(data)
    if head is None or head.size != len(data):
        raise NotWhole(f"it has {len(data)} bytes instead of {head.size if head else 'more'}")
    try:
        pcm, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    except soundfile.SoundFileError as error:
        raise NotWhole(f"FLAC says: {error}") from None
    if rate != SAMPLE_RATE or hashlib.md5(pcm.tobytes(), usedforsecurity=False).hexdigest() != head.md5:
        raise NotWhole("its sound is not what was stored")
    return pcm.astype(np.float32) / 32768.0, head


def read_head(data: bytes) -> Head | None:
    """The head of a clip from its first bytes; None if more of them are needed.

    Raises:
        NotWhole: this is no clip of ours.
    """
    try:
        blocks = _metadata_blocks(data)
        info = blocks.get(0, b"")
        record = json.loads(_comment(blocks.get(4, b"")))
        frames = int.from_bytes(info[13:18], "big") & 0xF_FFFF_FFFF
        return Head(record["key"], record["clip_bytes"], frames, info[18:34].hex(), record["facts"])
    except _MoreNeeded:
        return None
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise NotWhole("it is not a clip of this product") from error


class _MoreNeeded(Exception):
    """The metadata goes on after the bytes at hand."""


def _metadata_blocks(data: bytes) -> dict[int, bytes]:
    """FLAC's metadata blocks by type (0: stream info, 4: comments)."""
    if not b"fLaC".startswith(data[:4]):
        raise ValueError("not FLAC")
    blocks: dict[int, bytes] = {}
    position, last = 4, False
    while not last:
        kind, length = data[position : position + 1], int.from_bytes(data[position + 1 : position + 4], "big")
        if len(data) < position + 4 + length or not kind:
            raise _MoreNeeded
        last = bool(kind[0] & 0x80)
        blocks[kind[0] & 0x7F] = data[position + 4 : position + 4 + length]
        position += 4 + length
    return blocks


def _comment(block: bytes) -> bytes:
    """The value of ``COMMENT=`` in a block of comments (little-endian lengths, each before its text)."""
    (vendor,) = struct.unpack_from("<I", block)
    (count,) = struct.unpack_from("<I", block, 4 + vendor)
    position = 8 + vendor
    for _ in range(count):
        (length,) = struct.unpack_from("<I", block, position)
        entry = block[position + 4 : position + 4 + length]
        if entry[: len(_COMMENT)].lower() == _COMMENT:
            return entry[len(_COMMENT) :]
        position += 4 + length
    raise ValueError("no comment")
