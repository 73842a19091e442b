"""Loudness to EBU R128: measure it, bring a recording to a target, and keep its true peak below a limit.

The meter's filters are pyloudnorm's (ITU-R BS.1770-4). Ours are its blocks (pyloudnorm's own meter takes neither
recordings in pieces nor very short ones, and not in several threads), the true peak, and a limiter, since a plain gain
would push the peaks of speech over the limit.

scipy and pyloudnorm are imported late: a second and a half of every process that only has to know what a delivery is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import soxr

from f5_pipeline.audio.samples import Samples

#: Raise this by hand when the same settings should give another sound.
LOUDNESS_VERSION = 2

_BLOCK_SECONDS, _HOPS = 0.4, 4  # the standard's blocks, and in how many steps one follows another
_OFFSET_LU = -0.691  # the standard's
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, 10.0  # the standard's: what is quieter does not count
_OVERSAMPLING = 4  # BS.1770-4's for the true peak
_PIECE, _CONTEXT = 2**20, 512  # samples: long recordings are oversampled in pieces, which overlap by the filter's reach
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
    programme = LoudnessMeter(sample_rate)
    for start in range(0, samples.size, _PIECE):
        programme.add(samples[start : start + _PIECE])
    return programme.loudness()


class LoudnessMeter:
    """The integrated loudness of a recording that comes in pieces, of any length in the memory of one piece."""

    def __init__(self, sample_rate: int) -> None:
        self._hop = round(_BLOCK_SECONDS / _HOPS * sample_rate)
        self._weighting = _weighting(sample_rate)
        self._state = np.zeros((len(self._weighting), 2))  # of the filters
        self._rest = np.zeros(0)  # squares from the end of the last whole hop on
        self._energies: list[float] = []  # mean square of each hop

    def add(self, samples: Samples) -> None:
        """Append a piece, shape [samples]."""
        from scipy.signal import sosfilt

        if samples.size == 0:
            return
        weighted, self._state = sosfilt(self._weighting, samples.astype(np.float64), zi=self._state)
        squares = np.concatenate([self._rest, np.square(weighted)])
        count = squares.size // self._hop
        self._energies += squares[: count * self._hop].reshape(count, self._hop).mean(axis=1).tolist()
        self._rest = squares[count * self._hop :]

    def loudness(self) -> float:
        """Of all pieces so far, in LUFS; ``-inf`` if none is louder than -70 LUFS."""
        blocks = self._blocks()
        blocks = blocks[blocks > _energy(_ABSOLUTE_GATE_LUFS)]
        if blocks.size == 0:
            return -math.inf
        gate = blocks.mean() * 10 ** (-_RELATIVE_GATE_LU / 10)
        return _lufs(float(blocks[blocks > gate].mean()))

    def _blocks(self) -> npt.NDArray[np.float64]:
        """Mean squares over 400 ms, every 100 ms; of all there is, if that is shorter."""
        energies = np.asarray(self._energies)
        if energies.size >= _HOPS:
            return np.convolve(energies, np.full(_HOPS, 1 / _HOPS), mode="valid")
        total, count = energies.sum() * self._hop + self._rest.sum(), energies.size * self._hop + self._rest.size
        return np.asarray([total / count] if count else [])


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
        result = _limited(samples, peaks, gain, sample_rate, wanted.true_peak_db)
        missing = wanted.mono_lufs - integrated_loudness(result, sample_rate)
        if abs(missing) < _TOLERANCE_LU or gain >= highest:
            break
        gain = min(gain + _OVERSHOOT * missing, highest)
    over = true_peak(result) - wanted.true_peak_db
    return _amplify(result, -over) if over > 0 else result


def _limited(samples: Samples, peaks: Samples, gain_db: float, sample_rate: int, true_peak_db: float) -> Samples:
    """Amplified, and turned down near each peak that would be over the limit: smoothly, and looking ahead."""
    from scipy.ndimage import minimum_filter1d
    from scipy.signal import oaconvolve

    limit, reach = 10 ** (true_peak_db / 20), max(1, round(_LOOK_AHEAD_SECONDS * sample_rate))
    window = np.hanning(2 * reach + 3)[1:-1].astype(np.float32)
    window /= window.sum()
    result, around = _amplify(samples, gain_db), np.pad(peaks, 2 * reach, mode="edge")
    for start in range(0, samples.size, _PIECE):
        near = _amplify(around[start : start + _PIECE + 4 * reach], gain_db)
        lowest = minimum_filter1d(limit / np.maximum(near, limit), 2 * reach + 1)[reach:-reach]
        # A mean of lower bounds from a neighbourhood is a lower bound at its centre: no peak gets through.
        result[start : start + _PIECE] *= oaconvolve(lowest, window, mode="valid")
    return result


def _peaks(samples: Samples) -> Samples:
    """For each sample the highest magnitude from it to the next, shape [samples], by oversampling."""
    peaks = np.abs(samples)
    for start in range(0, samples.size, _PIECE):
        before = min(start, _CONTEXT)
        piece = samples[start - before : start + _PIECE + _CONTEXT]
        part = peaks[start : start + _PIECE]
        fine = np.abs(soxr.resample(piece, 1, _OVERSAMPLING, quality="HQ"))[before * _OVERSAMPLING :]
        fine = np.pad(fine, (0, max(0, part.size * _OVERSAMPLING - fine.size)))
        for phase in range(_OVERSAMPLING):
            np.maximum(part, fine[phase::_OVERSAMPLING][: part.size], out=part)
    return peaks


@lru_cache(maxsize=16)
def _weighting(sample_rate: int) -> npt.NDArray[np.float64]:
    """The K-weighting of BS.1770 as second-order sections, shape [2, 6]."""
    import pyloudnorm

    stages = pyloudnorm.Meter(sample_rate)._filters.values()
    return np.asarray([[*stage.b, *stage.a] for stage in stages], dtype=np.float64)


def _lufs(mean_square: float) -> float:
    return _OFFSET_LU + 10 * math.log10(mean_square)


def _energy(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET_LU) / 10))


def _amplify(samples: Samples, gain_db: float) -> Samples:
    return samples * np.float32(10 ** (gain_db / 20))


def _decibels(magnitude: float) -> float:
    return 20 * math.log10(magnitude) if magnitude > 0 else -math.inf
