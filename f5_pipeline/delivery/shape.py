"""From a clip as it was spoken to one as it is wanted: ends, sample rate, loudness. Files are ``encode``'s business."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from f5_pipeline.delivery.edges import EDGES_VERSION, Edges, Trimmed, trim_edges
from f5_pipeline.delivery.encode import ENCODER_VERSION, Encoding, Samples, resample
from f5_pipeline.delivery.loudness import LOUDNESS_VERSION, Loudness, to_loudness
from f5_pipeline.speech.manifests.batch_settings import BatchSettings


@dataclass(frozen=True)
class Shape:
    """All that decides what a delivered file is like, given its clip."""

    encoding: Encoding
    loudness: Loudness | None  # None: as loud as it was spoken
    edges: Edges | None  # None: as long as it was spoken

    def ingredients(self) -> list[object]:
        """As plain values, for a recipe."""
        versions = [ENCODER_VERSION, LOUDNESS_VERSION, EDGES_VERSION]
        parts = (self.encoding, self.loudness, self.edges)
        return [versions, *(None if part is None else asdict(part) for part in parts)]

    def about(self) -> str:
        """In a few words, for people: "MP3, 24 kHz, -19 LUFS, true peak at most -1 dBTP"."""
        words = [self.encoding.format.upper(), f"{self.encoding.sample_rate / 1000:g} kHz"]
        if self.loudness is None:
            return ", ".join([*words, "as loud as spoken"])
        levels = f"{self.loudness.target_lufs:g} LUFS", f"true peak at most {self.loudness.true_peak_db:g} dBTP"
        return ", ".join([*words, *levels]).replace("-", "−")


def shape_of(settings: BatchSettings, edges: Edges | None) -> Shape:
    """The shape that a batch's settings ask for.

    Raises:
        BadEncoding: the format cannot have the sample rate.
    """
    wanted = settings.loudness_lufs
    loudness = None if wanted is None else Loudness(wanted, settings.true_peak_db)
    return Shape(Encoding(settings.format, settings.sample_rate), loudness, edges)


def shape_clip(samples: Samples, sample_rate: int, shape: Shape) -> Trimmed:
    """A clip at the wanted sample rate, loudness and length."""
    trimmed = Trimmed(samples, 0.0) if shape.edges is None else trim_edges(samples, sample_rate, shape.edges)
    resampled = resample(trimmed.samples, sample_rate, shape.encoding.sample_rate)
    if shape.loudness is not None:
        resampled = to_loudness(resampled, shape.encoding.sample_rate, shape.loudness)
    return Trimmed(resampled, trimmed.cut_before)
