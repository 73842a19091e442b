"""The audio profile of a batch: trimming, sample rate and loudness of its delivered files.

``audio.encode`` writes the files; ``audio.trim`` and ``audio.loudness`` do the signal processing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from f5_pipeline.audio.aac import import_av
from f5_pipeline.audio.encode import ENCODER_VERSION, resample
from f5_pipeline.audio.formats import FORMATS, Encoding
from f5_pipeline.audio.loudness import LOUDNESS_VERSION, Loudness, normalise_loudness
from f5_pipeline.audio.samples import Samples
from f5_pipeline.audio.trim import TRIM_VERSION, Trimmed, TrimSettings, trim_silence
from f5_pipeline.manifests.batch_settings import BatchSettings


@dataclass(frozen=True)
class AudioProfile:
    """Everything that determines the audio of a delivered file, apart from its clip."""

    encoding: Encoding
    loudness: Loudness | None  # None: keep the loudness of the clip
    trim: TrimSettings

    def fingerprint_parts(self) -> list[object]:
        """The profile as plain values, for a fingerprint."""
        versions = [ENCODER_VERSION, LOUDNESS_VERSION, TRIM_VERSION]
        parts = (self.encoding, self.loudness, self.trim)
        return [versions, *(None if part is None else asdict(part) for part in parts)]

    def describe(self) -> str:
        """A short description for people: "MP3, 24 kHz, −19 LUFS, true peak at most −1 dBTP"."""
        words = [self.encoding.describe()]
        if self.loudness is None:
            return ", ".join([*words, "as loud as spoken"])
        levels = f"{self.loudness.target_lufs:g} LUFS", f"true peak at most {self.loudness.true_peak_db:g} dBTP"
        return ", ".join([*words, *levels]).replace("-", "−")


def profile_of(settings: BatchSettings, encoding: Encoding | None = None) -> AudioProfile:
    """The profile of a batch; ``encoding`` replaces the batch's own, as for the audiobook."""
    target = settings.loudness_lufs
    loudness = None if target is None else Loudness(target, settings.true_peak_db, channels=settings.channels)
    return AudioProfile(encoding or settings.encoding, loudness, settings.trim)


def check_encoders(settings: BatchSettings) -> None:
    """Check that this machine can write the formats of a batch, before synthesis or delivery starts.

    Raises:
        EncoderMissing: a package is not installed.
    """
    for encoding in filter(None, (settings.encoding, settings.book_encoding)):
        if not FORMATS[encoding.format].container:
            import_av(encoding.format)


def apply_profile(samples: Samples, sample_rate: int, profile: AudioProfile) -> Trimmed:
    """A clip, shape [samples], trimmed and at the profile's sample rate and loudness."""
    trimmed = trim_silence(samples, sample_rate, profile.trim)
    resampled = resample(trimmed.samples, sample_rate, profile.encoding.sample_rate)
    if (loudness := profile.loudness) is not None:
        below = replace(loudness, true_peak_db=loudness.true_peak_db - profile.encoding.peak_rise_db)
        resampled = normalise_loudness(resampled, profile.encoding.sample_rate, below)
    return Trimmed(resampled, trimmed.cut_before)
