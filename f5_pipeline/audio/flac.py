"""A clip as bytes: lossless FLAC, 24 kHz, mono, 16 bit, with its facts inside, so that damage is detectable.

The facts are JSON in FLAC's comment tag, within the first kilobytes of the file. They hold the length of the file in
bytes, which reveals truncation without reading it, and a CRC-32 of the file, which reveals any changed byte.
``results.clips`` stores the clips.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import soundfile

from f5_pipeline.audio.samples import SAMPLE_RATE

HEAD_BYTES = 8192  # enough for the facts of most clips

Facts = Mapping[str, float | int | str]

_BYTES_FIELD = '"clip_bytes":'
_BYTES_WIDTH = 12
_CRC_FIELD = '"crc32":'
_NO_CRC = "0" * 8  # in the file's place of the CRC-32 while it is computed
_COMMENT = b"comment="
_CRC = re.compile(r"[0-9a-f]{8}")


class NotWhole(ValueError):
    """The bytes are not a complete clip; the message says why."""


@dataclass(frozen=True)
class Head:
    """The header of a clip."""

    key: str
    size: int  # of the file, in bytes
    frames: int  # samples
    md5: str  # of the samples as 16-bit little-endian integers
    crc32: str = ""  # of the file, 8 hexadecimal digits; "": an early clip, which has none
    facts: Facts = field(default_factory=dict)


def encode(key: str, samples: np.ndarray, facts: Facts) -> bytes:
    """A clip as the bytes of a FLAC file.

    Args:
        key: the clip key, stored inside so that a misplaced file is noticed.
        samples: float, mono, 24 kHz, shape [samples], in [-1, 1]; values outside are clipped.
        facts: metadata to store with the clip.

    Raises:
        NotWhole: there are no samples, or some are not finite.
    """
    if samples.ndim != 1 or samples.size == 0:
        raise NotWhole(f"it has shape {samples.shape}, and should be one channel of at least one sample")
    if not np.isfinite(samples).all():
        raise NotWhole("some of its samples are not finite numbers")
    pcm = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2")
    comment = json.dumps({"key": key, "facts": dict(facts)}, allow_nan=False, separators=(",", ":"))
    placeholder = f"{comment[:-1]},{_BYTES_FIELD}{0:>{_BYTES_WIDTH}},{_crc_field(_NO_CRC)}}}"
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", SAMPLE_RATE, 1, "PCM_16", format="FLAC") as file:
        file.comment = placeholder
        file.write(pcm)
    return _with_size_and_crc(buffer.getvalue())


def _with_size_and_crc(data: bytes) -> bytes:
    """Fill in the length of the file and its CRC-32; FLAC's metadata has no checksum that this would break."""
    end = f",{_crc_field(_NO_CRC)}}}"
    placeholder = f"{_BYTES_FIELD}{0:>{_BYTES_WIDTH}}{end}".encode("ascii")
    filled = f"{_BYTES_FIELD}{len(data):>{_BYTES_WIDTH}}{end}".encode("ascii")
    data = data.replace(placeholder, filled, 1)
    return data.replace(filled, filled.replace(_NO_CRC.encode("ascii"), f"{zlib.crc32(data):08x}".encode("ascii")), 1)


def _crc_field(crc: str) -> str:
    return f'{_CRC_FIELD}"{crc}"'


def _has_crc(data: bytes, crc: str) -> bool:
    """True if a file has the CRC-32 that its comment states; computed with zeros in the place of the CRC-32."""
    stated, zeros = _crc_field(crc).encode("ascii"), _crc_field(_NO_CRC).encode("ascii")
    before, found, after = data.partition(stated)
    return bool(found) and f"{zlib.crc32(after, zlib.crc32(zeros, zlib.crc32(before))):08x}" == crc


def decode(data: bytes) -> tuple[np.ndarray, Head]:
    """The samples (float32, shape [samples]) and the header of a complete clip.

    Raises:
        NotWhole: the bytes are truncated or changed, or not a clip of this product.
    """
    head = read_head(data)
    if head is None or head.size != len(data):
        raise NotWhole(f"it has {len(data)} bytes instead of {head.size if head else 'more'}")
    if head.crc32 and not _has_crc(data, head.crc32):
        raise NotWhole("its bytes differ from what was stored")
    try:
        pcm, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    except soundfile.SoundFileError as error:
        raise NotWhole(f"FLAC says: {error}") from None
    if rate != SAMPLE_RATE or hashlib.md5(pcm.tobytes(), usedforsecurity=False).hexdigest() != head.md5:
        raise NotWhole("its audio differs from what was stored")
    return pcm.astype(np.float32) / 32768.0, head


def read_head(data: bytes) -> Head | None:
    """The header of a clip from its first bytes; None if more bytes are needed.

    Raises:
        NotWhole: the bytes are not a clip of this product.
    """
    try:
        blocks = _metadata_blocks(data)
        info = blocks.get(0, b"")
        record = json.loads(_comment(blocks.get(4, b"")))
        frames = int.from_bytes(info[13:18], "big") & 0xF_FFFF_FFFF
        crc = _stated_crc(record)
        return Head(record["key"], record["clip_bytes"], frames, info[18:34].hex(), crc, record["facts"])
    except _MoreNeeded:
        return None
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise NotWhole("it is not a clip of this product") from error


def _stated_crc(record: Mapping[str, object]) -> str:
    """The CRC-32 in a clip's comment; "" for an early clip. Raises ValueError for any other comment."""
    if record.keys() == {"key", "facts", "clip_bytes"}:
        return ""
    crc = record["crc32"]
    if not (isinstance(crc, str) and _CRC.fullmatch(crc)):
        raise ValueError("not a CRC-32")
    return crc


class _MoreNeeded(Exception):
    """The metadata is longer than the given bytes."""


def _metadata_blocks(data: bytes) -> dict[int, bytes]:
    """The metadata blocks of a FLAC file by type (0: STREAMINFO, 4: VORBIS_COMMENT)."""
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
    """The value of ``COMMENT=`` in a VORBIS_COMMENT block (little-endian lengths, each before its text)."""
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
