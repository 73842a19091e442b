"""Spectrograms for the listening page: small PNG images, drawn when a clip is delivered.

A page in a folder, or behind links into a bucket, cannot read the samples of its audio: browsers forbid it.
"""

from __future__ import annotations

import base64
import io
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from f5_pipeline.audio.samples import Samples

BANDS = 48  # rows of the image, of equal width on the mel scale
_MAX_COLUMNS, _COLUMNS_PER_SECOND = 400, 50
_FRAME_SECONDS = 0.04
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 8_000.0
RANGE_DB = 65.0  # below the loudest point: what is softer is black
_COLOURS = (  # from black over red to pale yellow, of rising lightness
    *("000004", "0b0724", "1d1147", "341068", "4b116f", "5f187f", "7b2382", "932b80"),
    *("ab337c", "c43c75", "d8456c", "ec5860", "f8765c", "fd9b6b", "fec488", "fcfdbf"),
)


def spectrogram(samples: Samples, sample_rate: int) -> str:
    """A PNG image as base64: time from left to right over the whole clip, low frequencies at the bottom.

    Args:
        samples: mono, shape [samples].
        sample_rate: in Hz.

    Returns:
        "" if the clip is empty or silent.
    """
    levels = band_levels(samples, sample_rate)
    if levels.size == 0:
        return ""
    from PIL import Image

    shades = np.clip((levels / RANGE_DB + 1) * len(_COLOURS), 0, len(_COLOURS) - 1).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(shades.T[::-1]), "P")
    image.putpalette(bytes.fromhex("".join(_COLOURS)))
    png = io.BytesIO()
    image.save(png, "png", bits=4, optimize=True)
    return base64.b64encode(png.getvalue()).decode()


def band_levels(samples: Samples, sample_rate: int) -> npt.NDArray[np.float32]:
    """Levels in dB below the loudest, shape [columns, bands]; empty if the clip is empty or silent."""
    seconds = samples.size / sample_rate
    columns = min(_MAX_COLUMNS, max(1, round(seconds * _COLUMNS_PER_SECOND)))
    length = round(_FRAME_SECONDS * sample_rate)
    if samples.size == 0:
        return np.zeros((0, BANDS), np.float32)
    padded = np.pad(samples, length // 2 + 1)
    starts = np.linspace(0, samples.size, columns, endpoint=False).astype(int)
    frames = padded[starts[:, None] + np.arange(length)] * np.hanning(length).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(frames, axis=1))).astype(np.float32)
    bands = np.maximum(np.add.reduceat(power, _band_starts(length, sample_rate), axis=1)[:, :BANDS], 1e-12)
    loudest = float(bands.max())
    return np.zeros((0, BANDS), np.float32) if loudest <= 1e-9 else 10 * np.log10(bands / loudest)


@lru_cache(maxsize=8)
def _band_starts(length: int, sample_rate: int) -> npt.NDArray[np.intp]:
    """The first bin of each band, and the end of the last (O'Shaughnessy's formula for mel)."""
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in (_LOWEST_HZ, min(_HIGHEST_HZ, sample_rate / 2 - 50)))
    edges = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 1) / 2595) - 1)
    starts = np.round(edges * length / sample_rate).astype(np.intp)
    return np.minimum(np.maximum.accumulate(np.maximum(starts, starts[0] + np.arange(BANDS + 1))), length // 2)
