"""Levels and spectra of frames of 10 ms."""

from __future__ import annotations

import numpy as np
import pytest

from f5_pipeline.audio.samples import SAMPLE_RATE, Samples
from f5_pipeline.audio.spectra import HOP_SECONDS, levels_of, spectra_of

HOP = round(HOP_SECONDS * SAMPLE_RATE)


@pytest.mark.parametrize("size", [0, 1, HOP, 10 * HOP + 1])
def test_each_frame_has_a_level_and_a_spectrum(size: int) -> None:
    samples = np.full(size, 0.1, np.float32)
    frames = levels_of(samples, SAMPLE_RATE).size
    spectra = spectra_of(samples, SAMPLE_RATE)
    assert frames == -(-size // HOP)
    assert (spectra.bands.shape, spectra.flatness.shape) == ((frames, 24), (frames,))


def test_spectra_of_a_long_clip_have_no_seams(speech: Samples) -> None:
    """Spectra are computed in blocks of 4096 frames. Around the end of a block they equal those of an excerpt."""
    samples = np.tile(speech, 45 * SAMPLE_RATE // speech.size + 1)
    first, last, margin = 4_050, 4_150, 10
    clip = spectra_of(samples, SAMPLE_RATE)
    excerpt = spectra_of(samples[(first - margin) * HOP : (last + margin) * HOP], SAMPLE_RATE)
    assert len(clip.bands) > last + margin
    assert np.allclose(clip.bands[first:last], excerpt.bands[margin:-margin], atol=1e-3)
    assert np.allclose(clip.flatness[first:last], excerpt.flatness[margin:-margin], atol=1e-4)
