"""Loudness and true peak against ffmpeg's ``ebur128`` meter, which shares no code with ours, and the standard."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio.loudness import (
    Loudness,
    LoudnessMeter,
    integrated_loudness,
    k_weighting,
    normalise_loudness,
    true_peak,
)
from f5_pipeline.audio.samples import Samples
from tests.audio.ffmpeg import ebur128

RATE = 24_000


def reference(samples: Samples, path: Path, rate: int = RATE) -> tuple[float, float]:
    """Integrated loudness (LUFS) and true peak (dBTP) by ffmpeg, which rounds to 0.1."""
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return ebur128(path)


def test_the_weighting_at_48_khz_has_the_coefficients_of_bs_1770() -> None:
    """ITU-R BS.1770-4, annex 1, tables 1 and 2."""
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    high_pass = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]
    assert k_weighting(48_000) == pytest.approx(np.array([shelf, high_pass]), abs=1e-13)


@pytest.mark.parametrize("rate", [8_000, 24_000, 48_000, 96_000])
def test_a_sine_of_997_hz_at_full_scale_measures_minus_3_01_lufs(rate: int) -> None:
    """The calibration of BS.1770-4; exact at 48 kHz only."""
    sine = np.sin(2 * np.pi * 997 / rate * np.arange(5 * rate)).astype(np.float32)
    assert integrated_loudness(sine, rate) == pytest.approx(-3.01, abs=0.01 if rate == 48_000 else 0.05)


@pytest.mark.parametrize("rate", [24_000, 48_000])
def test_the_meter_agrees_with_ffmpeg(voices: dict[str, Samples], tmp_path: Path, rate: int) -> None:
    import soxr

    for speech in voices.values():
        samples = soxr.resample(speech, RATE, rate)
        loudness, peak = reference(samples, tmp_path / "clip.wav", rate)
        assert integrated_loudness(samples, rate) == pytest.approx(loudness, abs=0.1)
        assert true_peak(samples) == pytest.approx(peak, abs=0.2)


@pytest.mark.parametrize("size", [1_000, 9_600, 30_001, 10**6])
def test_the_meter_gives_the_same_loudness_for_any_block_size(
    voices: dict[str, Samples], tmp_path: Path, size: int
) -> None:
    pause = np.zeros(RATE, dtype=np.float32)
    recording = np.concatenate([part for speech in voices.values() for part in (speech, pause)])
    meter = LoudnessMeter(RATE)
    for start in range(0, recording.size, size):
        meter.add(recording[start : start + size])
    assert meter.loudness() == pytest.approx(reference(recording, tmp_path / "clip.wav")[0], abs=0.1)
    assert LoudnessMeter(RATE).loudness() == -math.inf


@pytest.mark.parametrize("target", [-27.0, -19.0, -16.0])
def test_every_voice_reaches_the_target_by_ffmpegs_meter(
    voices: dict[str, Samples], tmp_path: Path, target: float
) -> None:
    for speech in voices.values():
        normalised = normalise_loudness(speech, RATE, Loudness(target, true_peak_db=-1.0))
        loudness, peak = reference(normalised, tmp_path / "clip.wav")
        assert loudness == pytest.approx(target, abs=0.3)
        assert peak <= -0.8


def test_without_a_peak_over_the_limit_only_the_gain_changes(speech: Samples) -> None:
    normalised = normalise_loudness(speech, RATE, Loudness(-30.0))
    gain = float(np.abs(normalised).max() / np.abs(speech).max())
    assert np.allclose(normalised, speech * gain, atol=1e-6)


def test_the_limiter_changes_only_the_neighbourhood_of_a_peak(speech: Samples) -> None:
    click = speech.copy()
    click[30_000:30_020] = 0.9
    limit = 20 * math.log10(float(np.abs(speech).max()) * 1.2)
    normalised = normalise_loudness(click, RATE, Loudness(integrated_loudness(click, RATE), limit))
    far = np.ones(speech.size, dtype=bool)
    far[29_000:31_000] = False
    gain = float(normalised[np.abs(speech).argmax()] / speech[np.abs(speech).argmax()])
    assert np.allclose(normalised[far], speech[far] * gain, atol=1e-4)
    assert true_peak(normalised) <= limit + 0.01


def test_the_limiter_lowers_peaks_by_no_more_than_the_maximum(speech: Samples) -> None:
    target = Loudness(-5.0, true_peak_db=-3.0, max_limiting_db=6.0)
    normalised = normalise_loudness(speech, RATE, target)
    assert integrated_loudness(normalised, RATE) < -6.0
    assert true_peak(normalised) <= -2.99


def test_almost_silent_noise_is_raised_by_no_more_than_the_maximum_gain() -> None:
    hiss = (np.random.default_rng(1).standard_normal(RATE) * 3e-4).astype(np.float32)
    raised = normalise_loudness(hiss, RATE, Loudness(-16.0, max_gain_db=20.0))
    assert integrated_loudness(raised, RATE) == pytest.approx(integrated_loudness(hiss, RATE) + 20.0, abs=0.1)


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(1), np.zeros(100), np.zeros(RATE)])
def test_silence_has_no_loudness_and_is_not_changed(samples: Samples) -> None:
    samples = samples.astype(np.float32)
    assert integrated_loudness(samples, RATE) == -math.inf
    assert true_peak(samples) == -math.inf
    assert np.array_equal(normalise_loudness(samples, RATE, Loudness(-16.0)), samples)


@pytest.mark.parametrize("milliseconds", [20, 150, 399])
def test_a_clip_shorter_than_a_gating_block_reaches_the_target_too(speech: Samples, milliseconds: int) -> None:
    start = int(np.abs(speech).argmax()) - 200
    short = speech[start : start + milliseconds * RATE // 1000] * np.float32(0.1)
    normalised = normalise_loudness(short, RATE, Loudness(-23.0))
    assert integrated_loudness(normalised, RATE) == pytest.approx(-23.0, abs=0.2)
