"""The progress bar on a terminal, driven by a real session with an engine without a model."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from rich.console import Console

from f5_pipeline.cli.progress_bar import BarProgress
from f5_pipeline.quality.asr.recogniser import TranscriptionRequest
from f5_pipeline.results.transcripts import TimedWord
from f5_pipeline.synthesis.executor import SynthesisResult
from f5_pipeline.synthesis.transcriber import StoreTranscriber
from tests.quality.asr.fake_recogniser import SPEC, FakeRecogniser, without_the_second
from tests.synthesis.fake_engine import FakeEngine
from tests.synthesis.jobs import Run, lines


class ObservedBar(BarProgress):
    """Sets an event when the run begins."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.begun = threading.Event()

    def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None:
        super().begin(lines, missing, audio_seconds, waiting)
        self.begun.set()


class LateRecogniser(FakeRecogniser):
    """Transcribes nothing before the run begins, so that every stored clip is unjudged until then."""

    begun: threading.Event

    def transcribe(self, request: TranscriptionRequest) -> list[TimedWord]:
        assert self.begun.wait(60)
        return super().transcribe(request)


def generated(run: Run, recogniser: LateRecogniser, engine: FakeEngine) -> tuple[SynthesisResult, str]:
    """Run a session on a terminal; returns its result and the terminal's content."""
    screen = io.StringIO()
    with ObservedBar(Console(file=screen, width=200, force_terminal=True, color_system=None)) as progress:
        recogniser.begun = progress.begun
        run.drop_index()
        with StoreTranscriber(SPEC, run.store, lambda: recogniser) as transcriber:
            done = run(lines(), engine, transcriber, progress)
    return done, screen.getvalue()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A store with three clips that were never transcribed."""
    run = Run(tmp_path)
    run(lines(), FakeEngine())
    return run


def test_new_takes_of_stored_clips_are_counted_without_a_total(run: Run) -> None:
    done, screen = generated(run, LateRecogniser({"second": [without_the_second]}), FakeEngine())
    assert done.clips_spoken == 1
    assert screen.startswith("Lines: 3, ")
    assert "clips to judge: 3" in screen
    assert "nothing to speak" not in screen
    assert f"1/? {done.audio_seconds_spoken:.0f} s of audio" in screen


def test_stored_clips_that_are_ok_need_no_bar(run: Run) -> None:
    done, screen = generated(run, LateRecogniser(), FakeEngine(dies_after=0))
    assert done.clips_spoken == 0
    (line,) = screen.splitlines()
    assert "clips to judge: 3" in line


@pytest.mark.parametrize(("count", "start"), [(3, "3 lines, "), (0, "No lines")])
def test_a_run_without_missing_clips_prints_one_line(count: int, start: str) -> None:
    screen = io.StringIO()
    with BarProgress(Console(file=screen)) as progress:
        progress.begin(count, 0, 0.0)
    assert screen.getvalue().startswith(start)
