"""Signal measures find planted defects in real speech and none in the speech itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields

import numpy as np
import numpy.typing as npt
import pytest
import soxr

from f5_pipeline.audio.samples import SAMPLE_RATE as RATE
from f5_pipeline.quality.signal import QualityMeasures, Verdict, columns, measure, weigh
from f5_pipeline.quality.thresholds import Thresholds
from tests.quality.asr.recordings import DEMO, PEOPLE, recording

Samples = npt.NDArray[np.float32]

SPEECH = {name: recording(name) for name in (*DEMO, *PEOPLE)}


def judge(measures: QualityMeasures, thresholds: Thresholds | None = None) -> Verdict:
    return weigh(columns(measures), thresholds or Thresholds())


def noise(seconds: float, level: float, colour: float = 0.0) -> Samples:
    """Noise with an RMS of ``level``; ``colour`` 0: white, 0.5: pink, 1: brown."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(7).standard_normal(count))
    shaped = np.fft.irfft(spectrum / np.maximum(np.arange(spectrum.size), 1.0) ** colour, count)
    return np.asarray(shaped / np.std(shaped) * level, dtype=np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), dtype=np.float32)


def tone(seconds: float, hertz: float, level: float) -> Samples:
    return (level * np.sqrt(2) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


def inserted(samples: Samples, insertion: Samples, share: float = 0.5) -> Samples:
    at = int(samples.size * share)
    return np.concatenate([samples[:at], insertion, samples[at:]])


def loudest(samples: Samples) -> int:
    """The middle sample of the clip's loudest 0.1 s."""
    power = np.convolve(np.square(samples), np.ones(RATE // 10), "same")
    return int(np.argmax(power))


def doubled(samples: Samples) -> Samples:
    """The clip with the 0.4 s around its loudest sample repeated."""
    start = min(max(0, loudest(samples) - RATE // 5), samples.size - 2 * RATE // 5)
    word = samples[start : start + 2 * RATE // 5]
    return np.concatenate([samples[: start + word.size], word, samples[start + word.size :]])


#: Defect → a function that plants it, and the thresholds of which at least one must be exceeded.
DEFECTS: dict[str, tuple[Callable[[Samples], Samples], set[str]]] = {
    "truncated in a word": (lambda clip: clip[: loudest(clip)], {"max_end_db"}),
    "second half missing": (lambda clip: clip[: clip.size // 2], {"min_duration_ratio"}),
    "second half silent": (lambda clip: clip * (np.arange(clip.size) < clip.size / 2), {"min_duration_ratio"}),
    "repeated word": (doubled, {"max_repeat_score"}),
    "inserted white noise": (lambda clip: inserted(clip, noise(2, rms(clip))), {"max_noise_seconds"}),
    "inserted pink noise": (lambda clip: inserted(clip, noise(2, rms(clip), 0.5)), {"max_steady_seconds"}),
    "inserted brown noise": (lambda clip: inserted(clip, noise(2, rms(clip), 1.0)), {"max_steady_seconds"}),
    "inserted hum": (lambda clip: inserted(clip, tone(1.5, 110, rms(clip))), {"max_steady_seconds"}),
    "equally loud noise": (lambda clip: clip + noise(clip.size / RATE, rms(clip)), {"max_steady_seconds"}),
    "gap": (lambda clip: inserted(clip, silence(2)), {"max_longest_gap_seconds"}),
    "leading silence": (lambda clip: np.concatenate([silence(2), clip]), {"max_lead_silence_seconds"}),
    "trailing silence": (lambda clip: np.concatenate([clip, silence(2)]), {"max_tail_silence_seconds"}),
    "mostly silence": (lambda clip: np.concatenate([silence(2 * clip.size / RATE), clip]), {"max_silence_share"}),
    "clipping": (lambda clip: clip * (4 / np.abs(clip).max()), {"max_clipped_share"}),
    "very quiet": (lambda clip: clip * np.float32(0.003 / rms(clip)), {"min_level_db"}),
    "spoken twice": (lambda clip: np.concatenate([clip, clip]), {"max_duration_ratio"}),
}  # fmt: skip


@pytest.mark.parametrize("name", SPEECH)
@pytest.mark.parametrize("gain", [0.25, 0.9])
def test_real_speech_is_ok(name: str, gain: float) -> None:
    samples, text = SPEECH[name]
    clip = samples * np.float32(gain / np.abs(samples).max())
    verdict = judge(measure(clip, RATE, clip.size / RATE, text))
    assert (verdict.status, verdict.reasons, verdict.penalty) == ("ok", (), 0.0)


@pytest.mark.parametrize("name", SPEECH)
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found_by_its_measure(name: str, defect: str) -> None:
    samples, text = SPEECH[name]
    plant, expected = DEFECTS[defect]
    clip = np.clip(plant(samples), -1, 1)
    measures = measure(clip, RATE, samples.size / RATE, text)
    assert judge(measures).status == "suspect"
    assert any(
        judge(measures, only(limit)).status == "suspect" for limit in expected
    ), f"none of {expected}: {measures}"  # fmt: skip
    assert judge(measures).penalty > judge(measure(samples, RATE, samples.size / RATE, text)).penalty


def only(limit: str) -> Thresholds:
    """Thresholds without limits except one."""
    unlimited = {name: 1e9 if name.startswith("max") else -1e9 for name in Thresholds.model_fields}
    return Thresholds.model_construct(**{**unlimited, limit: getattr(Thresholds(), limit)})


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(1), np.zeros(100), np.zeros(RATE), np.full(RATE, 1e-5)])
def test_a_silent_clip_fails(samples: Samples) -> None:
    verdict = judge(measure(samples.astype(np.float32), RATE, 2.0, "hello there"))
    assert (verdict.status, verdict.reason) == ("failed", "it is silent")


@pytest.mark.parametrize(
    "samples", [np.zeros(0), np.zeros(1), np.ones(50), np.full(RATE, np.nan), np.full(RATE, np.inf), np.zeros(RATE)]
)
def test_measures_are_finite_for_any_input(samples: Samples) -> None:
    measures = measure(samples.astype(np.float32), RATE, 0.0, "")
    assert all(np.isfinite(value) for value in asdict(measures).values()), measures
    judge(measures)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_measures_are_similar_at_every_sample_rate(rate: int) -> None:
    samples, text = SPEECH["nature"]
    seconds = samples.size / RATE
    expected = asdict(measure(samples, RATE, seconds, text))
    resampled = measure(np.asarray(soxr.resample(samples, RATE, rate)), rate, seconds, text)
    for name, tolerance in {
        "level_db": 0.6,
        "silence_share": 0.03,
        "duration_ratio": 0.02,
        "chars_per_second": 0.5,
        "repeat_score": 0.15,
    }.items():
        assert getattr(resampled, name) == pytest.approx(expected[name], abs=tolerance), name
    assert judge(resampled).status == "ok"


def test_measures_of_a_synthetic_clip() -> None:
    clip = np.concatenate([silence(0.5), tone(1, 440, 0.1), silence(0.75), tone(1, 440, 0.1), silence(0.25)])
    measures = measure(clip, RATE, 5.5, "Twelve chars")
    assert measures.level_db == pytest.approx(-20, abs=0.1)
    assert measures.peak_db == pytest.approx(-17, abs=0.1)
    assert measures.lead_silence_seconds == pytest.approx(0.5, abs=0.011)
    assert measures.longest_gap_seconds == pytest.approx(0.75, abs=0.021)
    assert measures.tail_silence_seconds == pytest.approx(0.25, abs=0.011)
    assert measures.silence_share == pytest.approx(1.5 / 3.5, abs=0.02)
    assert measures.duration_ratio == pytest.approx(0.5, abs=0.01)
    assert measures.chars_per_second == pytest.approx(11 / 2.75, abs=0.1)
    assert measures.steady_seconds == pytest.approx(1.0, abs=0.05)


def test_a_repetition_in_the_text_is_allowed() -> None:
    samples, _ = SPEECH["m1"]
    clip = doubled(samples)
    seconds = clip.size / RATE
    assert judge(measure(clip, RATE, seconds, "no word is repeated here")).reasons == ("repeated speech",)
    assert judge(measure(clip, RATE, seconds, "What was said, was said. Once.")).status == "ok"


def test_without_an_expected_duration_the_ratio_is_one() -> None:
    samples, text = SPEECH["m1"]
    assert measure(samples, RATE, 0.0, text).duration_ratio == 1.0


def test_thresholds_decide_the_verdict() -> None:
    samples, text = SPEECH["m1"]
    measures = measure(inserted(samples, silence(2)), RATE, samples.size / RATE + 2, text)
    assert judge(measures).reasons == ("a gap of 2.0 s",)
    assert judge(measures, Thresholds(max_longest_gap_seconds=3.0)).status == "ok"


def test_the_penalty_grows_with_the_defect() -> None:
    samples, text = SPEECH["m1"]
    penalties = [judge(measure(inserted(samples, silence(gap)), RATE, 0.0, text)).penalty for gap in (1.8, 3.0, 5.0)]
    assert penalties == sorted(penalties)
    assert len(set(penalties)) == 3


def test_columns_are_the_rounded_measures() -> None:
    measures = measure(*SPEECH["m1"][:1], RATE, 3.0, "hello")
    assert list(columns(measures)) == [field.name for field in fields(QualityMeasures)]
    assert columns(measures)["level_db"] == round(measures.level_db, 4)
