"""Joining the sound of chunks into one clip. Plain numpy; files and encodings are elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from f5_pipeline.speech.engine import SAMPLE_RATE

_CEILING = 0.999  # of full scale; what is louder is turned down as a whole, never clipped


def join_chunks(pieces: Sequence[np.ndarray], pauses: Sequence[float], cross_fade_duration: float) -> np.ndarray:
    """Join the sound of a text's chunks.

    Args:
        pieces: float32 arrays, mono, 24 kHz.
        pauses: seconds of silence after each piece; 0: the next one is faded in while this one is faded out.
        cross_fade_duration: seconds.

    Returns:
        float32, mono, 24 kHz, within [-1, 1].
    """
    joined = pieces[0]
    for piece, pause in zip(pieces[1:], pauses, strict=False):
        if pause > 0:
            joined = np.concatenate([joined, np.zeros(round(pause * SAMPLE_RATE), np.float32), piece])
        else:
            joined = _cross_fade(joined, piece, round(cross_fade_duration * SAMPLE_RATE))
    peak = float(np.abs(joined).max(initial=0.0))
    return joined * np.float32(_CEILING / peak) if peak > _CEILING else joined


def _cross_fade(left: np.ndarray, right: np.ndarray, samples: int) -> np.ndarray:
    """Overlap the end of one piece with the start of the next, linearly."""
    overlap = min(samples, left.size, right.size)
    if overlap == 0:
        return np.concatenate([left, right])
    rise = np.linspace(0.0, 1.0, overlap, dtype=np.float32)
    both = left[-overlap:] * (1 - rise) + right[:overlap] * rise
    return np.concatenate([left[:-overlap], both, right[overlap:]])
