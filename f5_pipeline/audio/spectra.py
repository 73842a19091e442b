"""Levels and spectra of a clip in frames of 10 ms: the input of the quality measures in ``quality.signal``.

Every clip is measured, so this has to be cheap: single precision, and few calls for each clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from f5_pipeline.audio.samples import Samples
from f5_pipeline.audio.silence import Array, decibels, frame_powers

HOP_SECONDS = 0.01
_FRAME_SECONDS = 0.02  # a bin of the spectrum is 50 Hz wide at every sample rate
_BANDS = 24
_LOWEST_HZ, _HIGHEST_HZ = 100.0, 8_000.0
_NEIGHBOURS = 2  # frames on each side that spectral flatness includes
_BLOCK = 4_096  # frames computed at once, so that an hour of audio needs no more memory than a minute


@dataclass(frozen=True)
class Spectra:
    """Reduced spectra of a clip."""

    bands: Array  # level in dB of bands of equal width on the mel scale, shape [frames, bands]
    flatness: Array  # spectral flatness over 50 ms, 0 (one tone) … 1 (white noise), shape [frames]


def levels_of(samples: Samples, sample_rate: int) -> Array:
    """The level of each frame in dBFS, shape [frames]."""
    return decibels(frame_powers(samples, _hop(sample_rate)))


def spectra_of(samples: Samples, sample_rate: int) -> Spectra:
    """The spectra of the frames that :func:`levels_of` measures."""
    hop, length = _hop(sample_rate), round(_FRAME_SECONDS * sample_rate)
    count = -(-samples.size // hop)
    before = _NEIGHBOURS * hop + (length - hop) // 2
    padded = np.pad(samples, (before, before + 2 * length))
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    filters = _filters(length, sample_rate)
    blocks = [
        _block(padded, start, min(_BLOCK, count - start), hop, window, filters) for start in range(0, count, _BLOCK)
    ]
    if not blocks:
        return Spectra(np.zeros((0, _BANDS)), np.zeros(0))
    bands, flatness = ([getattr(block, name) for block in blocks] for name in ("bands", "flatness"))
    return Spectra(np.concatenate(bands), np.concatenate(flatness))


def _block(
    padded: Samples,
    start: int,
    count: int,
    hop: int,
    window: npt.NDArray[np.float32],
    filters: npt.NDArray[np.float32],
) -> Spectra:
    """The spectra of ``count`` frames from frame ``start`` on."""
    from scipy.fft import rfft

    frames = np.lib.stride_tricks.sliding_window_view(padded, window.size)[start * hop :: hop]
    spectrum = rfft(frames[: count + 2 * _NEIGHBOURS] * window)
    power = (np.square(spectrum.real) + np.square(spectrum.imag)) / window.size
    # Not ``@``: such a small product does not justify BLAS threads, and the model needs the cores at the same time.
    bands = np.einsum("fb,mb->fm", power[_NEIGHBOURS : _NEIGHBOURS + count], filters)
    return Spectra(decibels(bands.astype(np.float64)), _flatness(power, count))


def _flatness(power: npt.NDArray[np.float32], count: int) -> Array:
    """Spectral flatness, shape [count]: geometric over arithmetic mean of the power, summed with its neighbours."""
    bins = slice(round(_LOWEST_HZ * _FRAME_SECONDS), round(_HIGHEST_HZ * _FRAME_SECONDS))
    smooth = np.full_like(power[:count, bins], 1e-12)
    for shift in range(2 * _NEIGHBOURS + 1):
        smooth += power[shift : shift + count, bins]
    flatness = np.exp(np.log(smooth).mean(axis=1)) / smooth.mean(axis=1)
    return flatness.astype(np.float64)


@lru_cache(maxsize=8)
def _filters(length: int, sample_rate: int) -> npt.NDArray[np.float32]:
    """Triangular filters of equal width on the mel scale (O'Shaughnessy's formula), shape [bands, bins]."""
    mel = 2595 * np.log10(1 + np.fft.rfftfreq(length, 1 / sample_rate) / 700)
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in (_LOWEST_HZ, min(_HIGHEST_HZ, sample_rate / 2)))
    corners = np.linspace(lowest, highest, _BANDS + 2)
    width = corners[1] - corners[0]
    return np.clip(1 - np.abs(mel - corners[1:-1, None]) / width, 0, None).astype(np.float32)


def _hop(sample_rate: int) -> int:
    return max(1, round(HOP_SECONDS * sample_rate))
