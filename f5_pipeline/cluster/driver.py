"""A batch on many workers: what is missing goes out in groups, index rows come back. No Ray here.

The workers are behind ``WorkerPool``; who gets what is the ``scheduler``'s choice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from f5_pipeline.cluster.scheduler import Assign, Policy, Scheduler, Start, Stop
from f5_pipeline.cluster.work_plan import Plan
from f5_pipeline.cluster.worker import Assignment, Ready, Spoken, WorkerError, WorkItem
from f5_pipeline.errors import VoiceReplaced
from f5_pipeline.results.index import IndexRow
from f5_pipeline.synthesis.executor import Speak, SynthesisJob, SynthesisResult, WorkerReport
from f5_pipeline.synthesis.gc_freeze import gc_paused
from f5_pipeline.synthesis.session import Generation, Progress, Silent

_LISTEN_SECONDS = 1.0  # after which the scheduler looks at the clock even if nothing happened
_SAY_SECONDS = 30.0  # between two lines in the log about the pool


@dataclass(frozen=True)
class WorkerDied:
    """A worker died."""

    reason: str


WorkerEvent = Ready | WorkerError | Spoken | WorkerDied


class WorkerPool(Protocol):
    """Workers by number, wherever they are."""

    def start(self, worker: int, avoid: frozenset[str]) -> None:
        """Ask for a worker, not in these places (``WorkerError.place``); it tells when it is ready."""

    def assign(self, worker: int, portion: WorkItem) -> None:
        """Let it speak, after what it was given before."""

    def stop(self, worker: int) -> None:
        """End it, whatever it is doing; one that is gone is fine."""

    def wait(self, seconds: float) -> list[tuple[int, WorkerEvent]]:
        """What has happened, each worker's in its order; waits for it so long at most."""


OpenWorkerPool = Callable[[Assignment], AbstractContextManager[tuple[WorkerPool, Policy]]]


def speak_with(open_crew: OpenWorkerPool, log: logging.Logger) -> Speak:
    """How to carry out an order with workers. They are called together only if there is something to say."""

    def speak(order: SynthesisJob, progress: Progress | None = None) -> SynthesisResult:
        with gc_paused():
            plan = Plan(order)
        progress = progress or Silent()
        progress.begin(len(order.lines), *plan.missing, plan.waiting)
        if not len(plan.backlog):
            return SynthesisResult(Generation(plan.rows(), 0, 0.0))
        models = {line.model.spec.name: line.model.spec for line in order.lines}
        assignment = Assignment(
            order.claim, order.store.url, models, order.judge, order.recogniser_word, order.load_engine
        )
        with open_crew(assignment) as (crew, policy):
            return _Shift(plan, crew, policy, progress, log).work()

    return speak


@dataclass
class _Record:
    """What is noted of a worker. Times are ``time.monotonic``'s."""

    began: float | None = None  # its process
    where: str = ""
    lines: int = 0
    audio_seconds: float = 0.0
    seconds: float = 0.0
    ended: float | None = None
    left: str = ""
    clips: int = 0  # of the group that it speaks, when it was last looked after

    def report(self, name: int, now: float) -> WorkerReport:
        where = f"{name}: {self.where}" if self.where else str(name)
        held = 0.0 if self.began is None else (self.ended or now) - self.began
        return WorkerReport(where, self.lines, self.audio_seconds, self.seconds, held, self.left)


