"""The driver, with workers in this process: what it does about deaths, failures, errors and replaced voices."""

from __future__ import annotations

import io
from functools import partial
from itertools import count

import pytest
from rich.console import Console

from f5_pipeline.cli.progress_bar import BarProgress
from f5_pipeline.cluster.policy import Policy
from f5_pipeline.cluster.worker import Assignment
from f5_pipeline.errors import NothingSpoken, StoreBusy, VoiceReplaced, WorkersUnusable
from tests.cluster.batch import LOG, Batch, CountingProgress, some_lines
from tests.cluster.local_pool import LocalPool, ScriptedEngine, SlowPool, in_turn
from tests.quality.neural.extra import needs_quality
from tests.synthesis.fake_engine import FakeEngine, clipped

TEXTS = ["one river.", "two rivers.", "three rivers.", "four rivers."]

pytestmark = pytest.mark.usefixtures("worker_environment")


def kill(*_: object) -> None:
    raise KeyboardInterrupt


def kill_at(word: str, text: str) -> None:
    if word in text:
        raise KeyboardInterrupt


def test_stored_clips_are_judged_and_may_be_spoken_again(batch: Batch) -> None:
    screen = io.StringIO()
    batch.write(TEXTS[:3], "max_attempts = 1")
    batch.speak_in_process(FakeEngine(takes={"two": [clipped]}).load)
    batch.write(TEXTS[:3], "max_attempts = 2")
    with BarProgress(Console(file=screen)) as progress:
        report = batch.speak_on_pool(FakeEngine().load, progress)
    assert [row.cached for row in report.rows] == [True, False, True]
    assert "Lines: 3" in screen.getvalue()
    assert "clips to judge: 1" in screen.getvalue()


def test_lines_without_all_their_takes_are_not_look_ups(batch: Batch) -> None:
    progress = CountingProgress()
    batch.write(TEXTS[:3], "takes = 1")
    batch.speak_in_process(FakeEngine().load)
    batch.write(TEXTS, "takes = 3")
    report = batch.speak_on_pool(FakeEngine().load, progress)
    assert progress.begun == (4, 9, 0)
    assert (report.clips_spoken, len(progress.audio)) == (9, 9)


def test_clips_of_a_worker_that_died_are_not_spoken_again_and_count_as_spoken(batch: Batch) -> None:
    numbers, progress = count(), CountingProgress()
    first = ScriptedEngine(lambda text: kill() if next(numbers) == 5 else None)
    second = FakeEngine()
    batch.write(some_lines(40))
    report = batch.speak_on_pool(in_turn(first, second), progress)
    assert (report.counts["ok"], report.clips_spoken, report.cached) == (40, 38, 0)
    assert report.workers[-1].device == "fake:0"
    assert not set(first.texts) & set(second.texts)
    assert sum(progress.audio) == pytest.approx(report.audio_seconds_spoken)
    assert [worker.left for worker in report.workers] == ["it was killed", ""]


def test_a_line_that_kills_two_workers_is_set_aside_and_the_others_are_spoken(batch: Batch) -> None:
    batch.write(["one river.", "this one is poison.", "two rivers.", "three rivers."])
    report = batch.speak_on_pool(ScriptedEngine(partial(kill_at, "poison")).load)
    assert [(row.status, bool(row.key)) for row in report.rows] == [
        ("ok", True),
        ("failed", False),
        ("ok", True),
        ("ok", True),
    ]
    assert report.rows[1].reason.startswith("two workers")
    assert [worker.left for worker in report.workers if worker.left] == ["it was killed"] * 2


def test_a_line_whose_second_take_kills_is_set_aside_though_its_first_is_stored(batch: Batch) -> None:
    class Engine(ScriptedEngine):
        def __init__(self) -> None:
            super().__init__(lambda text: kill() if "poison" in text and self.texts.count(text) else None)
            self.takes = {"poison": [clipped]}

    batch.write([*TEXTS, "this one is poison."])
    report = batch.speak_on_pool(Engine().load)
    assert [row.status for row in report.rows] == ["ok"] * 4 + ["failed"]
    assert "two workers" in report.rows[4].reason


