"""Loudness to EBU R128: measure it, bring a recording to a target, and keep its true peak below a limit.

The meter follows ITU-R BS.1770-4 and accepts a recording in blocks. A limiter follows the gain, since a plain gain
would push the peaks of speech over the limit.

scipy is imported late: a process that does not compute loudness should not wait for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import soxr

from f5_pipeline.audio.samples import Samples

#: Raise this by hand when the same settings should produce different samples.
LOUDNESS_VERSION = 3

_GATING_BLOCK_SECONDS, _HOPS = 0.4, 4  # BS.1770-4: length of a gating block, and hops per block (75 % overlap)
_OFFSET_LU = -0.691  # BS.1770-4, equation 2: cancels the gain of the K-weighting at 997 Hz
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, 10.0  # BS.1770-4: quieter gating blocks do not count
_OVERSAMPLING = 4  # BS.1770-4, annex 2, for the true peak
_BLOCK, _CONTEXT = 2**20, 512  # samples: long recordings are processed in blocks, which overlap by the filter's reach
_LOOK_AHEAD_SECONDS = 0.015  # the limiter's gain moves over this time around a peak: no clicks, little distortion
_TOLERANCE_LU = 0.1
_MAX_PASSES = 5
_COMPENSATION = 1.5  # of the loudness that limiting removes, since it also removes a part of the added gain


@dataclass(frozen=True)
class Loudness:
    """The loudness target of a recording."""

    target_lufs: float  # integrated loudness of the whole file
    true_peak_db: float = -1.0  # dBTP, never exceeded
    max_gain_db: float = 30.0  # raises a whisper, but not the noise of an almost silent recording
    max_limiting_db: float = 9.0  # the limiter lowers no peak by more; beyond it the recording stays quieter
    channels: int = 1  # that carry the recording: the meter adds up their power

    @property
    def mono_lufs(self) -> float:
        """The target for one of the channels."""
        return self.target_lufs - 10 * math.log10(self.channels)


def integrated_loudness(samples: Samples, sample_rate: int) -> float:
    """Gated loudness in LUFS of ``samples``, shape [samples]; ``-inf`` if nothing is louder than -70 LUFS.

    A recording shorter than 400 ms is measured as one gating block of its own length.
    """
    meter = LoudnessMeter(sample_rate)
    for start in range(0, samples.size, _BLOCK):
        meter.add(samples[start : start + _BLOCK])
    return meter.loudness()


class LoudnessMeter:
    """Integrated loudness of a recording that arrives in blocks; memory does not grow with its samples."""

    def __init__(self, sample_rate: int) -> None:
        self._hop = round(_GATING_BLOCK_SECONDS / _HOPS * sample_rate)
        self._weighting = k_weighting(sample_rate)
        self._state = np.zeros((len(self._weighting), 2))  # of the filters
        self._rest = np.zeros(0)  # squared samples after the last complete hop
        self._powers: list[float] = []  # mean square of each hop

    def add(self, samples: Samples) -> None:
        """Append a block, shape [samples]."""
        from scipy.signal import sosfilt

        if samples.size == 0:
            return
        weighted, self._state = sosfilt(self._weighting, samples.astype(np.float64), zi=self._state)
        squares = np.concatenate([self._rest, np.square(weighted)])
        count = squares.size // self._hop
        self._powers += squares[: count * self._hop].reshape(count, self._hop).mean(axis=1).tolist()
        self._rest = squares[count * self._hop :]

    def loudness(self) -> float:
        """Integrated loudness of all blocks so far, in LUFS; ``-inf`` if nothing is louder than -70 LUFS."""
        powers = self._gating_blocks()
        powers = powers[powers > _power(_ABSOLUTE_GATE_LUFS)]
        if powers.size == 0:
            return -math.inf
        gate = powers.mean() * 10 ** (-_RELATIVE_GATE_LU / 10)
        return _lufs(float(powers[powers > gate].mean()))

    def _gating_blocks(self) -> npt.NDArray[np.float64]:
        """Mean squares over 400 ms, every 100 ms; over the whole recording if that is shorter."""
        powers = np.asarray(self._powers)
        if powers.size >= _HOPS:
            return np.convolve(powers, np.full(_HOPS, 1 / _HOPS), mode="valid")
        total, count = powers.sum() * self._hop + self._rest.sum(), powers.size * self._hop + self._rest.size
        return np.asarray([total / count] if count else [])


def true_peak(samples: Samples) -> float:
    """The highest level of the oversampled signal, in dBTP; ``-inf`` for silence."""
    return _decibels(float(_peaks(samples).max(initial=0.0)))


def normalise_loudness(samples: Samples, sample_rate: int, target: Loudness) -> Samples:
    """The recording at the target loudness, limited to the target's true peak.

    Silence is returned unchanged. Where gain or limiting reach their bounds, the result is quieter than the target.
    """
    measured = integrated_loudness(samples, sample_rate)
    if measured == -math.inf:
        return samples
    peaks = _peaks(samples)
    peak = _decibels(float(peaks.max()))
    max_gain = min(target.max_gain_db, target.true_peak_db + target.max_limiting_db - peak)
    gain = min(target.mono_lufs - measured, max_gain)
    if peak + gain <= target.true_peak_db:
        return _amplify(samples, gain)
    for _ in range(_MAX_PASSES):  # limiting lowers the loudness, so raise the gain until it fits
        result = _limited(samples, peaks, gain, sample_rate, target.true_peak_db)
        missing = target.mono_lufs - integrated_loudness(result, sample_rate)
        if abs(missing) < _TOLERANCE_LU or gain >= max_gain:
            break
        gain = min(gain + _COMPENSATION * missing, max_gain)
    over = true_peak(result) - target.true_peak_db
    return _amplify(result, -over) if over > 0 else result


def limit_peaks(samples: Samples, sample_rate: int, true_peak_db: float) -> Samples:
    """The recording with its true peaks lowered to a limit where they exceed it; unchanged where they do not."""
    peaks = _peaks(samples)
    if _decibels(float(peaks.max(initial=0.0))) <= true_peak_db:
        return samples
    return _limited(samples, peaks, 0.0, sample_rate, true_peak_db)


def _limited(samples: Samples, peaks: Samples, gain_db: float, sample_rate: int, true_peak_db: float) -> Samples:
    """The amplified samples, attenuated smoothly around each peak over the limit; the limiter looks ahead."""
    from scipy.ndimage import minimum_filter1d
    from scipy.signal import oaconvolve

    limit, reach = 10 ** (true_peak_db / 20), max(1, round(_LOOK_AHEAD_SECONDS * sample_rate))
    window = np.hanning(2 * reach + 3)[1:-1].astype(np.float32)
    window /= window.sum()
    result, padded_peaks = _amplify(samples, gain_db), np.pad(peaks, 2 * reach, mode="edge")
    for start in range(0, samples.size, _BLOCK):
        block = _amplify(padded_peaks[start : start + _BLOCK + 4 * reach], gain_db)
        lowest = minimum_filter1d(limit / np.maximum(block, limit), 2 * reach + 1)[reach:-reach]
        # The mean of lower bounds from a neighbourhood is a lower bound at its centre, so no peak exceeds the limit.
        result[start : start + _BLOCK] *= oaconvolve(lowest, window, mode="valid")
    return result


def _peaks(samples: Samples) -> Samples:
    """For each sample the highest oversampled magnitude up to the next sample, shape [samples]."""
    peaks = np.abs(samples)
    for start in range(0, samples.size, _BLOCK):
        before = min(start, _CONTEXT)
        context = samples[start - before : start + _BLOCK + _CONTEXT]
        block = peaks[start : start + _BLOCK]
        fine = np.abs(soxr.resample(context, 1, _OVERSAMPLING, quality="HQ"))[before * _OVERSAMPLING :]
        fine = np.pad(fine, (0, max(0, block.size * _OVERSAMPLING - fine.size)))
        for phase in range(_OVERSAMPLING):
            np.maximum(block, fine[phase::_OVERSAMPLING][: block.size], out=block)
    return peaks


@lru_cache(maxsize=16)
def k_weighting(sample_rate: int) -> npt.NDArray[np.float64]:
    """The K-weighting of ITU-R BS.1770-4 (annex 1, tables 1 and 2) as second-order sections, shape [2, 6].

    The standard gives coefficients for 48 kHz only. They are the bilinear transforms of a high shelf and of a
    high-pass filter, so the same formulas give them at every rate (Brecht De Man, "Evaluation of Implementations of
    the EBU R128 Loudness Measurement", AES e-library 19790; ffmpeg's ``ebur128`` does likewise). With
    ``K = tan(π f / rate)`` and ``D = 1 + K/Q + K²`` both sections have the denominator
    ``1 + 2 (K² - 1)/D z⁻¹ + (1 - K/Q + K²)/D z⁻²``. The numerators are

        shelf:      ((V + V_b K/Q + K²) + 2 (K² - V) z⁻¹ + (V - V_b K/Q + K²) z⁻²) / D,  V = 10^(G/20), V_b = V^0.49967
        high-pass:  1 - 2 z⁻¹ + z⁻²
    """
    return np.asarray([_shelf(sample_rate), _high_pass(sample_rate)], dtype=np.float64)


def _shelf(sample_rate: int, hz: float = 1681.974450955533, q: float = 0.7071752369554196) -> list[float]:
    """Stage 1 of the K-weighting: a shelf of +4 dB that models the head. ``[b0, b1, b2, a0, a1, a2]``."""
    gain = 10 ** (3.999843853973347 / 20)
    band_gain = gain**0.4996667741545416
    k = math.tan(math.pi * hz / sample_rate)
    d = 1 + k / q + k * k
    numerator = [(gain + band_gain * k / q + k * k) / d, 2 * (k * k - gain) / d, (gain - band_gain * k / q + k * k) / d]
    return [*numerator, *_denominator(k, q)]


def _high_pass(sample_rate: int, hz: float = 38.13547087602444, q: float = 0.5003270373238773) -> list[float]:
    """Stage 2 of the K-weighting: the RLB high-pass. ``[b0, b1, b2, a0, a1, a2]``."""
    return [1.0, -2.0, 1.0, *_denominator(math.tan(math.pi * hz / sample_rate), q)]


def _denominator(k: float, q: float) -> list[float]:
    d = 1 + k / q + k * k
    return [1.0, 2 * (k * k - 1) / d, (1 - k / q + k * k) / d]


def _lufs(mean_square: float) -> float:
    return _OFFSET_LU + 10 * math.log10(mean_square)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET_LU) / 10))


def _amplify(samples: Samples, gain_db: float) -> Samples:
    return samples * np.float32(10 ** (gain_db / 20))


def _decibels(magnitude: float) -> float:
    return 20 * math.log10(magnitude) if magnitude > 0 else -math.inf
