"""The scheduler: assigns a backlog of lines to workers that join, leave and die. Pure.

It receives events (``joined``, ``completed``, ``died``, …) and returns commands (``decide``). It knows neither Ray nor
a clock nor what a line is, so that a simulation can run it; ``driver`` connects it to real workers.

A worker's death may be the fault of one line. The lines that it had in hand are therefore retried one by one, and a
line that is in hand at a second death is set aside. Clips that the worker had stored are found by the next one.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from f5_pipeline.cluster.backlog import Backlog, Group
from f5_pipeline.cluster.policy import Policy
from f5_pipeline.errors import WorkersKeepDying, WorkersNeverReady, WorkersUnusable

_GROUPS_LEFT = 4.0  # a group is at most this part of its worker's share of the remaining work
_USELESS_PER_PLACE = 3  # workers that never spoke a line: then the place is given up


@dataclass(frozen=True)
class Start:
    """Start a worker, and report ``joined`` when it is ready."""

    worker: int


@dataclass(frozen=True)
class Assign:
    """Give a group to a worker, which speaks its groups in the order of their assignment."""

    worker: int
    group: Group


@dataclass(frozen=True)
class Stop:
    """End a worker, and report nothing more of it."""

    worker: int


Command = Start | Assign | Stop


@dataclass
class _Worker:
    """State of a worker that is ready."""

    groups: deque[Group] = field(default_factory=deque)  # in hand; it is speaking the first
    began: float = 0.0  # when it began the first
    speed: float | None = None  # cost per second
    errors: int = 0  # groups in a row of which nothing was spoken

    @property
    def pending(self) -> float:
        """The cost of all groups in hand."""
        return sum(group.cost for group in self.groups)

    def learn(self, cost: float, seconds: float) -> float:
        """The new speed: the mean of the last group's and the estimate before it."""
        speed = cost / max(seconds, 1e-6)
        self.speed = (speed + (self.speed or speed)) / 2
        return self.speed


