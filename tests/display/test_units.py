"""Sizes and durations as people read them."""

from __future__ import annotations

import pytest

from f5_pipeline.display.units import readable_duration, readable_size


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (999_960, "1.0 MB"),
        (12_345_678, "12.3 MB"),
        (1_340_000_000, "1.3 GB"),
        (5e16, "50000.0 TB"),
    ],
)
def test_a_size_has_the_largest_unit_that_fits(size: float, text: str) -> None:
    assert readable_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0 s"),
        (8.44, "8.4 s"),
        (59.96, "1 min 0 s"),
        (245, "4 min 5 s"),
        (3599.6, "1 h 0 min"),
        (4980, "1 h 23 min"),
        (360_000, "100 h 0 min"),
    ],
)
def test_a_duration_has_the_two_largest_units(seconds: float, text: str) -> None:
    assert readable_duration(seconds) == text
