"""A simulation of a pool: the real scheduler with imagined machines and an imagined clock. Hours pass in a second.

The tests and ``benchmarks/scale.py`` use it; it also sizes a cluster before one is rented.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from f5_pipeline.cluster.backlog import Backlog, Group
from f5_pipeline.cluster.policy import Policy
from f5_pipeline.cluster.scheduler import Assign, Scheduler, Start, Stop


@dataclass(frozen=True)
class Machine:
    """A kind of worker. Times are in seconds."""

    speed: float  # work per second
    start: float = 40.0  # until it is ready: environment, weights, voices
    load: float = 15.0  # loading the model, before its first group
    group_overhead: float = 0.3  # of each group: looking up clips, returning rows
    deaths_per_hour: float = 0.0
    fails: bool = False  # every line fails, at once
    crashes: bool = False  # every group kills the worker, at once


@dataclass
class Outcome:
    """The result of a simulated batch."""

    seconds: float = 0.0
    spoken: dict[int, int] = field(default_factory=dict)  # line → times
    failed: set[int] = field(default_factory=set)
    set_aside: dict[int, str] = field(default_factory=dict)
    groups: int = 0
    deaths: int = 0
    speaking_seconds: float = 0.0  # of all workers, in completed groups
    held_seconds: float = 0.0  # of all workers, from request to stop
    ready_seconds: float = 0.0  # of them, from when each was ready

    @property
    def busy(self) -> float:
        """The part of their time in which ready workers spoke."""
        return self.speaking_seconds / self.ready_seconds if self.ready_seconds else 0.0

    @property
    def used(self) -> float:
        """The part of the paid time in which workers spoke; starting and loading count as idle."""
        return self.speaking_seconds / self.held_seconds if self.held_seconds else 0.0


@dataclass
class _SimulatedWorker:
    place: int
    machine: Machine
    requested: float
    ready: float = 0.0
    loaded: bool = False
    queue: list[Group] = field(default_factory=list)
    began: float = 0.0
    seconds: float = 0.0  # for its group


class Simulation:
    """One batch on one pool.

    Args:
        costs: of the lines, as the scheduler estimates them.
        machines: of the pool's places, in turn. A worker starts at the first free place.
        poison: lines that kill their worker.
        work: true costs of the lines; ``costs`` by default. A machine's speed is work per second.
    """

    def __init__(
        self,
        costs: Sequence[float] | np.ndarray,
        policy: Policy,
        machines: Sequence[Machine],
        poison: frozenset[int] = frozenset(),
        seed: int = 0,
        work: Sequence[float] | np.ndarray | None = None,
    ) -> None:
        self._work = np.array(costs if work is None else work, np.float64)
        self.scheduler = Scheduler(Backlog(costs), policy)
        self._machines, self._poison, self._random = machines, poison, random.Random(seed)
        self._events: list[tuple[float, int, Callable[[int], None], int]] = []
        self._order = count()
        self._pool: dict[int, _SimulatedWorker] = {}
        self._now = 0.0
        self._stored: set[int] = set()
        self._outcome = Outcome(set_aside=self.scheduler.set_aside)

    def run(self) -> Outcome:
        """Run the batch to its end."""
        self._execute()
        while not self.scheduler.finished:
            self._now, _, event, name = heapq.heappop(self._events)
            if name in self._pool:
                event(name)
                self._execute()
        for name in list(self._pool):
            self._stop(name)
        self._outcome.seconds = self._now
        return self._outcome

    def _later(self, seconds: float, event: Callable[[int], None], name: int) -> None:
        heapq.heappush(self._events, (self._now + seconds, next(self._order), event, name))

    def _execute(self) -> None:
        for command in self.scheduler.decide(self._now):
            match command:
                case Start(name):
                    taken = {worker.place for worker in self._pool.values()}
                    place = next(place for place in count() if place not in taken)
                    machine = self._machines[place % len(self._machines)]
                    self._pool[name] = _SimulatedWorker(place, machine, self._now)
                    self._later(machine.start * self._random.uniform(0.8, 1.2), self._joins, name)
                case Assign(name, group):
                    self._pool[name].queue.append(group)
                    if len(self._pool[name].queue) == 1:
                        self._speak(name)
                case Stop(name):
                    self._stop(name)

    def _joins(self, name: int) -> None:
        worker = self._pool[name]
        worker.ready = self._now
        if rate := worker.machine.deaths_per_hour:
            self._later(self._random.expovariate(rate / 3600), self._dies, name)
        self.scheduler.joined(name)

    def _speak(self, name: int) -> None:
        worker = self._pool[name]
        group, machine = worker.queue[0], worker.machine
        loading = 0.0 if worker.loaded else machine.load
        worker.loaded, worker.began = True, self._now + loading
        lines = [line for line in group.lines if line not in self._stored]
        worker.seconds = float(self._work[lines].sum()) / machine.speed * self._random.uniform(0.9, 1.1)
        poison = next((at for at, line in enumerate(group.lines) if line in self._poison), None)
        if machine.fails:
            self._later(machine.group_overhead, self._finishes, name)
        elif machine.crashes:
            self._later(loading, self._dies, name)
        elif poison is None:
            self._later(loading + machine.group_overhead + worker.seconds, self._finishes, name)
        else:
            self._later(loading + worker.seconds * poison / len(group.lines), self._dies, name)

    def _finishes(self, name: int) -> None:
        worker = self._pool[name]
        group, seconds = worker.queue[0], self._now - worker.began
        failed = group.lines if worker.machine.fails else ()
        self._outcome.groups += 1
        if self.scheduler.is_sick(name, failed):
            self._dies(name, sick=True)
            return
        found = [line for line in group.lines if line in self._stored]
        self.scheduler.completed(name, self._now, max(seconds, 1e-3), failed, found)
        worker.queue.pop(0)
        if failed:
            self._outcome.failed.update(failed)
        else:
            self._outcome.speaking_seconds += seconds - worker.machine.group_overhead
            for line in group.lines:
                self._outcome.spoken[line] = self._outcome.spoken.get(line, 0) + 1
        if worker.queue:
            self._speak(name)

    def _dies(self, name: int, *, sick: bool = False) -> None:
        self._outcome.deaths += 1
        stored = self._stored_by(self._pool[name])
        self._stored |= stored
        self._stop(name)
        self.scheduler.died(name, "the simulation killed it", stored, sick=sick)

    def _stored_by(self, worker: _SimulatedWorker) -> set[int]:
        """The lines of its group that a worker has stored so far."""
        if not worker.queue or not worker.seconds or worker.machine.fails or worker.machine.crashes:
            return set()
        lines = worker.queue[0].lines
        share = (self._now - worker.began) / worker.seconds
        return set(lines[: max(0, int(len(lines) * min(1.0, share) + 1e-9))]) - self._poison

    def _stop(self, name: int) -> None:
        worker = self._pool.pop(name)
        self._outcome.held_seconds += self._now - worker.requested
        self._outcome.ready_seconds += self._now - (worker.ready or self._now)
