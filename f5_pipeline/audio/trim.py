"""The ends of a clip: silence beyond a margin is cut, and what is left begins and ends without a click.

Only the ends; pauses inside a clip are the speaker's. Loudness is in ``loudness``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from f5_pipeline.audio.samples import Samples

#: Raise this by hand when the same margins should give another sound.
TRIM_VERSION = 1

_FRAME_SECONDS = 0.01
_BELOW_LOUD_DB = 45.0  # quieter than the loud parts by this much is silence: soft consonants are not
_DIGITAL_SILENCE = 1e-4  # RMS; quieter than this is silence whatever the rest is


@dataclass(frozen=True)
class TrimSettings:
    """How the ends of a clip are treated, in seconds."""

    lead: float | None = 0.1  # silence kept before the first sound; None: all of it
    tail: float | None = 0.2  # and after the last
    fade: float = 0.005  # in and out

    def around(self, before: float, after: float) -> TrimSettings:
        """These edges for a clip that is to begin and end with so many seconds of silence more."""
        lead = None if self.lead is None else self.lead + before
        tail = None if self.tail is None else self.tail + after
        return TrimSettings(lead, tail, self.fade)


@dataclass(frozen=True)
class Trimmed:
    """A clip without its silent ends."""

    samples: Samples
    cut_before: float  # seconds removed at the start: what times of the original have to be lowered by


def trim_silence(samples: Samples, sample_rate: int, edges: TrimSettings) -> Trimmed:
    """Cut silence beyond the margins and fade the ends. A clip that is silent throughout is left as it is."""
    first, last = _sounding(samples, sample_rate)
    if first == last:
        return Trimmed(samples, 0.0)
    start = 0 if edges.lead is None else max(0, first - round(edges.lead * sample_rate))
    end = samples.size if edges.tail is None else min(samples.size, last + round(edges.tail * sample_rate))
    return Trimmed(_faded(samples[start:end], round(edges.fade * sample_rate)), start / sample_rate)


def _sounding(samples: Samples, sample_rate: int) -> tuple[int, int]:
    """The samples from the first sound to the last, as a range; empty for silence."""
    length = max(1, round(_FRAME_SECONDS * sample_rate))
    padded = np.pad(samples, (0, -samples.size % length)).reshape(-1, length)
    level = np.sqrt(np.einsum("ij,ij->i", padded, padded) / length)
    loud = float(np.percentile(level, 95)) if level.size else 0.0
    sounding = np.flatnonzero(level > max(_DIGITAL_SILENCE, loud * 10 ** (-_BELOW_LOUD_DB / 20)))
    if sounding.size == 0:
        return 0, 0
    return int(sounding[0]) * length, min(samples.size, (int(sounding[-1]) + 1) * length)


def _faded(samples: Samples, length: int) -> Samples:
    length = min(length, samples.size // 2)
    if length == 0:
        return samples
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)).astype(np.float32)
    result = samples.copy()
    result[:length] *= ramp
    result[-length:] *= ramp[::-1]
    return result
