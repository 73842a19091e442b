"""The progress bar of a terminal, with what a run really tells it."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from rich.console import Console

from f5_pipeline.cli.progress_bar import BarProgress
from f5_pipeline.quality.asr.recogniser import TranscriptionRequest
from f5_pipeline.quality.thresholds import Thresholds
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.transcripts import TimedWord
from f5_pipeline.synthesis.session import Generation, generate
from f5_pipeline.synthesis.transcriber import Ears
from tests.quality.asr.fake_recogniser import SPEC, FakeRecogniser, without_the_second
from tests.synthesis.fake_engine import FakeEngine
from tests.synthesis.test_session import Run, lines


class Begun(BarProgress):
    """A bar that says when a run has begun."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.has_begun = threading.Event()

    def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None:
        super().begin(lines, missing, audio_seconds, waiting)
        self.has_begun.set()


class Slow(FakeRecogniser):
    """Hears nothing before the run has begun: by then nobody knows what is wrong with a clip."""

    begun: threading.Event

    def transcribe(self, request: TranscriptionRequest) -> list[TimedWord]:
        assert self.begun.wait(60)
        return super().transcribe(request)


def generated(run: Run, recogniser: Slow, engine: FakeEngine) -> tuple[Generation, str]:
    """A run in a terminal, and what it left on the screen."""
    screen = io.StringIO()
    with Begun(Console(file=screen, width=200, force_terminal=True, color_system=None)) as progress:
        recogniser.begun = progress.has_begun
        with Ears(SPEC, run.store, lambda: recogniser) as ears:
            judge = Judge(Thresholds(), SPEC.name)
            done = generate(lines(), run.clips, {}, engine.load, progress, judge, ears)
    return done, screen.getvalue()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Three clips are in the store, and nobody has listened to them."""
    run = Run(tmp_path)
    run(lines(), FakeEngine())
    return run


def test_what_is_found_wrong_with_clips_that_were_spoken_before_is_counted_as_it_comes(run: Run) -> None:
    done, screen = generated(run, Slow({"second": [without_the_second]}), FakeEngine())
    assert done.clips_spoken == 1
    assert "Lines: 3, all of them spoken before; clips still to be judged: 3." in screen
    assert "nothing to speak" not in screen
    assert f"1/? {done.audio_seconds_spoken:.0f} s of audio" in screen


def test_clips_that_turn_out_right_need_no_bar(run: Run) -> None:
    done, screen = generated(run, Slow(), FakeEngine(dies_after=0))
    assert done.clips_spoken == 0
    assert screen.splitlines() == ["Lines: 3, all of them spoken before; clips still to be judged: 3."]


@pytest.mark.parametrize(("count", "said"), [(3, "3 lines, all of them spoken before: nothing to speak."), (0, "No l")])
def test_where_nothing_waits_nothing_is_to_be_spoken(count: int, said: str) -> None:
    screen = io.StringIO()
    with BarProgress(Console(file=screen)) as progress:
        progress.begin(count, 0, 0.0)
    assert screen.getvalue().startswith(said)
