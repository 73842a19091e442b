"""The driver: speaks a batch with a pool of workers. Groups of lines go out, index rows come back. No Ray here.

``WorkerPool`` is the interface to the workers; ``scheduler`` decides which worker gets which lines.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from f5_pipeline.cluster.policy import Policy
from f5_pipeline.cluster.scheduler import Assign, Scheduler, Start, Stop
from f5_pipeline.cluster.work_plan import WorkPlan
from f5_pipeline.cluster.worker import Assignment, WorkerError, WorkerReady, WorkItem, WorkResult
from f5_pipeline.errors import VoiceReplaced
from f5_pipeline.results.index import IndexRow
from f5_pipeline.synthesis.executor import Executor, Progress, SynthesisJob, SynthesisResult, WorkerReport
from f5_pipeline.synthesis.gc_freeze import gc_paused

_WAIT_SECONDS = 1.0  # longest wait for an event before the scheduler runs again


@dataclass(frozen=True)
class WorkerDied:
    """A worker died."""

    reason: str


WorkerEvent = WorkerReady | WorkerError | WorkResult | WorkerDied


class WorkerPool(Protocol):
    """Workers, identified by numbers, on any machine."""

    def start(self, worker: int, avoid: frozenset[str]) -> None:
        """Request a worker on none of these machines (``WorkerError.place``); ``WorkerReady`` follows."""

    def assign(self, worker: int, item: WorkItem) -> None:
        """Have a worker speak an item after those assigned before; ``WorkResult`` or ``WorkerError`` follows."""

    def stop(self, worker: int) -> None:
        """End a worker at once. It may have ended already."""

    def wait(self, seconds: float) -> list[tuple[int, WorkerEvent]]:
        """The next events, those of each worker in their order; waits up to ``seconds`` for the first."""


OpenWorkerPool = Callable[[Assignment], AbstractContextManager[tuple[WorkerPool, Policy]]]


def speak_with(open_pool: OpenWorkerPool, log: logging.Logger, log_seconds: float = 30.0) -> Executor:
    """An executor on a pool of workers. The pool is opened only if a job has lines to speak.

    ``log_seconds`` is the time between two reports of the pool in the log.
    """

    def execute(job: SynthesisJob, progress: Progress) -> SynthesisResult:
        with gc_paused():
            plan = WorkPlan(job)
        progress.begin(len(job.requests), *plan.missing, plan.waiting)
        if not len(plan.backlog):
            return SynthesisResult(plan.rows(), 0, 0.0)
        models = {request.model.spec.name: request.model.spec for request in job.requests}
        assignment = Assignment(
            batch=job.batch,
            lease=job.lease.name,
            store_url=job.store.url,
            models=models,
            judge=job.judge,
            recogniser_setting=job.recogniser_setting,
            load_engine=job.load_engine,
            references=job.checker.references(),
        )
        with open_pool(assignment) as (pool, policy):
            return _Run(plan, pool, policy, progress, log, log_seconds).speak()

    return execute


@dataclass
class _WorkerStats:
    """Statistics of a worker. Times are from ``time.monotonic``."""

    began: float | None = None  # its process
    name: str = ""
    device: str = ""
    lines: int = 0
    audio_seconds: float = 0.0
    speaking_seconds: float = 0.0
    ended: float | None = None
    left: str = ""
    clips_seen: int = 0  # of the group in hand, when the worker was last checked

    def report(self, worker: int, now: float) -> WorkerReport:
        name = f"{worker}: {self.name}" if self.name else str(worker)
        held = 0.0 if self.began is None else (self.ended or now) - self.began
        seconds = self.audio_seconds, self.speaking_seconds, held
        return WorkerReport(name, self.lines, *seconds, self.left, self.device)


class _Run:
    """One batch on one pool."""

    def __init__(
        self,
        plan: WorkPlan,
        pool: WorkerPool,
        policy: Policy,
        progress: Progress,
        log: logging.Logger,
        log_seconds: float,
    ) -> None:
        self._plan, self._pool, self._progress, self._log, self._log_seconds = plan, pool, progress, log, log_seconds
        self._scheduler = Scheduler(plan.backlog, policy)
        self._stats: dict[int, _WorkerStats] = {}
        self._unusable_places: set[str] = set()
        self._rescued: set[int] = set()  # lines that this run spoke on workers that died then
        self._logged_at = time.monotonic()
        self._clips_spoken, self._audio_seconds = 0, 0.0
        self._not_transcribed = ""
        self._not_measured = next(iter(plan.job.checker.failures), "")  # of the voices

    def speak(self) -> SynthesisResult:
        self._execute_commands()
        while not self._scheduler.finished:
            for worker, event in self._pool.wait(_WAIT_SECONDS):
                self._handle(worker, event)
            self._check_overdue()
            self._execute_commands()
            self._log_pool()
        for position, reason in self._scheduler.set_aside.items():
            self._log.warning(f"Line {self._plan.set_aside(position, reason)!r} is set aside: {reason}")
        now = time.monotonic()
        reports = tuple(stats.report(worker, now) for worker, stats in self._stats.items())
        return SynthesisResult(
            rows=self._plan.rows(),
            clips_spoken=self._clips_spoken,
            audio_seconds_spoken=self._audio_seconds,
            not_transcribed=self._not_transcribed,
            not_measured=self._not_measured,
            workers=reports,
        )

    def _execute_commands(self) -> None:
        for command in self._scheduler.decide(time.monotonic()):
            match command:
                case Start(worker):
                    self._stats[worker] = _WorkerStats()
                    self._pool.start(worker, frozenset(self._unusable_places))
                case Assign(worker, group):
                    self._pool.assign(worker, self._plan.work_item(group))
                case Stop(worker):
                    self._stop(worker)

    def _handle(self, worker: int, event: WorkerEvent) -> None:
        stats = self._stats[worker]
        if stats.ended is not None:
            return  # sent just before it was stopped
        match event:
            case WorkerReady(name, seconds):
                stats.name, stats.began = name, time.monotonic() - seconds
                self._scheduler.joined(worker)
                self._log.info(f"Worker {worker} is ready: {name}")
            case WorkResult():
                self._handle_result(worker, event)
            case WorkerError():
                self._handle_error(worker, event)
            case WorkerDied(reason):
                self._handle_death(worker, reason)

    def _handle_result(self, worker: int, result: WorkResult) -> None:
        stats, group = self._stats[worker], self._scheduler.in_hand(worker)
        assert group is not None
        rows = dict(zip(group.lines, result.rows, strict=True))
        failed = [position for position, row in rows.items() if row.status == "failed" and not row.key]
        if self._scheduler.is_sick(worker, failed):
            self._handle_death(worker, f"every line failed on it: {rows[failed[0]].reason}", sick=True)
            return
        found = [position for position, row in rows.items() if row.cached]
        self._scheduler.completed(worker, time.monotonic(), result.seconds, failed, found)
        self._plan.settle({position: self._count_rescued(position, row) for position, row in rows.items()})
        self._clips_spoken += result.clips_spoken
        self._audio_seconds += result.audio_seconds
        self._not_transcribed = self._not_transcribed or result.not_transcribed
        self._not_measured = self._not_measured or result.not_measured
        stats.lines += len(rows)
        stats.audio_seconds += result.audio_seconds
        stats.speaking_seconds += result.seconds
        stats.clips_seen = 0
        stats.device = result.device or stats.device
        for audio_seconds in result.takes:
            self._progress.advance(audio_seconds)

    def _count_rescued(self, position: int, row: IndexRow) -> IndexRow:
        """The row of a line; a clip that this run stored on a worker that died counts as spoken, not as cached."""
        if position not in self._rescued or not row.cached:
            return row
        self._clips_spoken += 1
        self._audio_seconds += row.audio_seconds or 0.0
        self._progress.advance(row.audio_seconds or 0.0)
        return replace(row, cached=False)

    def _handle_error(self, worker: int, error: WorkerError) -> None:
        """A worker cannot get ready, or could not speak its group: permanently, or only this time.

        Raises:
            VoiceReplaced: the lines have other clip keys now than when the batch was planned, on this machine too.
        """
        scheduler, group = self._scheduler, self._scheduler.in_hand(worker)
        if group is not None and error.differs and (line := self._plan.replaced(group)):
            raise VoiceReplaced(self._plan.job.batch, line)
        if group is None and not error.transient and error.place:
            self._unusable_places.add(error.place)
        if not error.transient or group is None:
            scheduler.retired(worker, error.reason, error.transient)
        elif scheduler.errored(worker, time.monotonic(), error.reason):
            self._log.warning(f"Worker {worker} could not speak its lines this time: {error.reason}")
            self._stats[worker].clips_seen = 0
            return
        self._stop(worker, error.reason)

    def _check_overdue(self) -> None:
        """An overdue worker that stores clips is slow; any other hangs and counts as dead."""
        now = time.monotonic()
        for worker in self._scheduler.overdue(now):
            stats, group = self._stats[worker], self._scheduler.in_hand(worker)
            clips = self._plan.clips_of(group) if group else 0
            if clips > stats.clips_seen:
                stats.clips_seen = clips
                self._scheduler.progressed(worker, now)
            else:
                self._handle_death(worker, "it does not answer")

    def _handle_death(self, worker: int, reason: str, *, sick: bool = False) -> None:
        self._stop(worker, reason)
        group = self._scheduler.in_hand(worker)
        # A line whose clip is stored did not kill its worker. But a further take of it may: it is exempt only once.
        exempt = self._plan.stored(group) - self._rescued if group else set()
        self._rescued |= exempt
        self._scheduler.died(worker, reason, exempt, sick=sick)

    def _stop(self, worker: int, reason: str = "") -> None:
        stats = self._stats[worker]
        stats.ended, stats.left = time.monotonic(), reason
        if reason:
            self._log.warning(f"Worker {worker} has left: {reason}")
        self._pool.stop(worker)

    def _log_pool(self) -> None:
        now = time.monotonic()
        if now - self._logged_at < self._log_seconds:
            return
        self._logged_at = now
        present = {worker: stats for worker, stats in self._stats.items() if stats.ended is None}
        speeds = [f"{w} {stats.report(w, now).times_real_time:.1f}" for w, stats in present.items() if stats.name]
        starting, left = len(present) - len(speeds), self._scheduler.seconds_left
        parts = [
            f"workers, times real time: {', '.join(speeds)}" if speeds else "no worker is ready yet",
            f"{starting} starting" if starting else "",
            f"about {left:.0f} s left" if left is not None else "",
        ]
        self._log.info("; ".join(filter(None, parts)))