class _Shift:
    """One batch, from the first worker to the last row."""

    def __init__(self, plan: Plan, crew: WorkerPool, policy: Policy, progress: Progress, log: logging.Logger) -> None:
        self._plan, self._crew, self._progress, self._log = plan, crew, progress, log
        self._scheduler = Scheduler(plan.backlog, policy)
        self._records: dict[int, _Record] = {}
        self._unusable_places: set[str] = set()
        self._rescued: set[int] = set()  # lines that were spoken here by workers that then died
        self._said = time.monotonic()
        self._clips_spoken, self._audio_seconds = 0, 0.0
        self._not_heard = ""

    def work(self) -> SynthesisResult:
        self._obey()
        while not self._scheduler.finished:
            for worker, news in self._crew.wait(_LISTEN_SECONDS):
                self._hear(worker, news)
            self._look_after_the_late()
            self._obey()
            self._say_now_and_then()
        for position, reason in self._scheduler.set_aside.items():
            self._log.warning(f"Line {self._plan.set_aside(position, reason)!r} is set aside: {reason}")
        done = Generation(self._plan.rows(), self._clips_spoken, self._audio_seconds)
        return SynthesisResult(done, 0.0, self._not_heard, self._reports())

    def _obey(self) -> None:
        now = time.monotonic()
        for command in self._scheduler.decide(now):
            match command:
                case Start(worker):
                    self._records[worker] = _Record()
                    self._crew.start(worker, frozenset(self._unusable_places))
                case Assign(worker, group):
                    self._crew.assign(worker, self._plan.portion(group))
                case Stop(worker):
                    self._part(worker, "")

    def _hear(self, worker: int, news: WorkerEvent) -> None:
        if self._records[worker].ended is not None:
            return  # it was let go, and said something in the moment before
        match news:
            case Ready(where, seconds):
                self._records[worker].where, self._records[worker].began = where, time.monotonic() - seconds
                self._scheduler.joined(worker)
                self._log.info(f"Worker {worker} is ready: {where}")
            case Spoken():
                self._note(worker, news)
            case WorkerError():
                self._trouble(worker, news)
            case WorkerDied(reason):
                self._died(worker, reason)

    def _note(self, worker: int, spoken: Spoken) -> None:
        """A worker is through with a group; what failed on it may be for another one to try."""
        record, group = self._records[worker], self._scheduler.in_hand(worker)
        assert group is not None
        rows = dict(zip(group.lines, spoken.rows, strict=True))
        failed = [position for position, row in rows.items() if row.status == "failed" and not row.key]
        found = [position for position, row in rows.items() if row.cached]
        again = self._scheduler.done(worker, time.monotonic(), spoken.seconds, failed, found)
        final = {position: row for position, row in rows.items() if position not in again}
        self._plan.settle({position: self._count_rescued(position, row) for position, row in final.items()})
        self._clips_spoken += spoken.clips_spoken
        self._audio_seconds += spoken.audio_seconds
        self._not_heard = self._not_heard or spoken.not_heard
        record.lines += len(final)
        record.audio_seconds += spoken.audio_seconds
        record.seconds += spoken.seconds
        record.clips = 0
        for audio_seconds in spoken.takes:
            if audio_seconds or not again:  # what failed, and is tried once more, is not done yet
                self._progress.advance(audio_seconds)
        if again:
            first = rows[next(iter(again))].reason
            self._log.warning(f"{len(again)} lines failed on worker {worker} and are to be tried on another: {first}")
            if self._scheduler.is_sick(worker):
                self._scheduler.refused(worker, first, transient=True)
                self._part(worker, f"nothing came right on it any more: {first}")

    def _count_rescued(self, position: int, row: IndexRow) -> IndexRow:
        """The row of a line. What a worker had spoken for this batch before it died was not there before."""
        if position not in self._rescued or not row.cached:
            return row
        self._clips_spoken += 1
        self._audio_seconds += row.audio_seconds or 0.0
        self._progress.advance(row.audio_seconds or 0.0)
        return replace(row, cached=False)

    def _trouble(self, worker: int, trouble: WorkerError) -> None:
        """A worker cannot get ready, or could not speak a group: for good, or perhaps another time.

        Raises:
            VoiceReplaced: it is right: the lines are others now than they were.
        """
        scheduler, reason, group = self._scheduler, trouble.reason, self._scheduler.in_hand(worker)
        if group is not None and trouble.differs and (line := self._plan.replaced(group)):
            raise VoiceReplaced(self._plan.order.batch, line)
        if group is None and not trouble.transient and trouble.place:
            self._unusable_places.add(trouble.place)
        if not trouble.transient or group is None:
            scheduler.refused(worker, reason, trouble.transient)
        elif scheduler.troubled(worker, time.monotonic(), reason):
            self._log.warning(f"Worker {worker} could not speak its lines this time: {reason}")
            self._records[worker].clips = 0
            return
        self._part(worker, reason)

    def _look_after_the_late(self) -> None:
        """Who takes very long, but stores clips, is slow; who does not hangs."""
        now = time.monotonic()
        for worker in self._scheduler.late(now):
            record, group = self._records[worker], self._scheduler.in_hand(worker)
            clips = self._plan.clips_of(group) if group else 0
            if clips > record.clips:
                record.clips = clips
                self._scheduler.seen(worker, now)
            else:
                self._died(worker, "it did not answer any more")

    def _died(self, worker: int, reason: str) -> None:
        """A worker is gone, or as good as that. The lines that it had stored did not kill it."""
        self._part(worker, reason)
        group = self._scheduler.in_hand(worker)
        stored = self._plan.stored(group) if group else set()
        self._rescued |= stored
        self._scheduler.died(worker, reason, stored)

    def _part(self, worker: int, left: str) -> None:
        record = self._records[worker]
        record.ended, record.left = time.monotonic(), left
        if left:
            self._log.warning(f"Worker {worker} has left: {left}")
        self._crew.stop(worker)

    def _say_now_and_then(self) -> None:
        now = time.monotonic()
        if now - self._said < _SAY_SECONDS:
            return
        self._said = now
        here = {name: record for name, record in self._records.items() if record.ended is None}
        speeds = [f"{name} {r.report(name, now).times_real_time:.1f}" for name, r in here.items() if r.where]
        waiting = len(here) - len(speeds)
        left = self._scheduler.seconds_left
        parts = [
            f"workers, times real time: {', '.join(speeds)}" if speeds else "no worker is ready yet",
            f"{waiting} asked for" if waiting else "",
            f"about {left:.0f} s left" if left is not None else "",
        ]
        self._log.info("; ".join(filter(None, parts)))

    def _reports(self) -> tuple[WorkerReport, ...]:
        now = time.monotonic()
        return tuple(record.report(name, now) for name, record in self._records.items())
