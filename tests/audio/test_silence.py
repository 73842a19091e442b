"""The silence detector: levels of frames, the mask, and the range between the first and the last sound."""

from __future__ import annotations

import numpy as np
import pytest

from f5_pipeline.audio.silence import decibels, frame_powers, silent_frames, sounding_range


def test_powers_are_mean_squares_and_zeros_fill_the_last_frame() -> None:
    samples = np.array([1.0, -1.0, 0.5, 0.5, 1.0], np.float32)
    assert frame_powers(samples, 2).tolist() == [1.0, 0.25, 0.5]
    assert frame_powers(np.zeros(0, np.float32), 2).size == 0


def test_decibels_have_a_floor() -> None:
    assert decibels(np.array([1.0, 1e-3, 0.0])).tolist() == pytest.approx([0.0, -30.0, -120.0])


LEVELS = np.array([-70.0, -50.0, -10.0, -45.0, -90.0])


@pytest.mark.parametrize(
    ("below", "floor", "silent"),
    [
        (40.0, -60.0, [True, True, False, False, True]),  # relative to the loud parts: -50 and below
        (60.0, -60.0, [True, False, False, False, True]),  # the floor: -60 and below
        (90.0, -95.0, [False, False, False, False, False]),
    ],
)
def test_a_frame_is_silent_below_either_threshold(below: float, floor: float, silent: list[bool]) -> None:
    assert silent_frames(LEVELS, LEVELS.max(), below, floor).tolist() == silent


@pytest.mark.parametrize(
    ("silent", "expected"),
    [([1, 0, 1, 0, 1], (1, 4)), ([0, 0], (0, 2)), ([1, 1], (0, 0)), ([], (0, 0))],
)
def test_the_range_of_sound(silent: list[int], expected: tuple[int, int]) -> None:
    assert sounding_range(np.array(silent, bool)) == expected