def test_lines_that_fail_on_a_sick_worker_are_spoken_on_another(batch: Batch) -> None:
    batch.write(some_lines(60))
    report = batch.speak_on_pool(in_turn(FakeEngine(fails=""), FakeEngine()), policy=Policy(2))
    assert (report.counts["ok"], report.clips_spoken) == (60, 58)
    (sick,) = (worker for worker in report.workers if worker.left)
    assert sick.lines == 0
    assert "engine failed" in sick.left


def test_a_single_line_that_fails_has_failed(batch: Batch) -> None:
    engine = FakeEngine(fails="river")
    batch.write(TEXTS[:1])
    with pytest.raises(NothingSpoken, match="engine failed"):
        batch.speak_on_pool(engine.load)
    assert len(engine.texts) == 1


def test_a_worker_stays_after_a_transient_error_and_leaves_at_the_third(batch: Batch) -> None:
    def busy(numbers: count[int], errors: int, text: str) -> None:
        if next(numbers) < errors:
            raise StoreBusy("s3://bucket", "writing", "503")

    batch.write(TEXTS)
    with pytest.raises(WorkersUnusable, match="503") as caught:
        batch.speak_on_pool(ScriptedEngine(partial(busy, count(), 3)).load)
    assert caught.value.transient
    assert batch.speak_on_pool(ScriptedEngine(partial(busy, count(), 2)).load).counts["ok"] == 4


def test_a_worker_that_hangs_is_replaced(batch: Batch) -> None:
    batch.write(TEXTS)
    report = batch.speak_on_pool(
        FakeEngine().load, policy=Policy(1, stall_seconds=0.0), pool=partial(LocalPool, hangs=frozenset({0}))
    )
    assert report.counts["ok"] == 4
    assert [bool(worker.left) for worker in report.workers] == [True, False]


def test_an_overdue_worker_that_stores_clips_is_slow(batch: Batch) -> None:
    batch.write(TEXTS)
    report = batch.speak_on_pool(FakeEngine().load, policy=Policy(1, stall_seconds=SlowPool.SECONDS / 2), pool=SlowPool)
    assert report.counts["ok"] == 4
    assert [worker.left for worker in report.workers] == [""]


def test_the_log_reports_the_pool(batch: Batch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", LOG.name)
    batch.write(some_lines(40))
    batch.speak_on_pool(FakeEngine().load, policy=Policy(2))
    reports = [message for message in caplog.messages if "times real time: 0 " in message]
    assert reports
    assert any("1 starting" in message for message in reports)
    assert any("s left" in message for message in reports)


def test_a_voice_that_is_replaced_meanwhile_ends_the_run_and_the_next_one_speaks_with_it(batch: Batch) -> None:
    def replace_voice(text: str) -> None:
        for kind in ("wav", "txt"):
            batch.store.write(f"voices/m1.{kind}", batch.store.read(f"voices/f2.{kind}"))

    batch.write(some_lines(40))
    with pytest.raises(VoiceReplaced) as caught:
        batch.speak_on_pool(ScriptedEngine(replace_voice).load)
    assert caught.value.transient
    assert batch.speak_on_pool(FakeEngine().load).counts["ok"] == 40


@needs_quality
def test_workers_compare_clips_with_all_voices_of_the_batch(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver measures the voices: a worker knows only those of its own lines."""
    assignments: list[Assignment] = []

    def pool(assignment: Assignment) -> LocalPool:
        assignments.append(assignment)
        return LocalPool(assignment)

    monkeypatch.setenv("F5_NEURAL_MEASURES", "auto")
    batch.settings = batch.settings.model_copy(update={"neural_measures": "auto"})
    batch.write(TEXTS[:2], "max_attempts = 1")
    report = batch.speak_on_pool(FakeEngine().load, pool=pool)
    assert set(assignments[0].references) == {"f2", "m1"}
    assert all("speaker_similarity" in row.quality for row in report.rows)
    assert report.not_measured == ""
