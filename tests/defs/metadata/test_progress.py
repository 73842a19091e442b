"""The progress of a run in its log: what is said when, by a clock of the test's."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from f5_pipeline.defs.metadata.progress import LogProgress


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("f5_pipeline.defs.metadata.progress.time", clock)
    return clock


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def progress(said: list[str], clock: Clock) -> LogProgress:
    return LogProgress(SimpleNamespace(log=SimpleNamespace(info=said.append)))  # type: ignore[arg-type]


def test_nothing_to_speak_is_said(progress: LogProgress, said: list[str]) -> None:
    progress.begin(16, 0, 0.0)
    assert said == ["16 lines, all of them spoken before: nothing to speak"]


def test_clips_that_are_still_to_be_judged_may_be_spoken_again(
    progress: LogProgress, said: list[str], clock: Clock
) -> None:
    progress.begin(16, 0, 0.0, waiting=3)
    assert said.pop() == "16 lines, all of them spoken before; 3 clips are still to be judged"
    clock.now += 10.0
    progress.advance(5.0)
    assert said == ["1 clips, 5 s of audio, 0.5 times real time"]


def test_it_speaks_now_and_then_and_at_the_end(progress: LogProgress, said: list[str], clock: Clock) -> None:
    progress.begin(20, 12, 60.0)
    assert said.pop() == "20 lines; 12 clips to speak, about 60 s of audio"
    for _ in range(11):
        clock.now += 2.0
        progress.advance(5.0)
    assert said == [
        "5 of 12 clips, 25 s of audio, 2.5 times real time, about 14 s left",
        "10 of 12 clips, 50 s of audio, 2.5 times real time, about 4 s left",
    ]
    progress.advance(5.0)
    assert said[-1] == "12 of 12 clips, 60 s of audio, 2.7 times real time, about 0 s left"


def test_takes_that_failed_and_no_time_at_all_do_not_divide_by_zero(progress: LogProgress, said: list[str]) -> None:
    progress.begin(1, 1, 3.0)
    progress.advance(0.0)
    assert said[-1] == "1 of 1 clips, 0 s of audio, 0.0 times real time, about 0 s left"
