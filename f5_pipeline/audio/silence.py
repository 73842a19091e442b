"""Silence: the levels of short frames, and which frames are silent.

The only silence detector: reference recordings (``audio.decode``), delivered clips (``audio.trim``) and the quality
measures (``quality.signal``) call it, each with its own thresholds. Spectra are in ``audio.spectra``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from f5_pipeline.audio.samples import Samples

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FLOOR_DB = -120.0  # dBFS; lower levels are reported as this


def decibels(power: Array) -> Array:
    """Power in dB, ``10 · log10(power)``, at least ``FLOOR_DB``."""
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))))


def frame_powers(samples: Samples, frame_length: int) -> Array:
    """The mean square of each frame, shape [frames]; zeros fill the last frame.

    Args:
        samples: shape [samples].
        frame_length: samples per frame; frames do not overlap.
    """
    frames = np.pad(samples, (0, -samples.size % frame_length)).reshape(-1, frame_length)
    return np.asarray(np.mean(np.square(frames, dtype=np.float64), axis=1))


def silent_frames(levels_db: Array, loud_db: float, below_loud_db: float, floor_db: float) -> Flags:
    """Mask of the silent frames, shape [frames].

    Args:
        levels_db: level of each frame in dBFS, shape [frames].
        loud_db: level of the loud parts in dBFS, such as a high percentile of ``levels_db``.
        below_loud_db: a frame at least this much below ``loud_db`` is silent.
        floor_db: a frame at or below this level in dBFS is silent, however quiet the rest is.
    """
    return np.asarray(levels_db <= max(loud_db - below_loud_db, floor_db))


def sounding_range(silent: Flags) -> tuple[int, int]:
    """The frames from the first sound to the last as a half-open range; ``(0, 0)`` if all frames are silent."""
    sounding = np.flatnonzero(~silent)
    return (int(sounding[0]), int(sounding[-1]) + 1) if sounding.size else (0, 0)
