"""Joining the sound of pieces into one clip. Plain numpy; files and encodings are elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE

_CEILING = 0.999  # of full scale; what is louder is turned down as a whole, never clipped


@dataclass(frozen=True)
class Joint:
    """How a piece goes over into the next one: with silence between them, or faded into each other, or neither."""

    pause_seconds: float = 0.0
    fade_seconds: float = 0.0  # how much of both is heard at once; counts only where there is no pause


def join_pieces(sounds: Sequence[np.ndarray], joints: Sequence[Joint], lead_seconds: float = 0.0) -> np.ndarray:
    """Join the sound of a line's pieces. Silence is exact to the sample.

    Args:
        sounds: float32 arrays, mono, 24 kHz.
        joints: what follows each of them; behind the last one only a pause counts.
        lead_seconds: of silence before the first.

    Returns:
        float32, mono, 24 kHz, within [-1, 1].
    """
    parts, before = [_silence(lead_seconds)], Joint()
    for sound, joint in zip(sounds, joints, strict=True):
        if before.pause_seconds > 0:
            parts += [_silence(before.pause_seconds), sound]
        else:
            parts[-1:] = _faded(parts[-1], sound, round(before.fade_seconds * SAMPLE_RATE))
        before = joint
    joined = np.concatenate([*parts, _silence(before.pause_seconds)])
    peak = float(np.abs(joined).max(initial=0.0))
    return joined * np.float32(_CEILING / peak) if peak > _CEILING else joined


def starts_of(sizes: Sequence[int], joints: Sequence[Joint], lead_seconds: float = 0.0) -> list[int]:
    """Where each sound of so many samples begins in what ``join_pieces`` makes of them, in samples."""
    starts, begun, end, before = [], 0, round(lead_seconds * SAMPLE_RATE), Joint()
    for size, joint in zip(sizes, joints, strict=True):
        pause, fade = round(before.pause_seconds * SAMPLE_RATE), round(before.fade_seconds * SAMPLE_RATE)
        start = end + pause if before.pause_seconds > 0 else end - min(fade, end - begun, size)
        starts.append(start)
        begun, end, before = start, start + size, joint
    return starts


def _silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def _faded(left: np.ndarray, right: np.ndarray, samples: int) -> list[np.ndarray]:
    """Overlap the end of one piece with the start of the next, linearly."""
    overlap = min(samples, left.size, right.size)
    if overlap == 0:
        return [left, right]
    rise = np.linspace(0.0, 1.0, overlap, dtype=np.float32)
    both = left[-overlap:] * (1 - rise) + right[:overlap] * rise
    return [left[:-overlap], np.concatenate([both, right[overlap:]])]
