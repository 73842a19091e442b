"""From a clip as it was spoken to one as it is wanted: ends, sample rate, loudness. Files are ``encode``'s business."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from f5_pipeline.audio.aac import import_av
from f5_pipeline.audio.encode import ENCODER_VERSION, resample
from f5_pipeline.audio.formats import FORMATS, Encoding
from f5_pipeline.audio.loudness import LOUDNESS_VERSION, Loudness, to_loudness
from f5_pipeline.audio.samples import Samples
from f5_pipeline.audio.trim import TRIM_VERSION, Trimmed, TrimSettings, trim_silence
from f5_pipeline.manifests.batch_settings import BatchSettings


@dataclass(frozen=True)
class AudioProfile:
    """All that decides what a delivered file is like, given its clip."""

    encoding: Encoding
    loudness: Loudness | None  # None: as loud as it was spoken
    edges: TrimSettings

    def ingredients(self) -> list[object]:
        """As plain values, for a recipe."""
        versions = [ENCODER_VERSION, LOUDNESS_VERSION, TRIM_VERSION]
        parts = (self.encoding, self.loudness, self.edges)
        return [versions, *(None if part is None else asdict(part) for part in parts)]

    def about(self) -> str:
        """In a few words, for people: "MP3, 24 kHz, -19 LUFS, true peak at most -1 dBTP"."""
        words = [self.encoding.about()]
        if self.loudness is None:
            return ", ".join([*words, "as loud as spoken"])
        levels = f"{self.loudness.target_lufs:g} LUFS", f"true peak at most {self.loudness.true_peak_db:g} dBTP"
        return ", ".join([*words, *levels]).replace("-", "−")


def profile_of(settings: BatchSettings, encoding: Encoding | None = None) -> AudioProfile:
    """The shape that a batch's settings ask for; ``encoding``: of files that are not of the batch's format."""
    wanted = settings.loudness_lufs
    loudness = None if wanted is None else Loudness(wanted, settings.true_peak_db, channels=settings.channels)
    return AudioProfile(encoding or settings.encoding, loudness, _edges(settings))


def check_encoders(settings: BatchSettings) -> None:
    """Before anything is spoken or written: can this machine write what the settings ask for?

    Raises:
        EncoderMissing: a package is not installed.
    """
    for encoding in filter(None, (settings.encoding, settings.book_encoding)):
        if not FORMATS[encoding.format].container:
            import_av(encoding.format)


def _edges(settings: BatchSettings) -> TrimSettings:
    if settings.trim_silence is True:
        return TrimSettings(fade=settings.fade_seconds)
    kept = None if settings.trim_silence is False else settings.trim_silence
    return TrimSettings(kept, kept, settings.fade_seconds)


def apply_profile(samples: Samples, sample_rate: int, shape: AudioProfile) -> Trimmed:
    """A clip at the wanted sample rate, loudness and length."""
    trimmed = trim_silence(samples, sample_rate, shape.edges)
    resampled = resample(trimmed.samples, sample_rate, shape.encoding.sample_rate)
    if shape.loudness is not None:
        resampled = to_loudness(resampled, shape.encoding.sample_rate, shape.loudness)
    return Trimmed(resampled, trimmed.cut_before)
