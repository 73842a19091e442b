"""Samples to files: WAV, FLAC, MP3, Opus, Ogg Vorbis and AAC, whole or piece by piece.

What is written where, and whether it has to be, is in ``deliver``; loudness and trimming come before, in
``loudness`` and ``edges``. libsndfile writes everything but AAC, for which PyAV is imported when first needed.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from f5_pipeline.errors import BadEncoding, EncoderMissing

#: Mono samples, float32, nominally within -1 … 1, shape [samples].
Samples = npt.NDArray[np.float32]

#: Raise this by hand when the bytes written for the same encoding should change (a bit rate, a container option).
ENCODER_VERSION = 1


@dataclass(frozen=True)
class Format:
    """One audio format: how libsndfile calls it, what it allows."""

    media_type: str
    container: str  # libsndfile's major format; "" : written by PyAV
    subtype: str
    sample_rates: tuple[int, ...] = ()  # Hz; empty: any
    compression_level: float | None = None  # of libsndfile, 0 … 1; None: its default
    lossless: bool = False


# libsndfile's default for Opus (36 kbit/s) takes a codec mode that is 2.5 times slower; 0.78 is about 60 kbit/s.
_OPUS_LEVEL = 0.78
_MPEG = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
FORMATS: dict[str, Format] = {
    "wav": Format("audio/wav", "WAV", "PCM", lossless=True),
    "flac": Format("audio/flac", "FLAC", "PCM", lossless=True),
    "mp3": Format("audio/mpeg", "MP3", "MPEG_LAYER_III", _MPEG),
    "opus": Format("audio/ogg", "OGG", "OPUS", (8_000, 12_000, 16_000, 24_000, 48_000), _OPUS_LEVEL),
    "ogg": Format("audio/ogg", "OGG", "VORBIS"),
    "m4a": Format("audio/mp4", "", "aac", (*_MPEG, 64_000, 88_200, 96_000)),
}
_AAC_BITS_PER_SECOND = 64_000  # for each channel: transparent for speech
_BLOCK = 65_536  # samples handed to libsndfile at once; its Ogg writer overflows the stack on very long ones


@dataclass(frozen=True)
class Encoding:
    """How a delivered file is written.

    Raises:
        BadEncoding: the format is unknown, or cannot have this sample rate, bit depth or number of channels.
    """

    format: str
    sample_rate: int = 24_000  # Hz
    channels: int = 1  # 2: the mono signal on both
    bit_depth: int = 16  # of the lossless formats

    def __post_init__(self) -> None:
        known = FORMATS.get(self.format)
        if known is None:
            raise BadEncoding(self.format, "is not a known format", f"Choose one of: {', '.join(FORMATS)}.")
        if self.sample_rate <= 0 or (known.sample_rates and self.sample_rate not in known.sample_rates):
            allowed = ", ".join(map(str, known.sample_rates)) or "any positive number"
            raise BadEncoding(
                self.format, f"cannot have a sample_rate of {self.sample_rate} Hz", f"It can have: {allowed}."
            )
        if self.bit_depth not in (16, 24):
            raise BadEncoding(self.format, f"cannot have {self.bit_depth} bits", "Choose 16 or 24.")
        if self.channels not in (1, 2):
            raise BadEncoding(self.format, f"cannot have {self.channels} channels", "Choose 1 or 2.")

    @property
    def media_type(self) -> str:
        return FORMATS[self.format].media_type


class AudioWriter(Protocol):
    """Writes one file piece by piece, so that an audiobook never has to be in memory. A context manager."""

    def write(self, samples: Samples) -> None:
        """Append mono samples at the encoding's sample rate, shape [samples]."""

    def __enter__(self) -> AudioWriter: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def open_writer(target: BinaryIO, encoding: Encoding) -> AudioWriter:
    """Start a file in ``target`` (seekable, open for reading and writing); leaving the context completes it.

    Raises:
        EncoderMissing: the format needs a package that is not installed.
    """
    return _SoundFileWriter(target, encoding) if FORMATS[encoding.format].container else _AacWriter(target, encoding)


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
        known = FORMATS[encoding.format]
        subtype = f"PCM_{encoding.bit_depth}" if known.subtype == "PCM" else known.subtype
        self._channels = encoding.channels
        self._file = soundfile.SoundFile(
            target,
            "w",
            encoding.sample_rate,
            encoding.channels,
            subtype=subtype,
            format=known.container,
            compression_level=known.compression_level,
        )

    def write(self, samples: Samples) -> None:
        for start in range(0, len(samples), _BLOCK):
            block = np.clip(samples[start : start + _BLOCK], -1.0, 1.0)
            self._file.write(np.repeat(block[:, None], self._channels, axis=1))

    def __enter__(self) -> AudioWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class _AacWriter:
    """AAC in an MPEG-4 file, through PyAV."""

    def __init__(self, target: BinaryIO, encoding: Encoding) -> None:
        self._av = _import_av(encoding.format)
        self._encoding = encoding
        self._container: Any = self._av.open(target, "w", format="ipod")
        self._stream: Any = self._container.add_stream("aac", rate=encoding.sample_rate)
        self._stream.layout = "mono" if encoding.channels == 1 else "stereo"
        self._stream.bit_rate = _AAC_BITS_PER_SECOND * encoding.channels
        self._position = 0  # samples

    def write(self, samples: Samples) -> None:
        for start in range(0, len(samples), _BLOCK):
            block = np.clip(samples[start : start + _BLOCK], -1.0, 1.0)
            planes = np.repeat(block[None, :], self._encoding.channels, axis=0)
            frame = self._av.AudioFrame.from_ndarray(planes, "fltp", self._stream.layout.name)
            frame.sample_rate = self._encoding.sample_rate
            frame.pts, frame.time_base = self._position, Fraction(1, self._encoding.sample_rate)
            self._position += len(block)
            self._container.mux(self._stream.encode(frame))

    def __enter__(self) -> AudioWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()


def _import_av(format: str) -> Any:
    try:
        import av
    except ImportError:
        raise EncoderMissing(format, "PyAV", "m4a") from None
    return av
