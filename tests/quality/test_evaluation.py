"""Estimates of batches: means of lines, their intervals, and differences of the lines that two batches have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from f5_pipeline.quality.evaluation import ALL, compare, evaluate
from f5_pipeline.results.index import IndexRow, Measure


def row(id: str, voice: str = "anna", text: str = "one two three four", **measures: Measure) -> IndexRow:
    return IndexRow(id, text, text, voice, "demo", key="a" * 64, quality=measures)


def rows(values: Sequence[float], shift: float = 0.0) -> list[IndexRow]:
    return [row(str(number), mos=value + shift) for number, value in enumerate(values)]


def test_each_voice_and_all_of_them_have_their_means() -> None:
    found = evaluate([row("1", mos=3.0), row("2", mos=4.0), row("3", "ben", mos=2.0), IndexRow("4", "x", voice="ben")])
    assert [(each.voice, each.model, each.clips) for each in found] == [
        ("anna", "demo", 2),
        ("ben", "demo", 1),
        (ALL, ALL, 3),
    ]
    assert [each.measures["mos"].value for each in found] == [3.5, 2.0, 3.0]
    assert "speaker_similarity" not in found[0].measures


def test_the_word_error_rate_is_that_of_all_words() -> None:
    lines = [row("1", text="one", word_error_rate=1.0), row("2", text="one two three", word_error_rate=0.0), row("3")]
    (found,) = evaluate(lines)
    assert (found.measures["word_error_rate"].value, found.measures["word_error_rate"].lines) == (0.25, 2)


def test_the_interval_is_that_of_the_mean() -> None:
    """1.96 standard errors to each side, for many lines of a normal distribution."""
    values = np.random.default_rng(2).normal(3.0, 0.5, 400)
    estimate = evaluate(rows(list(values)))[0].measures["mos"]
    error = 1.96 * float(values.std()) / 20
    assert estimate.low == pytest.approx(float(values.mean()) - error, abs=0.15 * error)
    assert estimate.high == pytest.approx(float(values.mean()) + error, abs=0.15 * error)


def test_a_difference_is_that_of_the_same_lines() -> None:
    """The lines differ by 2 points from each other, and each by 0.1 from itself."""
    values = np.random.default_rng(2).uniform(2.0, 4.0, 50)
    extra = row("only there", mos=1.0)
    (difference,) = compare([*rows(list(values)), extra], rows(list(values), 0.1)[::-1])
    estimate = difference.measures["mos"]
    assert difference.clips == 50
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0.1, 0.1, 0.1), abs=0.001)


def test_tags_are_no_words() -> None:
    lines = [
        row("1", text="[pause 0.8s] one", word_error_rate=1.0),
        row("2", text="one two three", word_error_rate=0.0),
    ]
    assert evaluate(lines)[0].measures["word_error_rate"].value == 0.25


def test_word_errors_of_two_recognisers_are_not_compared() -> None:
    def heard_by(recogniser: str) -> list[IndexRow]:
        return [row("1", mos=3.0, word_error_rate=0.5, recogniser=recogniser)]

    assert set(compare(heard_by("a"), heard_by("a"))[0].measures) == {"word_error_rate", "mos"}
    assert set(compare(heard_by("a"), heard_by("b"))[0].measures) == {"mos"}


def test_batches_without_common_lines_have_no_differences() -> None:
    assert compare(rows([3.0]), [row("other", mos=3.0), row("0", text="the same id", mos=3.0)]) == []
