"""Trimming cuts the silence at both ends to a margin and leaves the speech alone."""

from __future__ import annotations

import numpy as np
import pytest

from f5_pipeline.audio.samples import Samples
from f5_pipeline.audio.trim import TrimSettings, trim_silence

RATE = 24_000


def silence(seconds: float, noise: float = 0.0) -> Samples:
    generator = np.random.default_rng(1)
    return (generator.standard_normal(round(seconds * RATE)) * noise).astype(np.float32)


@pytest.mark.parametrize("noise", [0.0, 2e-5, 3e-4])
def test_silence_beyond_the_margins_is_cut_and_speech_stays(voices: dict[str, Samples], noise: float) -> None:
    for speech in voices.values():
        bare = trim_silence(speech, RATE, TrimSettings(lead=0, tail=0, fade=0)).samples
        padded = np.concatenate([silence(1.5, noise), bare, silence(2.5, noise)])
        trimmed = trim_silence(padded, RATE, TrimSettings(lead=0.1, tail=0.2, fade=0))
        start = round(trimmed.cut_before * RATE)
        assert np.array_equal(trimmed.samples, padded[start : start + trimmed.samples.size])
        assert trimmed.cut_before == pytest.approx(1.4, abs=0.03)
        assert trimmed.samples.size / RATE == pytest.approx(bare.size / RATE + 0.3, abs=0.06)


def test_ends_within_the_margins_are_only_faded(speech: Samples) -> None:
    bare = trim_silence(speech, RATE, TrimSettings(lead=0, tail=0, fade=0)).samples
    trimmed = trim_silence(bare, RATE, TrimSettings())
    assert trimmed.cut_before == 0
    assert np.array_equal(trimmed.samples[200:-200], bare[200:-200])
    assert abs(trimmed.samples[0]) < 1e-3
    assert abs(trimmed.samples[-1]) < 1e-3


def test_pauses_inside_a_clip_stay(speech: Samples) -> None:
    bare = trim_silence(speech, RATE, TrimSettings(lead=0, tail=0, fade=0)).samples
    paused = np.concatenate([bare, silence(3.0), bare])
    assert trim_silence(paused, RATE, TrimSettings()).samples.size == paused.size


@pytest.mark.parametrize("samples", [silence(0), silence(1e-4), silence(1.0), silence(1.0, 2e-5)])
def test_a_clip_without_sound_is_returned_unchanged(samples: Samples) -> None:
    assert np.array_equal(trim_silence(samples, RATE, TrimSettings()).samples, samples)


def test_the_input_array_is_not_changed(speech: Samples) -> None:
    original = speech.copy()
    trim_silence(speech, RATE, TrimSettings())
    assert np.array_equal(original, speech)
