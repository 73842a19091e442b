"""Loudness and true peak, held against ffmpeg's own meter (ebur128), which shares no code with ours."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio.loudness import Loudness, LoudnessMeter, integrated_loudness, to_loudness, true_peak
from f5_pipeline.audio.samples import Samples

RATE = 24_000


def ebur128(samples: Samples, path: Path, rate: int = RATE) -> tuple[float, float]:
    """Integrated loudness (LUFS) and true peak (dBTP) by ffmpeg."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        assert not os.environ.get("CI"), "ffmpeg is missing"
        pytest.skip("ffmpeg is not installed")
    soundfile.write(path, samples, rate, subtype="FLOAT")
    command = [ffmpeg, "-hide_banner", "-nostats", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = said[said.rindex("Summary:") :]
    numbers = re.search(r"I:\s+(\S+) LUFS.*Peak:\s+(\S+) dBFS", summary, re.DOTALL)
    assert numbers, said
    return float(numbers[1]), float(numbers[2])


@pytest.mark.parametrize("rate", [24_000, 48_000])
def test_the_meter_agrees_with_ffmpeg(voices: dict[str, Samples], tmp_path: Path, rate: int) -> None:
    import soxr

    for speech in voices.values():
        samples = soxr.resample(speech, RATE, rate)
        loudness, peak = ebur128(samples, tmp_path / "clip.wav", rate)
        assert integrated_loudness(samples, rate) == pytest.approx(loudness, abs=0.2)
        assert true_peak(samples) == pytest.approx(peak, abs=0.2)


@pytest.mark.parametrize("size", [1_000, 9_600, 30_001, 10**6])
def test_a_recording_in_pieces_measures_as_one_by_ffmpegs_meter(
    voices: dict[str, Samples], tmp_path: Path, size: int
) -> None:
    pause = np.zeros(RATE, dtype=np.float32)
    whole = np.concatenate([part for speech in voices.values() for part in (speech, pause)])
    programme = LoudnessMeter(RATE)
    for start in range(0, whole.size, size):
        programme.add(whole[start : start + size])
    assert programme.loudness() == pytest.approx(ebur128(whole, tmp_path / "clip.wav")[0], abs=0.2)
    assert LoudnessMeter(RATE).loudness() == -math.inf


@pytest.mark.parametrize("target", [-27.0, -19.0, -16.0])
def test_every_voice_ends_at_the_target_by_ffmpegs_meter(
    voices: dict[str, Samples], tmp_path: Path, target: float
) -> None:
    for speech in voices.values():
        levelled = to_loudness(speech, RATE, Loudness(target, true_peak_db=-1.0))
        loudness, peak = ebur128(levelled, tmp_path / "clip.wav")
        assert loudness == pytest.approx(target, abs=0.5)
        assert peak <= -0.8


def test_without_a_peak_over_the_limit_nothing_but_the_gain_changes(speech: Samples) -> None:
    levelled = to_loudness(speech, RATE, Loudness(-30.0))
    gain = float(np.abs(levelled).max() / np.abs(speech).max())
    assert np.allclose(levelled, speech * gain, atol=1e-6)


def test_the_limiter_touches_only_the_neighbourhood_of_a_peak(speech: Samples) -> None:
    click = speech.copy()
    click[30_000:30_020] = 0.9
    limit = 20 * math.log10(float(np.abs(speech).max()) * 1.2)
    levelled = to_loudness(click, RATE, Loudness(integrated_loudness(click, RATE), limit))
    far = np.ones(speech.size, dtype=bool)
    far[29_000:31_000] = False
    ratio = float(levelled[np.abs(speech).argmax()] / speech[np.abs(speech).argmax()])
    assert np.allclose(levelled[far], speech[far] * ratio, atol=1e-4)
    assert true_peak(levelled) <= limit + 0.01


def test_a_recording_of_peaks_stays_quieter_rather_than_being_crushed(speech: Samples) -> None:
    wanted = Loudness(-5.0, true_peak_db=-3.0, max_limiting_db=6.0)
    levelled = to_loudness(speech, RATE, wanted)
    assert integrated_loudness(levelled, RATE) < -6.0
    assert true_peak(levelled) <= -2.99


def test_noise_that_is_all_but_silent_is_not_raised_to_a_roar() -> None:
    hiss = (np.random.default_rng(1).standard_normal(RATE) * 3e-4).astype(np.float32)
    raised = to_loudness(hiss, RATE, Loudness(-16.0, max_gain_db=20.0))
    assert integrated_loudness(raised, RATE) == pytest.approx(integrated_loudness(hiss, RATE) + 20.0, abs=0.1)


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(1), np.zeros(100), np.zeros(RATE)])
def test_silence_has_no_loudness_and_stays_silence(samples: Samples) -> None:
    samples = samples.astype(np.float32)
    assert integrated_loudness(samples, RATE) == -math.inf
    assert true_peak(samples) == -math.inf
    assert np.array_equal(to_loudness(samples, RATE, Loudness(-16.0)), samples)


@pytest.mark.parametrize("milliseconds", [20, 150, 399])
def test_a_clip_shorter_than_the_meters_block_is_brought_to_the_target_too(speech: Samples, milliseconds: int) -> None:
    start = int(np.abs(speech).argmax()) - 200
    short = speech[start : start + milliseconds * RATE // 1000] * np.float32(0.1)
    levelled = to_loudness(short, RATE, Loudness(-23.0))
    assert integrated_loudness(levelled, RATE) == pytest.approx(-23.0, abs=0.2)
