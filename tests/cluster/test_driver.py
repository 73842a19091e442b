"""A batch on workers, without a cluster: what a run is told of clips that are there already."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from f5_pipeline.cli.progress_bar import BarProgress
from f5_pipeline.cluster.driver import WorkerEvent, speak_with
from f5_pipeline.cluster.scheduler import Policy
from f5_pipeline.cluster.worker import Assignment, Ready, Spoken, WorkItem
from f5_pipeline.quality.thresholds import Thresholds
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.synthesis.executor import SynthesisJob
from f5_pipeline.synthesis.session import generate
from f5_pipeline.synthesis.transcriber import Ears
from tests.cluster.batch import LOG
from tests.quality.asr.fake_recogniser import SPEC, FakeRecogniser, without_the_second
from tests.synthesis.fake_engine import FakeEngine
from tests.synthesis.test_session import Run, lines

JUDGE = Judge(Thresholds(), SPEC.name)


class Here:
    """Implements ``WorkerPool``: one worker, in this process."""

    def __init__(self, run: Run, ears: Ears) -> None:
        self._run, self._ears, self._news = run, ears, list[tuple[int, WorkerEvent]]()

    def start(self, worker: int, avoid: frozenset[str]) -> None:
        self._news.append((worker, Ready("here", 0.0)))

    def assign(self, worker: int, portion: WorkItem) -> None:
        mine = [line for line in lines() if line.key in portion.keys]
        done = generate(mine, self._run.clips, {}, FakeEngine().load, None, JUDGE, self._ears)
        takes = tuple(row.audio_seconds or 0.0 for row in done.rows if not row.cached)
        self._news.append((worker, Spoken(done.rows, done.clips_spoken, done.audio_seconds_spoken, takes, 1.0)))

    def stop(self, worker: int) -> None: ...

    def wait(self, seconds: float) -> list[tuple[int, WorkerEvent]]:
        news, self._news = self._news, []
        return news


def test_clips_that_are_there_are_to_be_judged_and_may_be_spoken_again(tmp_path: Path) -> None:
    run, screen = Run(tmp_path), io.StringIO()
    run(lines(), FakeEngine())
    recogniser = FakeRecogniser({"second": [without_the_second]})
    with Ears(SPEC, run.store, lambda: recogniser) as ears, BarProgress(Console(file=screen)) as progress:

        @contextmanager
        def crew(assignment: Assignment) -> Iterator[tuple[Here, Policy]]:
            yield Here(run, ears), Policy(most=1)

        order = SynthesisJob("b", "", run.store, tmp_path, lines(), {}, FakeEngine().load, JUDGE, ears)
        done = speak_with(crew, LOG)(order, progress).generation
    assert [row.cached for row in done.rows] == [True, False, True]
    assert "clips to judge: 3" in screen.getvalue()
