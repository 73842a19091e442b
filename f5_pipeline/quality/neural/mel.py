"""The input of the networks: samples at 16 kHz and their mel spectrogram, as librosa computes it by default."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from f5_pipeline.audio.samples import SAMPLE_RATE, Samples

Floats = npt.NDArray[np.float32]

RATE = 16_000  # Hz, of all networks here
HOP = 160  # samples per frame: 10 ms
_HZ_PER_MEL, _LINEAR_MELS = 200 / 3, 15.0  # Slaney's scale: linear up to 1 kHz …
_LOG_STEP = np.log(6.4) / 27  # … and logarithmic above


def resampled(samples: Samples) -> Floats:
    """Samples, 24 kHz, at 16 kHz; values that are not finite count as silence. Shapes (n,) and (2n/3,)."""
    import soxr

    finite = np.nan_to_num(np.asarray(samples, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    return np.asarray(soxr.resample(finite, SAMPLE_RATE, RATE), np.float32)


def mel_spectrogram(samples: Floats, window: int, bands: int) -> Floats:
    """Power in mel bands, shape [frames, bands]: ``librosa.feature.melspectrogram(…).T`` with these parameters.

    Args:
        samples: 16 kHz, shape (n,).
        window: samples of the periodic Hann window and of the transform.
        bands: from 0 Hz to 8 kHz.
    """
    padded = np.pad(samples, window // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::HOP]
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)
    spectrum = np.fft.rfft(frames * hann, axis=1)
    return np.asarray(np.square(np.abs(spectrum)) @ _filters(window, bands).T, np.float32)


@lru_cache
def _filters(window: int, bands: int) -> npt.NDArray[np.float64]:
    """Triangles of equal area on Slaney's mel scale, shape [bands, frequencies]."""
    edges = _hertz(np.linspace(0, _LINEAR_MELS + np.log(RATE / 2 / 1000) / _LOG_STEP, bands + 2))
    frequencies = np.fft.rfftfreq(window, 1 / RATE)
    widths = np.diff(edges)[:, None]
    rising = (frequencies - edges[:-2, None]) / widths[:-1]
    falling = (edges[2:, None] - frequencies) / widths[1:]
    area = 2 / (edges[2:] - edges[:-2])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * area[:, None])


def _hertz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    logarithmic = 1000 * np.exp((mels - _LINEAR_MELS) * _LOG_STEP)
    return np.where(mels < _LINEAR_MELS, mels * _HZ_PER_MEL, logarithmic)
