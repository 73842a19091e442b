"""Joining the sound of pieces: cross-fades, pauses, and a peak that never clips."""

from __future__ import annotations

import numpy as np
import pytest

from f5_pipeline.audio.join import Joint, join_pieces
from f5_pipeline.audio.samples import SAMPLE_RATE

FADE = Joint(0.0, 0.15)


def piece(seconds: float, level: float = 0.5) -> np.ndarray:
    return np.full(round(seconds * SAMPLE_RATE), level, np.float32)


def test_one_piece_stays_as_it_is() -> None:
    sound = piece(1.0)
    assert np.array_equal(join_pieces([sound], [Joint(0.0, 0.15)]), sound)  # nothing comes after: no fade


def test_a_cross_fade_overlaps_so_much_and_keeps_the_level() -> None:
    joined = join_pieces([piece(1.0), piece(2.0)], [FADE, FADE])
    assert joined.size == round(2.85 * SAMPLE_RATE)
    assert joined.dtype == np.float32
    assert np.allclose(joined, 0.5, atol=1e-6)


def test_a_cross_fade_goes_from_one_to_the_other() -> None:
    joined = join_pieces([piece(1.0, 0.8), piece(1.0, 0.2)], [Joint(0.0, 0.5), Joint(0.0, 0.5)])
    assert joined[: SAMPLE_RATE // 2] == pytest.approx(0.8)
    assert joined[SAMPLE_RATE:] == pytest.approx(0.2)
    fade = joined[SAMPLE_RATE // 2 : SAMPLE_RATE]
    assert (np.diff(fade) < 0).all()
    assert fade[fade.size // 2] == pytest.approx(0.5, abs=0.01)


def test_without_a_cross_fade_pieces_stand_side_by_side() -> None:
    joined = join_pieces([piece(0.5, 0.1), piece(0.5, 0.2)], [Joint(0.0, 0.0), Joint(0.0, 0.0)])
    assert np.array_equal(joined, np.concatenate([piece(0.5, 0.1), piece(0.5, 0.2)]))


@pytest.mark.parametrize("first", [0.0, 0.01])
def test_a_piece_shorter_than_the_fade_is_faded_as_far_as_it_goes(first: float) -> None:
    joined = join_pieces([piece(first), piece(1.0)], [FADE, FADE])
    assert joined.size == SAMPLE_RATE
    assert np.isfinite(joined).all()


def test_a_pause_is_silence_between_whole_pieces() -> None:
    joined = join_pieces([piece(1.0), piece(1.0)], [Joint(0.6), FADE])
    assert joined.size == round(2.6 * SAMPLE_RATE)
    assert not joined[SAMPLE_RATE : round(1.6 * SAMPLE_RATE)].any()
    assert (joined[:SAMPLE_RATE] == 0.5).all()
    assert (joined[round(1.6 * SAMPLE_RATE) :] == 0.5).all()


def test_pauses_and_fades_in_one_text() -> None:
    joined = join_pieces([piece(1.0)] * 4, [Joint(0.0, 0.2), Joint(0.6), Joint(0.0, 0.2), Joint(0.0, 0.2)])
    assert joined.size == round((4 + 0.6 - 2 * 0.2) * SAMPLE_RATE)


@pytest.mark.parametrize("peak", [1.5, -3.0])
def test_what_is_too_loud_is_turned_down_as_a_whole(peak: float) -> None:
    loud = np.concatenate([piece(0.5, 0.3), piece(0.1, peak)])
    joined = join_pieces([loud], [FADE])
    assert np.abs(joined).max() == pytest.approx(0.999, abs=1e-6)
    assert joined / loud == pytest.approx(0.999 / abs(peak), rel=1e-5)  # the shape is kept: nothing is clipped


def test_quiet_sound_is_not_made_louder() -> None:
    assert np.abs(join_pieces([piece(0.5, 0.01)], [FADE])).max() == pytest.approx(0.01)


def test_no_sound_at_all() -> None:
    assert join_pieces([piece(0.0)], [FADE]).size == 0


def test_silence_at_both_ends_is_exact_to_the_sample() -> None:
    joined = join_pieces([piece(1.0)], [Joint(0.25)], lead_seconds=0.8)
    assert joined.size == round(2.05 * SAMPLE_RATE)
    assert not joined[: round(0.8 * SAMPLE_RATE)].any()
    assert (joined[round(0.8 * SAMPLE_RATE) : round(1.8 * SAMPLE_RATE)] == 0.5).all()
    assert not joined[round(1.8 * SAMPLE_RATE) :].any()


def test_thousands_of_pieces_are_joined_in_one_go() -> None:
    """Not each to all before it, which would take the square of the time."""
    joined = join_pieces([piece(0.3)] * 5_000, [Joint(0.0, 0.1)] * 5_000)
    assert joined.size == round((5_000 * 0.2 + 0.1) * SAMPLE_RATE)
