"""The audio formats and what each supports: sample rates, channels, bit depths, bit rates.

A table and its checks, so that impossible settings are refused before synthesis starts. ``audio.encode`` and
``audio.aac`` write the files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.errors import BadEncoding

Bitrates = Callable[[int, int], Sequence[int]]  # (sample rate, channels) → kbit/s


@dataclass(frozen=True)
class Format:
    """One audio format: its names in libsndfile, and what it supports."""

    container: str  # libsndfile's major format; "": PyAV writes it
    subtype: str  # "PCM": by bit depth
    sample_rates: tuple[int, ...] = ()  # Hz; empty: any
    bit_depths: tuple[int, ...] = ()  # empty: not configurable. 32 is floating point
    bitrates: Bitrates | None = None  # None: not configurable
    compression_level: float | None = None  # of libsndfile, 0 … 1; None: its default
    codecs: tuple[str, ...] = ("pcm",)  # other than "pcm": the choices of ``codec``
    max_channels: int = 2
    played_by_browsers: bool = True


def _mp3_bitrates(sample_rate: int, channels: int) -> Sequence[int]:
    """The tables of the standard: one for each version of MPEG."""
    if sample_rate >= 32_000:
        return (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    low = (8, 16, 24, 32, 40, 48, 56, 64)
    return low if sample_rate < 16_000 else (*low, 80, 96, 112, 128, 144, 160)


def _opus_bitrates(sample_rate: int, channels: int) -> Sequence[int]:
    return range(6 * channels, 256 * channels + 1)


def _aac_bitrates(sample_rate: int, channels: int) -> Sequence[int]:
    """The standard allows at most 6144 bits for a frame of 1024 samples of a channel."""
    return range(16 * channels, 6 * sample_rate // 1000 * channels + 1)


# libsndfile's default for Opus (36 kbit/s) selects a codec mode that is 2.5 times slower; 0.78 gives about 60 kbit/s.
_OPUS_LEVEL = 0.78
TELEPHONE_RATE = 8_000  # Hz, of µ-law and A-law as telephone networks carry them (ITU-T G.711)
_CODECS = ("pcm", "ulaw", "alaw")
# Quantisation in steps of up to 1/32 of full scale raises peaks: a half step at -1 dBFS is 0.15 dB, and peaks between
# samples rise by more.
_COMPANDING_RISE_DB = 0.3
_MPEG = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_AAC = (*_MPEG, 64_000, 88_200, 96_000)
FORMATS: dict[str, Format] = {
    "wav": Format("WAV", "PCM", bit_depths=(16, 24, 32), codecs=_CODECS),
    "flac": Format("FLAC", "PCM", bit_depths=(16, 24)),
    "mp3": Format("MP3", "MPEG_LAYER_III", _MPEG, bitrates=_mp3_bitrates),
    "opus": Format(
        "OGG",
        "OPUS",
        (8_000, 12_000, 16_000, 24_000, 48_000),
        bitrates=_opus_bitrates,
        compression_level=_OPUS_LEVEL,
    ),
    "ogg": Format("OGG", "VORBIS"),
    "m4a": Format("", "aac", _AAC, bitrates=_aac_bitrates),
    "m4b": Format("", "aac", _AAC, bitrates=_aac_bitrates),
    "au": Format("AU", "PCM", bit_depths=(16, 24, 32), codecs=_CODECS, played_by_browsers=False),
    # Without a header, as Asterisk plays them: nothing in the file could state another rate or a second channel.
    "ulaw": Format("RAW", "ULAW", (TELEPHONE_RATE,), max_channels=1, played_by_browsers=False),
    "alaw": Format("RAW", "ALAW", (TELEPHONE_RATE,), max_channels=1, played_by_browsers=False),
    "sln": Format("RAW", "PCM_16", (TELEPHONE_RATE,), max_channels=1, played_by_browsers=False),
}


def default_sample_rate(format: str, codec: str) -> int:
    """The sample rate of a format and codec where none is set, in Hz: that of telephone networks, or that of clips."""
    return TELEPHONE_RATE if codec != "pcm" or FORMATS[format].sample_rates == (TELEPHONE_RATE,) else SAMPLE_RATE


@dataclass(frozen=True)
class Encoding:
    """The encoding of a delivered file.

    Raises:
        BadEncoding: the format is unknown, or does not support this codec, sample rate, bit depth, bit rate or number
            of channels.
    """

    format: str
    sample_rate: int = SAMPLE_RATE  # Hz
    channels: int = 1  # 2: the mono signal on both channels
    bit_depth: int | None = None  # lossless formats only; None: 16
    bitrate_kbps: int | None = None  # of all channels; None: a default for speech, variable where supported
    codec: str = "pcm"  # of wav and au; "ulaw" and "alaw" have 8 bits. Other formats have a codec of their own

    def __post_init__(self) -> None:
        format = FORMATS.get(self.format)
        if format is None:
            raise BadEncoding(self.format, "is not a known format", f"Choose one of: {', '.join(FORMATS)}.")
        if self.sample_rate <= 0 or (format.sample_rates and self.sample_rate not in format.sample_rates):
            allowed = ", ".join(map(str, format.sample_rates)) or "any positive number"
            self._refuse(f"a sample_rate of {self.sample_rate} Hz", f"It can have: {allowed}.")
        if not 1 <= self.channels <= format.max_channels:
            self._refuse(f"{self.channels} channels", "Choose 1 or 2." if format.max_channels == 2 else "Choose 1.")
        if self.codec not in format.codecs:
            choices = ", ".join(name for name, each in FORMATS.items() if self.codec in each.codecs)
            self._refuse(
                f"the codec {self.codec!r}", f"These formats have it: {choices}." if choices else "Leave it out."
            )
        if self.codec != "pcm" and self.bit_depth is not None:
            self._refuse(f"a bit_depth with the codec {self.codec!r}", "Leave bit_depth out: the codec has 8 bits.")
        if self.bit_depth is not None and self.bit_depth not in format.bit_depths:
            self._refuse(f"a bit_depth of {self.bit_depth}", _bit_depth_fix(format))
        self._check_bitrate(format)

    def _check_bitrate(self, format: Format) -> None:
        if self.bitrate_kbps is None:
            return
        if format.bitrates is None:
            configurable = ", ".join(name for name, each in FORMATS.items() if each.bitrates)
            self._refuse("a bitrate_kbps", f"Leave it out; these formats have one: {configurable}.")
        elif self.bitrate_kbps not in (allowed := format.bitrates(self.sample_rate, self.channels)):
            choices = f"{allowed[0]} to {allowed[-1]}" if isinstance(allowed, range) else ", ".join(map(str, allowed))
            what = f"a bitrate_kbps of {self.bitrate_kbps} at {self.sample_rate} Hz and channels = {self.channels}"
            self._refuse(what, f"It can have: {choices}.")

    def _refuse(self, what: str, fix: str) -> None:
        raise BadEncoding(self.format, f"cannot have {what}", fix)

    @property
    def peak_rise_db(self) -> float:
        """By how much the encoding may raise peaks, in dB; known for µ-law and A-law only."""
        companded = self.codec != "pcm" or FORMATS[self.format].subtype in ("ULAW", "ALAW")
        return _COMPANDING_RISE_DB if companded else 0.0

    def describe(self) -> str:
        """A short description for people: "MP3, 24 kHz, 64 kbit/s, stereo"."""
        name = self.format if self.codec == "pcm" else f"{self.format} {self.codec}"
        words = [name.upper(), f"{self.sample_rate / 1000:g} kHz"]
        if self.bit_depth:
            words.append(f"{self.bit_depth} bit{' float' if self.bit_depth == 32 else ''}")
        if self.bitrate_kbps:
            words.append(f"{self.bitrate_kbps} kbit/s")
        return ", ".join([*words, "stereo"] if self.channels == 2 else words)


def _bit_depth_fix(format: Format) -> str:
    if format.bit_depths:
        return f"It can have: {', '.join(map(str, format.bit_depths))}."
    lossless = " or ".join(name for name, each in FORMATS.items() if each.bit_depths)
    return f"Leave bit_depth out, or choose {lossless}."
