"""Trimming: cuts the silence at both ends of a clip down to a margin and fades the ends to avoid clicks.

Pauses inside a clip belong to the speech and stay. Loudness is in ``audio.loudness``, the silence detector in
``audio.silence``; reference recordings are trimmed in ``audio.decode``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from f5_pipeline.audio.samples import Samples
from f5_pipeline.audio.silence import decibels, frame_powers, silent_frames, sounding_range

#: Raise this by hand when the same settings should produce different samples.
TRIM_VERSION = 1

_FRAME_SECONDS = 0.01
_BELOW_LOUD_DB = 45.0  # silence is this far below the loud parts; soft consonants are louder
_SILENCE_DB = -80.0  # dBFS; a frame at or below this level is silent, however quiet the rest is
_LOUD_PERCENTILE = 95.0  # of the RMS of the frames


@dataclass(frozen=True)
class TrimSettings:
    """How both ends of a clip are trimmed, in seconds."""

    lead: float | None = 0.1  # silence kept before the first sound; None: all of it
    tail: float | None = 0.2  # silence kept after the last sound; None: all of it
    fade: float = 0.005  # fade-in and fade-out

    def with_pauses(self, before: float, after: float) -> TrimSettings:
        """The same settings for a clip that keeps this many more seconds of silence at its ends."""
        lead = None if self.lead is None else self.lead + before
        tail = None if self.tail is None else self.tail + after
        return TrimSettings(lead, tail, self.fade)


@dataclass(frozen=True)
class Trimmed:
    """A trimmed clip."""

    samples: Samples
    cut_before: float  # seconds removed at the start; subtract it from times of the original clip


def trim_silence(samples: Samples, sample_rate: int, settings: TrimSettings) -> Trimmed:
    """Cut silence beyond the margins and fade both ends. A clip without sound is returned unchanged.

    Args:
        samples: shape [samples].
        sample_rate: Hz.
    """
    first, last = _sounding_samples(samples, sample_rate)
    if first == last:
        return Trimmed(samples, 0.0)
    start = 0 if settings.lead is None else max(0, first - round(settings.lead * sample_rate))
    end = samples.size if settings.tail is None else min(samples.size, last + round(settings.tail * sample_rate))
    return Trimmed(_faded(samples[start:end], round(settings.fade * sample_rate)), start / sample_rate)


def _sounding_samples(samples: Samples, sample_rate: int) -> tuple[int, int]:
    """The samples from the first sound to the last as a half-open range; empty for silence."""
    length = max(1, round(_FRAME_SECONDS * sample_rate))
    powers = frame_powers(samples, length)
    if not powers.size:
        return 0, 0
    (loud_db,) = decibels(np.percentile(np.sqrt(powers), [_LOUD_PERCENTILE]) ** 2)
    first, last = sounding_range(silent_frames(decibels(powers), loud_db, _BELOW_LOUD_DB, _SILENCE_DB))
    return first * length, min(samples.size, last * length)


def _faded(samples: Samples, length: int) -> Samples:
    """The samples with a raised-cosine fade of ``length`` samples at both ends."""
    length = min(length, samples.size // 2)
    if length == 0:
        return samples
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)).astype(np.float32)
    result = samples.copy()
    result[:length] *= ramp
    result[-length:] *= ramp[::-1]
    return result
