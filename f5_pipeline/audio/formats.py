"""Which audio formats there are, and what each can have: sample rates, channels, bit depths, bit rates.

A table and its checks, so that settings that cannot be are refused before anything is spoken. How files are written
is ``delivery``'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.errors import BadEncoding

Bitrates = Callable[[int, int], Sequence[int]]  # (sample rate, channels) → kbit/s


@dataclass(frozen=True)
class Format:
    """One audio format: how libsndfile calls it, what it allows."""

    container: str  # libsndfile's major format; "": written by PyAV
    subtype: str
    sample_rates: tuple[int, ...] = ()  # Hz; empty: any
    bit_depths: tuple[int, ...] = ()  # empty: lossy. 32 is floating point
    bitrates: Bitrates | None = None  # None: cannot be chosen
    compression_level: float | None = None  # of libsndfile, 0 … 1; None: its default


def _mp3_bitrates(sample_rate: int, channels: int) -> Sequence[int]:
    """The standard's own: each version of MPEG has a table."""
    if sample_rate >= 32_000:
        return (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    low = (8, 16, 24, 32, 40, 48, 56, 64)
    return low if sample_rate < 16_000 else (*low, 80, 96, 112, 128, 144, 160)


def _opus_bitrates(sample_rate: int, channels: int) -> Sequence[int]:
    return range(6 * channels, 256 * channels + 1)


def _aac_bitrates(sample_rate: int, channels: int) -> Sequence[int]:
    """At most 6144 bits for a frame of 1024 samples, by the standard."""
    return range(16 * channels, 6 * sample_rate // 1000 * channels + 1)


# libsndfile's default for Opus (36 kbit/s) takes a codec mode that is 2.5 times slower; 0.78 is about 60 kbit/s.
_OPUS_LEVEL = 0.78
_MPEG = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_AAC = (*_MPEG, 64_000, 88_200, 96_000)
FORMATS: dict[str, Format] = {
    "wav": Format("WAV", "PCM", bit_depths=(16, 24, 32)),
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
}


@dataclass(frozen=True)
class Encoding:
    """How a delivered file is written.

    Raises:
        BadEncoding: the format is unknown, or cannot have this sample rate, bit depth, bit rate or number of channels.
    """

    format: str
    sample_rate: int = SAMPLE_RATE  # Hz
    channels: int = 1  # 2: the mono signal on both
    bit_depth: int | None = None  # of the lossless formats; None: 16
    bitrate_kbps: int | None = None  # of the whole file; None: what suits speech, variable where the format can

    def __post_init__(self) -> None:
        known = FORMATS.get(self.format)
        if known is None:
            raise BadEncoding(self.format, "is not a known format", f"Choose one of: {', '.join(FORMATS)}.")
        if self.sample_rate <= 0 or (known.sample_rates and self.sample_rate not in known.sample_rates):
            allowed = ", ".join(map(str, known.sample_rates)) or "any positive number"
            self._refuse(f"a sample_rate of {self.sample_rate} Hz", f"It can have: {allowed}.")
        if self.channels not in (1, 2):
            self._refuse(f"{self.channels} channels", "Choose 1 or 2.")
        if self.bit_depth is not None and self.bit_depth not in known.bit_depths:
            self._refuse(f"a bit_depth of {self.bit_depth}", _bit_depth_fix(known))
        self._check_bitrate(known)

    def _check_bitrate(self, known: Format) -> None:
        if self.bitrate_kbps is None:
            return
        if known.bitrates is None:
            choosable = ", ".join(name for name, each in FORMATS.items() if each.bitrates)
            self._refuse("a bitrate_kbps", f"Leave it out; these formats have one: {choosable}.")
        elif self.bitrate_kbps not in (allowed := known.bitrates(self.sample_rate, self.channels)):
            many = f"{allowed[0]} to {allowed[-1]}" if isinstance(allowed, range) else ", ".join(map(str, allowed))
            what = f"a bitrate_kbps of {self.bitrate_kbps} at {self.sample_rate} Hz and channels = {self.channels}"
            self._refuse(what, f"It can have: {many}.")

    def _refuse(self, what: str, fix: str) -> None:
        raise BadEncoding(self.format, f"cannot have {what}", fix)

    def about(self) -> str:
        """In a few words, for people: "MP3, 24 kHz, 64 kbit/s, stereo"."""
        words = [self.format.upper(), f"{self.sample_rate / 1000:g} kHz"]
        if self.bit_depth:
            words.append(f"{self.bit_depth} bit{' float' if self.bit_depth == 32 else ''}")
        if self.bitrate_kbps:
            words.append(f"{self.bitrate_kbps} kbit/s")
        return ", ".join([*words, "stereo"] if self.channels == 2 else words)


def _bit_depth_fix(known: Format) -> str:
    if known.bit_depths:
        return f"It can have: {', '.join(map(str, known.bit_depths))}."
    lossless = " or ".join(name for name, each in FORMATS.items() if each.bit_depths)
    return f"It is lossy: leave bit_depth out, or choose {lossless}."
