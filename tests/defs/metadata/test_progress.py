"""The progress of a run in its log: which messages appear when, by a clock of the test."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from f5_pipeline.defs.metadata.progress import LogProgress


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def messages() -> list[str]:
    return []


@pytest.fixture
def progress(messages: list[str], clock: Clock) -> LogProgress:
    return LogProgress(SimpleNamespace(log=SimpleNamespace(info=messages.append)), clock)  # type: ignore[arg-type]


def numbers(message: str) -> list[float]:
    return [float(number) for number in re.findall(r"[\d.]*\d", message)]


@pytest.mark.parametrize(("lines", "word"), [(16, "16, all spoken before"), (0, "No lines")])
def test_a_run_without_missing_clips(progress: LogProgress, messages: list[str], lines: int, word: str) -> None:
    progress.begin(lines, 0, 0.0)
    assert len(messages) == 1
    assert word in messages[0]


def test_further_takes_of_stored_clips_have_no_known_end(
    progress: LogProgress, messages: list[str], clock: Clock
) -> None:
    progress.begin(16, 0, 0.0, waiting=3)
    assert numbers(messages.pop()) == [16, 3]
    clock.now += 10.0
    progress.advance(5.0)
    assert [numbers(message) for message in messages] == [[1, 5, 0.5]]


def test_a_message_appears_every_few_seconds_and_at_the_end(
    progress: LogProgress, messages: list[str], clock: Clock
) -> None:
    progress.begin(20, 12, 60.0)
    assert numbers(messages.pop()) == [20, 12, 60]
    for _ in range(11):
        clock.now += 2.0
        progress.advance(5.0)
    assert [numbers(message) for message in messages] == [[5, 12, 25, 2.5, 14], [10, 12, 50, 2.5, 4]]
    progress.advance(5.0)
    assert numbers(messages[-1]) == [12, 12, 60, 2.7, 0]


def test_no_audio_in_no_time_does_not_divide_by_zero(progress: LogProgress, messages: list[str]) -> None:
    progress.begin(1, 1, 3.0)
    progress.advance(0.0)
    assert numbers(messages[-1]) == [1, 1, 0, 0.0, 0]
