"""Loudness to EBU R128: measure it, bring a recording to a target, and keep its true peak below a limit.

The meter is pyloudnorm's (ITU-R BS.1770-4). Ours are what it leaves out: recordings shorter than its 400 ms blocks,
the true peak, and a limiter, since a plain gain would push the peaks of speech over the limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyloudnorm
import soxr
from scipy.ndimage import minimum_filter1d
from scipy.signal import oaconvolve

from f5_pipeline.delivery.encode import Samples

#: Raise this by hand when the same settings should give another sound.
LOUDNESS_VERSION = 1

_BLOCK_SECONDS = 0.4  # the meter's own
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, 10.0  # the standard's: what is quieter does not count
_OVERSAMPLING = 4  # BS.1770-4's for the true peak
_LOOK_AHEAD_SECONDS = 0.015  # the limiter moves over this time before and after a peak: no clicks, little distortion
_TOLERANCE_LU = 0.1
_ROUNDS = 5
_OVERSHOOT = 1.5  # of what was lost to the limiter, since it will take a part of what is added too


@dataclass(frozen=True)
class Loudness:
    """What a recording should measure."""

    target_lufs: float  # integrated, of the whole file
    true_peak_db: float = -1.0  # dBTP, never exceeded
    max_gain_db: float = 30.0  # a whisper is raised, the noise of an all but silent recording is not
    max_limiting_db: float = 9.0  # peaks are lowered by no more than this; beyond it the recording stays quieter
    channels: int = 1  # that will carry the recording: the meter adds them up

    @property
    def mono_lufs(self) -> float:
        """What one of the channels has to measure."""
        return self.target_lufs - 10 * math.log10(self.channels)


def integrated_loudness(samples: Samples, sample_rate: int) -> float:
    """Gated loudness in LUFS of ``samples`` [samples]; ``-inf`` if nothing is louder than -70 LUFS.

    A recording shorter than 400 ms is measured as one block of its own length.
    """
    if samples.size < 2:
        return -math.inf
    block = min(_BLOCK_SECONDS, samples.size / sample_rate)
    with np.errstate(invalid="ignore", divide="ignore"):
        measured = float(
            pyloudnorm.Meter(sample_rate, block_size=block).integrated_loudness(samples.astype(np.float64))
        )
    return measured if math.isfinite(measured) else -math.inf


class Programme:
    """The integrated loudness of a recording that comes in pieces, of any length in the memory of one piece."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._rest: Samples = np.zeros(0, dtype=np.float32)  # from the beginning of the next block on
        self._blocks: list[float] = []  # LUFS

    def add(self, samples: Samples) -> None:
        """Append a piece, shape [samples]."""
        piece = np.concatenate([self._rest, samples])
        block, hop = round(_BLOCK_SECONDS * self._rate), round(_BLOCK_SECONDS / 4 * self._rate)
        count = (piece.size - block) // hop + 1
        if count > 0:
            meter = pyloudnorm.Meter(self._rate)
            with np.errstate(invalid="ignore", divide="ignore"):
                meter.integrated_loudness(piece[: block + (count - 1) * hop].astype(np.float64))
            self._blocks.extend(meter.blockwise_loudness)
        self._rest = piece[max(0, count) * hop :]

    def loudness(self) -> float:
        """Of all pieces so far, in LUFS; ``-inf`` if none is louder than -70 LUFS."""
        blocks = np.asarray(self._blocks)
        blocks = blocks[blocks > _ABSOLUTE_GATE_LUFS]
        if blocks.size == 0:
            return -math.inf
        blocks = blocks[blocks > _mean_lufs(blocks) - _RELATIVE_GATE_LU]
        return _mean_lufs(blocks)


def true_peak(samples: Samples) -> float:
    """The highest level between the samples too, in dBTP; ``-inf`` for silence."""
    return _decibels(float(_peaks(samples).max(initial=0.0)))


def to_loudness(samples: Samples, sample_rate: int, wanted: Loudness) -> Samples:
    """The recording at the wanted loudness, limited so that its true peak holds.

    Silence is returned as it is. Where gain or limiting reach their bounds, the result is quieter than wanted.
    """
    measured = integrated_loudness(samples, sample_rate)
    if measured == -math.inf:
        return samples
    peaks = _peaks(samples)
    peak = _decibels(float(peaks.max()))
    highest = min(wanted.max_gain_db, wanted.true_peak_db + wanted.max_limiting_db - peak)
    gain = min(wanted.mono_lufs - measured, highest)
    if peak + gain <= wanted.true_peak_db:
        return _amplify(samples, gain)
    for _ in range(_ROUNDS):  # limiting takes some loudness away: add it again
        result = _amplify(samples, gain) * _limiter(_amplify(peaks, gain), sample_rate, wanted.true_peak_db)
        missing = wanted.mono_lufs - integrated_loudness(result, sample_rate)
        if abs(missing) < _TOLERANCE_LU or gain >= highest:
            break
        gain = min(gain + _OVERSHOOT * missing, highest)
    over = true_peak(result) - wanted.true_peak_db
    return _amplify(result, -over) if over > 0 else result


def _limiter(peaks: Samples, sample_rate: int, true_peak_db: float) -> Samples:
    """The gain, at most 1, that keeps every peak below the limit: smooth, looking ahead, else 1."""
    limit = 10 ** (true_peak_db / 20)
    wanted = np.minimum(1.0, limit / np.maximum(peaks, limit))
    reach = max(1, round(_LOOK_AHEAD_SECONDS * sample_rate))
    window = np.hanning(2 * reach + 3)[1:-1]
    lowest = np.pad(minimum_filter1d(wanted, 2 * reach + 1, mode="nearest"), reach, mode="edge")
    # A mean of lower bounds from a neighbourhood is a lower bound at its centre: no peak gets through.
    return np.asarray(oaconvolve(lowest, window / window.sum(), mode="valid"), dtype=np.float32)


def _peaks(samples: Samples) -> Samples:
    """For each sample the highest magnitude from it to the next, shape [samples], by oversampling."""
    if samples.size == 0:
        return samples
    fine = np.abs(soxr.resample(samples, 1, _OVERSAMPLING, quality="HQ"))
    fine = np.pad(fine, (0, max(0, samples.size * _OVERSAMPLING - fine.size)))
    peaks = np.abs(samples)
    for phase in range(_OVERSAMPLING):
        np.maximum(peaks, fine[phase::_OVERSAMPLING][: samples.size], out=peaks)
    return peaks


def _mean_lufs(blocks: npt.NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(10 ** (blocks / 10))))


def _amplify(samples: Samples, gain_db: float) -> Samples:
    return samples * np.float32(10 ** (gain_db / 20))


def _decibels(magnitude: float) -> float:
    return 20 * math.log10(magnitude) if magnitude > 0 else -math.inf
