"""Clips on a time line: each begins at its own sample, silence fills the rest.

A clip that is too long is faded out where the next one starts. Clips that overlap otherwise, because their times do,
are added up. ``delivery.sections`` knows the times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from f5_pipeline.audio.loudness import limit_peaks
from f5_pipeline.audio.samples import Samples

#: Raise this by hand when the same clips and times should produce different samples.
TIME_LINE_VERSION = 1

FADE_SECONDS = 0.05  # of a clip that is too long, from the start of the next one
_BLOCK = 2**20  # samples of silence at once


@dataclass(frozen=True)
class PlacedClip:
    """A clip with its first sample on the time line."""

    first: int
    samples: Samples
    longest: int  # samples that are heard; if it has more, it is faded out before


def time_line_audio(
    clips: Iterable[PlacedClip], least: int, sample_rate: int, true_peak_db: float
) -> Iterator[Samples]:
    """The audio of a time line, from its sample 0, in blocks.

    Args:
        clips: in the order of their first samples.
        least: samples; silence fills the time line to this length.
        sample_rate: Hz.
        true_peak_db: the limit where clips overlap, in dBTP.
    """
    at = 0
    for first, sound in _runs(clips, sample_rate, true_peak_db):
        yield from _silence(first - at)
        yield sound
        at = first + sound.size
    yield from _silence(least - at)


def _runs(clips: Iterable[PlacedClip], sample_rate: int, true_peak_db: float) -> Iterator[tuple[int, Samples]]:
    """Clips that overlap as one sound, with its first sample."""
    start, sound, count = 0, np.zeros(0, np.float32), 0
    for clip in clips:
        samples = _faded_out(clip, sample_rate)
        if clip.first >= start + sound.size:
            if count:
                yield start, sound if count == 1 else limit_peaks(sound, sample_rate, true_peak_db)
            start, sound, count = clip.first, samples, 1
            continue
        offset, count = clip.first - start, count + 1
        sound = np.pad(sound, (0, max(0, offset + samples.size - sound.size)))
        sound[offset : offset + samples.size] += samples
    if count:
        yield start, sound if count == 1 else limit_peaks(sound, sample_rate, true_peak_db)


def _faded_out(clip: PlacedClip, sample_rate: int) -> Samples:
    if clip.samples.size <= clip.longest:
        return clip.samples
    heard = clip.samples[: clip.longest].copy()
    length = min(round(FADE_SECONDS * sample_rate), heard.size)
    heard[heard.size - length :] *= np.linspace(1.0, 0.0, length, dtype=np.float32)
    return heard


def _silence(samples: int) -> Iterator[Samples]:
    for start in range(0, samples, _BLOCK):
        yield np.zeros(min(_BLOCK, samples - start), np.float32)
