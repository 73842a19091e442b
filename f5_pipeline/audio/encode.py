"""Samples to files: WAV, FLAC, MP3, Opus, Ogg Vorbis, AAC and telephone formats, at once or block by block.

What each format allows is in ``audio.formats``; AAC, which needs PyAV, is in ``audio.aac``. Loudness and trimming come
before, in ``audio.loudness`` and ``audio.trim``; which files are written is decided in ``delivery.deliver``.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
import soundfile
import soxr

from f5_pipeline.audio.aac import AacWriter
from f5_pipeline.audio.formats import FORMATS, Encoding
from f5_pipeline.audio.samples import Samples
from f5_pipeline.audio.tags import NO_TAGS, Tags, id3_tag
from f5_pipeline.audio.writer import BLOCK, AudioWriter

#: Raise this by hand when the same encoding should produce different bytes (a bit rate, a container option).
ENCODER_VERSION = 3

_TAGS_AT = {"wav": "end", "flac": "start", "ogg": "start", "opus": "start"}  # where libsndfile writes tags
_STRINGS = {"track": "tracknumber"}  # names of ``Tags.texts`` → those of soundfile
_MAX_COMPRESSION_LEVEL = 0.9999  # libsndfile refuses 1


def open_writer(target: BinaryIO, encoding: Encoding, tags: Tags = NO_TAGS) -> AudioWriter:
    """Start a file in ``target``; leaving the context completes it.

    Args:
        target: seekable, open for reading and writing.
        encoding: format, sample rate, channels, bit depth and bit rate of the file.
        tags: formats without tags ignore them.

    Raises:
        EncoderMissing: the format needs a package that is not installed.
    """
    if FORMATS[encoding.format].container:
        return _SoundFileWriter(target, encoding, tags)
    return AacWriter(target, encoding, tags)


def encode(samples: Samples, sample_rate: int, encoding: Encoding, tags: Tags = NO_TAGS) -> bytes:
    """A complete file as bytes.

    Args:
        samples: shape [samples], at ``sample_rate``; resampled to the rate of ``encoding``.
        sample_rate: Hz.
        encoding: format, sample rate, channels, bit depth and bit rate of the file.
        tags: formats without tags ignore them.

    Raises:
        EncoderMissing: the format needs a package that is not installed.
    """
    target = io.BytesIO()
    with open_writer(target, encoding, tags) as writer:
        writer.write(resample(samples, sample_rate, encoding.sample_rate))
    return target.getvalue()


def resample(samples: Samples, sample_rate: int, target_rate: int) -> Samples:
    """The samples at another sample rate, by soxr's high-quality filter. Both rates are in Hz."""
    if sample_rate == target_rate or samples.size == 0:
        return samples
    return np.asarray(soxr.resample(samples, sample_rate, target_rate, quality="HQ"), dtype=np.float32)


class _SoundFileWriter:
    """Writes the formats of libsndfile."""

    def __init__(self, target: BinaryIO, encoding: Encoding, tags: Tags) -> None:
        self._channels, self._tags, self._tags_at = encoding.channels, tags, _TAGS_AT.get(encoding.format)
        if encoding.format == "mp3":
            target.write(id3_tag(tags))
        self._target = _Target(target)
        self._file = soundfile.SoundFile(
            self._target, "w", encoding.sample_rate, encoding.channels, **_libsndfile(encoding)
        )
        if self._tags_at == "start":
            self._write_tags()

    def _write_tags(self) -> None:
        for name, text in self._tags.texts.items():
            setattr(self._file, _STRINGS.get(name, name), text.encode("utf-8", "replace").decode())

    def write(self, samples: Samples) -> None:
        for start in range(0, len(samples), BLOCK):
            block = np.clip(samples[start : start + BLOCK], -1.0, 1.0)
            try:
                self._file.write(np.repeat(block[:, None], self._channels, axis=1))
            finally:
                self._target.check()

    def __enter__(self) -> AudioWriter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._tags_at == "end":
            self._write_tags()
        self._file.close()
        self._target.check()


class _Target:
    """A file object for libsndfile, which swallows Python exceptions: keeps an error such as a full disk for later.

    For libsndfile the file begins at the present position, after an ID3 tag.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._start = file, file.tell()
        self._error: OSError | None = None
        self.readinto = file.readinto  # type: ignore[attr-defined]

    def tell(self) -> int:
        return self._file.tell() - self._start

    def write(self, data: bytes) -> int:
        return self._attempt(self._file.write, data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Seek; a buffered file may write here, too."""
        from_start = whence == os.SEEK_SET
        return self._attempt(self._file.seek, offset + (self._start if from_start else 0), whence) - self._start

    def check(self) -> None:
        """Raise the error that a write or seek met, if any."""
        if self._error is not None:
            raise self._error

    def _attempt(self, call: Callable[..., int], *arguments: Any) -> int:
        try:
            return call(*arguments) if self._error is None else 0
        except OSError as error:
            self._error = error
            return 0


def _libsndfile(encoding: Encoding) -> dict[str, Any]:
    """The encoding as arguments of ``soundfile.SoundFile``."""
    format, bitrate = FORMATS[encoding.format], encoding.bitrate_kbps
    options = {
        "format": format.container,
        "subtype": _subtype(encoding),
        "endian": "LITTLE" if format.container == "RAW" else "FILE",
        "compression_level": format.compression_level,
    }
    if bitrate is None or format.bitrates is None:
        return options
    # libsndfile takes no bit rate, only a position between the highest (0) and the lowest (1).
    allowed = format.bitrates(encoding.sample_rate, encoding.channels)
    options["compression_level"] = min(_MAX_COMPRESSION_LEVEL, (allowed[-1] - bitrate) / (allowed[-1] - allowed[0]))
    return options | ({"bitrate_mode": "CONSTANT"} if encoding.format == "mp3" else {})


def _subtype(encoding: Encoding) -> str:
    """libsndfile's name of the encoding of the samples."""
    if encoding.codec != "pcm":
        return encoding.codec.upper()
    format = FORMATS[encoding.format]
    if not format.bit_depths:
        return format.subtype
    return "FLOAT" if encoding.bit_depth == 32 else f"PCM_{encoding.bit_depth or 16}"
