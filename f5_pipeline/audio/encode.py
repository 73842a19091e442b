"""Samples to files: WAV, FLAC, MP3, Opus, Ogg Vorbis and AAC, whole or piece by piece.

What a format can have is in ``speech.manifests.formats``; AAC, which needs PyAV, in ``aac``. What is written where,
and whether it has to be, is in ``deliver``; loudness and trimming come before, in ``loudness`` and ``edges``.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
import soundfile
import soxr

from f5_pipeline.audio.aac import AacWriter
from f5_pipeline.audio.formats import FORMATS, Encoding
from f5_pipeline.audio.samples import Samples
from f5_pipeline.audio.writer import BLOCK, AudioWriter

#: Raise this by hand when the bytes written for the same encoding should change (a bit rate, a container option).
ENCODER_VERSION = 2

_LOWEST = 0.9999  # of libsndfile's compression levels: it refuses 1


def open_writer(target: BinaryIO, encoding: Encoding) -> AudioWriter:
    """Start a file in ``target`` (seekable, open for reading and writing); leaving the context completes it.

    Raises:
        EncoderMissing: the format needs a package that is not installed.
    """
    if FORMATS[encoding.format].container:
        return _SoundFileWriter(target, encoding)
    return AacWriter(target, encoding)


def encode(samples: Samples, sample_rate: int, encoding: Encoding) -> bytes:
    """One whole file. ``samples`` has the shape [samples] at ``sample_rate``; it is resampled as needed.

    Raises:
        EncoderMissing: the format needs a package that is not installed.
    """
    target = io.BytesIO()
    with open_writer(target, encoding) as writer:
        writer.write(resample(samples, sample_rate, encoding.sample_rate))
    return target.getvalue()


def resample(samples: Samples, sample_rate: int, wanted: int) -> Samples:
    """The same sound at another sample rate, with soxr's high-quality filter."""
    if sample_rate == wanted or samples.size == 0:
        return samples
    return np.asarray(soxr.resample(samples, sample_rate, wanted, quality="HQ"), dtype=np.float32)


class _SoundFileWriter:
    """All formats of libsndfile."""

    def __init__(self, target: BinaryIO, encoding: Encoding) -> None:
        self._channels = encoding.channels
        self._target = _Target(target)
        self._file = soundfile.SoundFile(
            self._target, "w", encoding.sample_rate, encoding.channels, **_libsndfile(encoding)
        )

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
        self._file.close()
        self._target.check()


class _Target:
    """A file for libsndfile, which cannot pass on an exception of Python's: a full disk is remembered, then raised."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._trouble: OSError | None = None
        self.readinto, self.tell = file.readinto, file.tell  # type: ignore[attr-defined]

    def write(self, data: bytes) -> int:
        return self._attempt(self._file.write, data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Of a buffered file it may write, too."""
        return self._attempt(self._file.seek, offset, whence)

    def check(self) -> None:
        """Raise what went wrong, if something did."""
        if self._trouble is not None:
            raise self._trouble

    def _attempt(self, call: Callable[..., int], *arguments: Any) -> int:
        try:
            return call(*arguments) if self._trouble is None else 0
        except OSError as error:
            self._trouble = error
            return 0


def _libsndfile(encoding: Encoding) -> dict[str, Any]:
    """What libsndfile calls an encoding."""
    known, bitrate = FORMATS[encoding.format], encoding.bitrate_kbps
    subtype = known.subtype
    if known.bit_depths:
        subtype = "FLOAT" if encoding.bit_depth == 32 else f"PCM_{encoding.bit_depth or 16}"
    options = {"format": known.container, "subtype": subtype, "compression_level": known.compression_level}
    if bitrate is None or known.bitrates is None:
        return options
    # libsndfile knows no bit rates, only the way from the highest (0) to the lowest (1).
    allowed = known.bitrates(encoding.sample_rate, encoding.channels)
    options["compression_level"] = min(_LOWEST, (allowed[-1] - bitrate) / (allowed[-1] - allowed[0]))
    return options | ({"bitrate_mode": "CONSTANT"} if encoding.format == "mp3" else {})
