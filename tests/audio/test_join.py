"""Joining chunks: cross-fades, pauses, and a peak that never clips."""

from __future__ import annotations

import numpy as np
import pytest

from f5_pipeline.audio.join import Joint, join_chunks, starts_of
from f5_pipeline.audio.samples import SAMPLE_RATE

FADE = Joint(0.0, 0.15)


def chunk(seconds: float, level: float = 0.5) -> np.ndarray:
    """A constant signal."""
    return np.full(round(seconds * SAMPLE_RATE), level, np.float32)


def test_a_single_chunk_is_not_changed() -> None:
    samples = chunk(1.0)
    assert np.array_equal(join_chunks([samples], [FADE]), samples)  # no fade after the last chunk


def test_a_cross_fade_overlaps_by_its_length_and_keeps_the_level() -> None:
    joined = join_chunks([chunk(1.0), chunk(2.0)], [FADE, FADE])
    assert joined.size == round(2.85 * SAMPLE_RATE)
    assert joined.dtype == np.float32
    assert np.allclose(joined, 0.5, atol=1e-6)


def test_a_cross_fade_moves_from_one_level_to_the_other() -> None:
    joined = join_chunks([chunk(1.0, 0.8), chunk(1.0, 0.2)], [Joint(0.0, 0.5), Joint(0.0, 0.5)])
    assert joined[: SAMPLE_RATE // 2] == pytest.approx(0.8)
    assert joined[SAMPLE_RATE:] == pytest.approx(0.2)
    fade = joined[SAMPLE_RATE // 2 : SAMPLE_RATE]
    assert (np.diff(fade) < 0).all()
    assert fade[fade.size // 2] == pytest.approx(0.5, abs=0.01)


def test_without_a_cross_fade_chunks_are_concatenated() -> None:
    joined = join_chunks([chunk(0.5, 0.1), chunk(0.5, 0.2)], [Joint(0.0, 0.0), Joint(0.0, 0.0)])
    assert np.array_equal(joined, np.concatenate([chunk(0.5, 0.1), chunk(0.5, 0.2)]))


@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_a_fade_is_not_longer_than_the_chunk(seconds: float) -> None:
    joined = join_chunks([chunk(seconds), chunk(1.0)], [FADE, FADE])
    assert joined.size == SAMPLE_RATE
    assert np.isfinite(joined).all()


def test_a_pause_is_silence_between_complete_chunks() -> None:
    joined = join_chunks([chunk(1.0), chunk(1.0)], [Joint(0.6), FADE])
    assert joined.size == round(2.6 * SAMPLE_RATE)
    assert not joined[SAMPLE_RATE : round(1.6 * SAMPLE_RATE)].any()
    assert (joined[:SAMPLE_RATE] == 0.5).all()
    assert (joined[round(1.6 * SAMPLE_RATE) :] == 0.5).all()


def test_pauses_and_fades_in_one_text() -> None:
    joined = join_chunks([chunk(1.0)] * 4, [Joint(0.0, 0.2), Joint(0.6), Joint(0.0, 0.2), Joint(0.0, 0.2)])
    assert joined.size == round((4 + 0.6 - 2 * 0.2) * SAMPLE_RATE)


@pytest.mark.parametrize("peak", [1.5, -3.0])
def test_a_clip_that_is_too_loud_is_scaled_down(peak: float) -> None:
    loud = np.concatenate([chunk(0.5, 0.3), chunk(0.1, peak)])
    joined = join_chunks([loud], [FADE])
    assert np.abs(joined).max() == pytest.approx(0.999, abs=1e-6)
    assert joined / loud == pytest.approx(0.999 / abs(peak), rel=1e-5)  # one gain for all samples: nothing is clipped


def test_a_quiet_clip_is_not_amplified() -> None:
    assert np.abs(join_chunks([chunk(0.5, 0.01)], [FADE])).max() == pytest.approx(0.01)


def test_an_empty_chunk_gives_an_empty_clip() -> None:
    assert join_chunks([chunk(0.0)], [FADE]).size == 0


def test_pauses_at_both_ends_are_exact_to_the_sample() -> None:
    joined = join_chunks([chunk(1.0)], [Joint(0.25)], lead_seconds=0.8)
    assert joined.size == round(2.05 * SAMPLE_RATE)
    assert not joined[: round(0.8 * SAMPLE_RATE)].any()
    assert (joined[round(0.8 * SAMPLE_RATE) : round(1.8 * SAMPLE_RATE)] == 0.5).all()
    assert not joined[round(1.8 * SAMPLE_RATE) :].any()


def test_thousands_of_chunks_are_joined_in_linear_time() -> None:
    joined = join_chunks([chunk(0.3)] * 5_000, [Joint(0.0, 0.1)] * 5_000)
    assert joined.size == round((5_000 * 0.2 + 0.1) * SAMPLE_RATE)


def test_starts_of_chunks_are_their_first_samples_in_the_joined_clip() -> None:
    chunks = [chunk(0.5, 0.1), chunk(0.4, 0.2), chunk(0.3, 0.3)]
    joints = [Joint(0.0, 0.1), Joint(0.25), Joint()]
    starts = starts_of([each.size for each in chunks], joints, lead_seconds=0.5)
    assert starts == [round(seconds * SAMPLE_RATE) for seconds in (0.5, 0.9, 1.55)]
    joined = join_chunks(chunks, joints, lead_seconds=0.5)
    assert np.flatnonzero(joined)[0] == starts[0]
    assert (joined[starts[2] :] == np.float32(0.3)).all()
    assert not joined[starts[2] - 1]
