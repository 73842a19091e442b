"""What the quality measures look at: a clip as frames of 10 ms, each with its level and its spectrum.

Every clip is measured, so this has to cost next to nothing: single precision, and few calls for each clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

HOP_SECONDS = 0.01
FLOOR_DB = -120.0
_FRAME_SECONDS = 0.02  # so that a bin of the spectrum is 50 Hz wide whatever the sample rate
_BANDS = 24
_LOWEST_HZ, _HIGHEST_HZ = 100.0, 8_000.0
_AROUND = 2  # frames to each side that flatness is taken over
_BLOCK = 4_096  # frames worked on at once, so that an hour of audio needs no more memory than a minute


@dataclass(frozen=True)
class Spectra:
    """What is kept of the spectra of a clip."""

    bands: Array  # level in dB of bands that are equally wide to the ear, shape [frames, bands]
    flatness: Array  # of the spectrum over 50 ms, 0 (one tone) … 1 (white noise), shape [frames]


def decibels(power: Array) -> Array:
    """Power in dB, at least ``FLOOR_DB``."""
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))))


def levels_of(samples: npt.NDArray[np.float32], sample_rate: int) -> Array:
    """The level of each frame in dB, shape [frames]."""
    hop = _hop(sample_rate)
    frames = np.pad(samples, (0, -samples.size % hop)).reshape(-1, hop)
    return decibels(np.mean(np.square(frames, dtype=np.float64), axis=1))


def spectra_of(samples: npt.NDArray[np.float32], sample_rate: int) -> Spectra:
    """The spectra of as many frames as :func:`levels_of` has."""
    hop, length = _hop(sample_rate), round(_FRAME_SECONDS * sample_rate)
    count = -(-samples.size // hop)
    before = _AROUND * hop + (length - hop) // 2
    padded = np.pad(samples, (before, before + 2 * length))
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    filters = _filters(length, sample_rate)
    parts = [
        _part(padded, start, min(_BLOCK, count - start), hop, window, filters) for start in range(0, count, _BLOCK)
    ]
    if not parts:
        return Spectra(np.zeros((0, _BANDS)), np.zeros(0))
    return Spectra(np.concatenate([part.bands for part in parts]), np.concatenate([part.flatness for part in parts]))


def _part(
    padded: npt.NDArray[np.float32],
    start: int,
    count: int,
    hop: int,
    window: npt.NDArray[np.float32],
    filters: npt.NDArray[np.float32],
) -> Spectra:
    """The spectra of ``count`` frames from ``start`` on."""
    frames = np.lib.stride_tricks.sliding_window_view(padded, window.size)[start * hop :: hop][: count + 2 * _AROUND]
    spectrum = rfft(frames * window)
    power = (np.square(spectrum.real) + np.square(spectrum.imag)) / window.size
    # Not ``@``: so small a product is not worth the threads of a BLAS, which the model needs at the same time.
    bands = np.einsum("fb,mb->fm", power[_AROUND : _AROUND + count], filters)
    return Spectra(decibels(bands.astype(np.float64)), _flatness(power, count))


def _flatness(power: npt.NDArray[np.float32], count: int) -> Array:
    """The geometric mean of each frame's spectrum and its neighbours', over the arithmetic mean."""
    bins = slice(round(_LOWEST_HZ * _FRAME_SECONDS), round(_HIGHEST_HZ * _FRAME_SECONDS))
    smooth = np.full_like(power[:count, bins], 1e-12)
    for shift in range(2 * _AROUND + 1):
        smooth += power[shift : shift + count, bins]
    flatness = np.exp(np.log(smooth).mean(axis=1)) / smooth.mean(axis=1)
    return flatness.astype(np.float64)


@lru_cache(maxsize=8)
def _filters(length: int, sample_rate: int) -> npt.NDArray[np.float32]:
    """Triangular filters, equally wide on the mel scale, shape [bands, bins]."""
    mel = 2595 * np.log10(1 + np.fft.rfftfreq(length, 1 / sample_rate) / 700)
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in (_LOWEST_HZ, min(_HIGHEST_HZ, sample_rate / 2)))
    edges = np.linspace(lowest, highest, _BANDS + 2)
    width = edges[1] - edges[0]
    return np.clip(1 - np.abs(mel - edges[1:-1, None]) / width, 0, None).astype(np.float32)


def _hop(sample_rate: int) -> int:
    return max(1, round(HOP_SECONDS * sample_rate))
