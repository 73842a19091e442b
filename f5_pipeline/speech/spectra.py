"""What the quality measures look at: a clip as frames of 10 ms, each with its level and its spectrum. numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
    flat_bins = slice(round(_LOWEST_HZ * _FRAME_SECONDS), round(_HIGHEST_HZ * _FRAME_SECONDS))
    parts = [
        _part(padded, start, min(_BLOCK, count - start), hop, window, filters, flat_bins)
        for start in range(0, count, _BLOCK)
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
    filters: Array,
    flat_bins: slice,
) -> Spectra:
    """The spectra of ``count`` frames from ``start`` on."""
    frames = np.lib.stride_tricks.sliding_window_view(padded, window.size)[start * hop :: hop][: count + 2 * _AROUND]
    spectrum = np.fft.rfft(frames * window)
    power = (np.square(spectrum.real) + np.square(spectrum.imag)) / window.size
    width = 2 * _AROUND + 1
    sums = np.cumsum(np.pad(power[:, flat_bins], ((1, 0), (0, 0))), axis=0, dtype=np.float64)
    smooth = (sums[width:] - sums[:-width]) / width + 1e-12
    flatness = np.exp(np.mean(np.log(smooth), axis=1)) / np.mean(smooth, axis=1)
    # Not ``@``: so small a product is not worth the threads of a BLAS, which the model needs at the same time.
    bands = np.einsum("fb,bm->fm", power[_AROUND : _AROUND + count], filters)
    return Spectra(decibels(bands), flatness)


def _filters(length: int, sample_rate: int) -> Array:
    """Triangular filters, equally wide on the mel scale, shape [bins, bands]."""
    mel = 2595 * np.log10(1 + np.fft.rfftfreq(length, 1 / sample_rate) / 700)
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in (_LOWEST_HZ, min(_HIGHEST_HZ, sample_rate / 2)))
    edges = np.linspace(lowest, highest, _BANDS + 2)
    width = edges[1] - edges[0]
    return np.asarray(np.clip(1 - np.abs(mel[:, None] - edges[1:-1]) / width, 0, None))


def _hop(sample_rate: int) -> int:
    return max(1, round(HOP_SECONDS * sample_rate))
