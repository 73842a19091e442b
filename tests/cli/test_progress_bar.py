"""The progress bar on a terminal, driven by a real session with an engine without a model."""

from __future__ import annotations

import io
import re
import threading
from pathlib import Path

import pytest
from rich.console import Console

from f5_pipeline.cli.progress_bar import BarProgress
from f5_pipeline.demo.install import install
from f5_pipeline.quality.asr.recogniser import TranscriptionRequest
from f5_pipeline.results.transcripts import TimedWord
from f5_pipeline.storage.download_progress import DownloadProgress
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.synthesis.executor import SynthesisResult
from f5_pipeline.synthesis.transcriber import StoreTranscriber
from tests.cli.pseudo_terminal import run_on_a_terminal
from tests.cluster.batch import wait_for
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


def test_a_repeated_step_begins_anew() -> None:
    screen = io.StringIO()
    with BarProgress(Console(file=screen, width=120, force_terminal=True, color_system=None)) as progress:
        progress.begin(10, 10, 50.0)
        for _ in range(6):
            progress.advance(5.0)
        progress.begin(10, 4, 20.0)
        progress.advance(5.0)
    last = screen.getvalue().rpartition("\x1b[2K")[2]  # the last state of the display, which stays on the screen
    assert "1/4 5 s of audio" in last
    assert last.count("speaking") == 1


def test_a_download_is_shown_while_it_lasts() -> None:
    screen = io.StringIO()
    with BarProgress(Console(file=screen, width=120, force_terminal=True, color_system=None)) as progress:
        progress.begin_step("model_weights")
        progress.download(DownloadProgress("https://hub/model", 250_000_000, 1_350_000_000))
        wait_for(lambda: "250 of 1,350 MB" in screen.getvalue())
    assert "downloading" in screen.getvalue()


@pytest.mark.slow
def test_the_bar_moves_while_a_run_speaks(tmp_path: Path) -> None:
    """The real run on a pseudo-terminal. During a step, Dagster points descriptor 2 to a file."""
    store, count = LocalStore(tmp_path / "store"), 24
    install(store)
    store.write("manifests/long.csv", b"text,voice\n" + b"".join(b"This is line %d.,f2\n" % n for n in range(count)))
    environment = {"F5_STORE": store.url, "COLUMNS": "120", "F5_BATCH_SECONDS": "10"}
    environment |= {"F5_CACHE": str(tmp_path / "cache"), "DAGSTER_HOME": str(tmp_path)}
    (tmp_path / "dagster.yaml").touch()
    code, screen = run_on_a_terminal(["run", "long"], environment, tmp_path)
    assert code == 0, screen
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen)
    shown = [int(done) for done in re.findall(rf"(\d+)/{count} (?!files)", text)]
    assert shown == sorted(shown)
    assert len(set(shown) - {0, count}) >= 2, shown
    phases = ["environment", "loading the model", "speaking", "checking the clips", "delivering"]
    assert [phase for phase in phases if phase not in text] == []
    assert f"/{count} files" in text
