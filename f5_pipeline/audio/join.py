"""Joining the audio of a line's chunks into one clip, with cross-fades and pauses. Plain numpy, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE

_MAX_PEAK = 0.999  # of full scale; a louder clip is scaled down as a whole, never clipped


@dataclass(frozen=True)
class Joint:
    """The transition from one chunk to the next: a pause, a cross-fade, or neither."""

    pause_seconds: float = 0.0
    fade_seconds: float = 0.0  # overlap of both chunks; ignored where there is a pause


def join_chunks(chunks: Sequence[np.ndarray], joints: Sequence[Joint], lead_seconds: float = 0.0) -> np.ndarray:
    """Join the audio of a line's chunks. Pauses are exact to the sample.

    Args:
        chunks: float32 arrays, mono, 24 kHz, shape [samples] each.
        joints: the transition after each chunk; after the last chunk only a pause counts.
        lead_seconds: silence before the first chunk.

    Returns:
        float32, mono, 24 kHz, within [-1, 1], shape [samples].
    """
    parts, previous = [_silence(lead_seconds)], Joint()
    for chunk, joint in zip(chunks, joints, strict=True):
        if previous.pause_seconds > 0:
            parts += [_silence(previous.pause_seconds), chunk]
        else:
            parts[-1:] = _cross_faded(parts[-1], chunk, round(previous.fade_seconds * SAMPLE_RATE))
        previous = joint
    joined = np.concatenate([*parts, _silence(previous.pause_seconds)])
    peak = float(np.abs(joined).max(initial=0.0))
    return joined * np.float32(_MAX_PEAK / peak) if peak > _MAX_PEAK else joined


def starts_of(sizes: Sequence[int], joints: Sequence[Joint], lead_seconds: float = 0.0) -> list[int]:
    """Where each chunk begins in the result of :func:`join_chunks`, in samples.

    Args:
        sizes: samples of each chunk.
        joints: the transition after each chunk.
        lead_seconds: silence before the first chunk.
    """
    starts, previous_start, end, previous = [], 0, round(lead_seconds * SAMPLE_RATE), Joint()
    for size, joint in zip(sizes, joints, strict=True):
        pause, fade = round(previous.pause_seconds * SAMPLE_RATE), round(previous.fade_seconds * SAMPLE_RATE)
        start = end + pause if previous.pause_seconds > 0 else end - min(fade, end - previous_start, size)
        starts.append(start)
        previous_start, end, previous = start, start + size, joint
    return starts


def _silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def _cross_faded(left: np.ndarray, right: np.ndarray, samples: int) -> list[np.ndarray]:
    """Overlap the end of ``left`` with the start of ``right`` by at most ``samples``, linearly."""
    overlap = min(samples, left.size, right.size)
    if overlap == 0:
        return [left, right]
    rise = np.linspace(0.0, 1.0, overlap, dtype=np.float32)
    both = left[-overlap:] * (1 - rise) + right[:overlap] * rise
    return [left[:-overlap], np.concatenate([both, right[overlap:]])]