class Scheduler:
    """Assigns a backlog to a pool of workers, which are numbers here."""

    def __init__(self, backlog: Backlog, policy: Policy) -> None:
        self._backlog, self._policy = backlog, policy
        probe = policy.probe_lines * backlog.cost / max(1, len(backlog))
        self._probe = min(probe, backlog.cost / (_GROUPS_LEFT * max(1, self._workers_to_probe())))
        self._workers: dict[int, _Worker] = {}
        self._starting: set[int] = set()
        self._next_name = 0
        self._active_at: float | None = None  # when a worker last had a group in hand
        self._slowest = math.inf  # speed of a worker so far
        self._retired: list[tuple[str, bool]] = []  # reason and transience, for each place that was given up
        self._useless_workers = 0  # that died before they were ready, or on which every line failed
        self._deaths_in_a_row = 0
        self.set_aside: dict[int, str] = {}  # lines that are not tried again, with the reason

    @property
    def finished(self) -> bool:
        """True if every line was completed or set aside."""
        return not len(self._backlog) and not self._busy

    @property
    def seconds_left(self) -> float | None:
        """Estimate for the rest of the batch with the present workers; None if no speed is known yet."""
        speed = sum(worker.speed or 0.0 for worker in self._workers.values())
        return (self._backlog.cost + sum(w.pending for w in self._workers.values())) / speed if speed else None

    def in_hand(self, name: int) -> Group | None:
        """The group that a worker is speaking."""
        worker = self._workers.get(name)
        return worker.groups[0] if worker and worker.groups else None

    # --- events -----------------------------------------------------------------------------------------------

    def joined(self, name: int) -> None:
        """A worker is ready."""
        self._starting.discard(name)
        self._workers[name] = _Worker()

    def completed(
        self, name: int, now: float, seconds: float, failed: Collection[int] = (), found: Collection[int] = ()
    ) -> None:
        """A worker has completed its group; the results of all its lines are final.

        Args:
            seconds: duration, without loading the model.
            failed: lines that it could not speak.
            found: lines whose clips were stored already.
        """
        worker = self._workers[name]
        group = worker.groups.popleft()
        worker.began, worker.errors = now, worker.errors + 1 if len(failed) == len(group.lines) else 0
        if spoken := set(group.lines).difference(failed, found):
            self._slowest = min(self._slowest, worker.learn(self._backlog.cost_of(spoken), seconds))
        if len(failed) < len(group.lines):
            self._deaths_in_a_row = 0

    def is_sick(self, name: int, failed: Collection[int]) -> bool:
        """True if these lines of the group in hand failed because of the worker: then report ``died``.

        A single line that fails may itself be the reason. All lines of a group are not, nor are several in a row.
        """
        worker = self._workers[name]
        lines = worker.groups[0].lines
        return len(failed) == len(lines) and (len(lines) > 1 or worker.errors + 1 >= self._policy.max_errors)

    def errored(self, name: int, now: float, reason: str) -> bool:
        """A worker could not speak its group this time. Returns True if it stays."""
        worker = self._workers[name]
        worker.began, worker.errors = now, worker.errors + 1
        if worker.errors >= self._policy.max_errors:
            self.retired(name, reason, transient=True)
            return False
        self._backlog.put_back(worker.groups.popleft())
        return True

    def retired(self, name: int, reason: str, transient: bool = False) -> None:
        """A worker cannot be used (``transient``: in this run) and is not replaced; its groups go to others."""
        self._retired.append((reason, transient))
        self._remove(name)

    def died(self, name: int, reason: str, stored: Collection[int] = (), *, sick: bool = False) -> None:
        """A worker has ended.

        Args:
            name: the worker.
            reason: why it ended.
            stored: lines of the group in hand that did not kill it, as their clips are stored.
            sick: True if it was ended because every line failed on it (``is_sick``).

        Raises:
            WorkersKeepDying: too many in a row, with no line spoken between them.
        """
        if sick or name in self._starting:
            self._useless_workers += 1
            if self._useless_workers % _USELESS_PER_PLACE == 0:
                self._retired.append((reason, True))
        if name in self._starting:
            self._starting.remove(name)
            return
        group = self._workers[name].groups.popleft() if self.in_hand(name) else None
        self._remove(name)
        self._deaths_in_a_row += 1
        if self._deaths_in_a_row >= self._policy.max_deaths_in_a_row and not self._busy:
            raise WorkersKeepDying(self._deaths_in_a_row, reason)
        if group is not None:
            self._backlog.put_back_lines([line for line in group.lines if line in stored])
            suspects = [line for line in group.lines if line not in stored]
            if not group.retry:
                self._backlog.put_back_for_retry(suspects)
            elif suspects:
                self.set_aside[suspects[0]] = f"two workers ended while they spoke it, the last: {reason}"

    def _remove(self, name: int) -> None:
        self._starting.discard(name)
        if (worker := self._workers.pop(name, None)) is not None:
            for group in worker.groups:
                self._backlog.put_back(group)

    # --- decisions --------------------------------------------------------------------------------------------

    def decide(self, now: float) -> list[Command]:
        """The next commands. Each is returned once, and counts as executed.

        Raises:
            WorkersUnusable: no worker is left, and none may be started.
            WorkersNeverReady: no worker got ready in time.
        """
        commands: list[Command] = [*self._assignments(now), *self._stops(), *self._starts()]
        if self._active_at is None or self._busy or self.finished:
            self._active_at = now
        elif not self._workers and not self._starting:
            reasons = [reason for reason, _ in self._retired]
            raise WorkersUnusable(reasons, transient=any(transient for _, transient in self._retired))
        elif self._starting and now - self._active_at > self._policy.start_timeout:
            raise WorkersNeverReady(len(self._starting), self._policy.start_timeout)
        return commands

    def overdue(self, now: float) -> list[int]:
        """Workers that take far longer than expected. They hang (report ``died``) or are slow (``progressed``)."""
        ready, patience = self._workers.items(), self._policy.stall_seconds
        expected = {name: w.groups[0].cost / (w.speed or self._slowest) for name, w in ready if w.groups}
        return [name for name, seconds in expected.items() if now - self._workers[name].began > patience + 10 * seconds]

    def progressed(self, name: int, now: float) -> None:
        """An overdue worker makes progress with its group."""
        self._workers[name].began = now

    @property
    def _busy(self) -> bool:
        return any(worker.groups for worker in self._workers.values())

    def _assignments(self, now: float) -> list[Command]:
        """In turns: no worker gets a second group before every worker has one."""
        commands: list[Command] = []
        for depth in range(self._policy.in_flight):
            for name, worker in self._workers.items():
                if len(worker.groups) == depth and (group := self._next_group(worker)):
                    worker.began = worker.began if worker.groups else now
                    worker.groups.append(group)
                    commands.append(Assign(name, group))
        return commands

    def _next_group(self, worker: _Worker) -> Group | None:
        others = [other for other in self._workers.values() if other is not worker]
        # On a bad machine every worker dies: a line is retried on a worker that has spoken, if there may be one.
        retries = worker.speed is not None or not any(other.speed or other.groups for other in others)
        return self._backlog.take(self._share(worker), retries)

    def _share(self, worker: _Worker) -> float:
        """The cost of a worker's next group. Groups shrink toward the end, so that all workers end together."""
        if worker.speed is None:
            return self._probe
        policy, left = self._policy, self.seconds_left or 0.0
        return worker.speed * min(policy.group_seconds, max(policy.tail_seconds, left / _GROUPS_LEFT))

    def _stops(self) -> list[Command]:
        """Stop idle and starting workers when nothing is left to assign."""
        if len(self._backlog):
            return []
        idle = [name for name, worker in self._workers.items() if not worker.groups]
        spare = [*sorted(self._starting), *idle]
        kept = 0 if self.finished else max(0, self._policy.min_workers - (len(self._workers) - len(idle)))
        stopped = spare[: max(0, len(spare) - kept)]
        for name in stopped:
            self._remove(name)
        return [Stop(name) for name in stopped]

    def _starts(self) -> list[Command]:
        missing = self._workers_wanted() - len(self._workers) - len(self._starting)
        names = range(self._next_name, self._next_name + max(0, missing))
        self._next_name = names.stop
        self._starting.update(names)
        return [Start(name) for name in names]

    def _workers_wanted(self) -> int:
        if self.finished:
            return 0
        policy, wanted = self._policy, self._workers_to_probe()
        if speeds := [worker.speed for worker in self._workers.values() if worker.speed]:
            seconds = self._backlog.cost / (sum(speeds) / len(speeds))
            wanted = math.ceil(seconds / policy.min_worker_seconds)
        return min(policy.max_workers - len(self._retired), max(policy.min_workers, wanted))

    def _workers_to_probe(self) -> int:
        """How many workers to have while no speed is known: one for each probe group."""
        return min(self._policy.max_workers, math.ceil(len(self._backlog) / self._policy.probe_lines))
