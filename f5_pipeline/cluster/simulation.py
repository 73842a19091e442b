"""What a pool would do with a batch: the real scheduler, with machines and a clock that are only imagined. Pure.

For sizing a cluster before renting it, and for the tests: hours pass in a second.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from f5_pipeline.cluster.backlog import Backlog, Group
from f5_pipeline.cluster.scheduler import Assign, Policy, Scheduler, Start, Stop


@dataclass(frozen=True)
class Machine:
    """A kind of worker. Times are in seconds."""

    speed: float  # work per second
    start: float = 40.0  # until it is ready: proof, weights, voices
    load: float = 15.0  # of the model, before its first group
    group_overhead: float = 0.3  # of each group: looking clips up, handing rows back
    deaths_per_hour: float = 0.0
    fails: bool = False  # whatever it is given, in no time
    crashes: bool = False  # whatever it is given, at once


@dataclass
class SynthesisResult:
    """How a simulated batch went."""

    seconds: float = 0.0
    spoken: dict[int, int] = field(default_factory=dict)  # line → how often
    failed: set[int] = field(default_factory=set)
    set_aside: dict[int, str] = field(default_factory=dict)
    groups: int = 0
    deaths: int = 0
    speaking_seconds: float = 0.0  # of all workers together, for lines that count
    held_seconds: float = 0.0  # from when each was asked for until it was let go
    ready_seconds: float = 0.0  # of them, from when it was ready

    @property
    def busy(self) -> float:
        """The part of the time that ready workers spoke in."""
        return self.speaking_seconds / self.ready_seconds if self.ready_seconds else 0.0

    @property
    def used(self) -> float:
        """The part of the time that is paid for: starting and loading counted as idle."""
        return self.speaking_seconds / self.held_seconds if self.held_seconds else 0.0


@dataclass
class _Imagined:
    place: int
    machine: Machine
    asked: float
    ready: float = 0.0
    loaded: bool = False
    queue: list[Group] = field(default_factory=list)
    began: float = 0.0
    seconds: float = 0.0  # that its group takes


class Simulation:
    """One batch on one pool.

    Args:
        costs: of the lines, as the scheduler reckons them.
        work: what they cost in truth; as reckoned, if it is not said. A machine's speed is work per second.
        machines: the n-th place of the pool is on the n-th of them, and again on the first after the last. Who is
            started gets the first place that is free.
        poison: lines that kill whoever speaks them.
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
        self._events: list[tuple[float, int, str, int]] = []
        self._order = count()
        self._pool: dict[int, _Imagined] = {}
        self._now = 0.0
        self._stored: set[int] = set()
        self._outcome = SynthesisResult(set_aside=self.scheduler.set_aside)

    def run(self) -> SynthesisResult:
        """To the end of the batch."""
        self._obey()
        while not self.scheduler.finished:
            self._now, _, what, name = heapq.heappop(self._events)
            if name in self._pool:
                getattr(self, f"_{what}")(name)
                self._obey()
        for name in list(self._pool):
            self._let_go(name)
        self._outcome.seconds = self._now
        return self._outcome

    def _later(self, seconds: float, what: str, name: int) -> None:
        heapq.heappush(self._events, (self._now + seconds, next(self._order), what, name))

    def _obey(self) -> None:
        for command in self.scheduler.decide(self._now):
            match command:
                case Start(name):
                    taken = {worker.place for worker in self._pool.values()}
                    place = next(place for place in count() if place not in taken)
                    machine = self._machines[place % len(self._machines)]
                    self._pool[name] = _Imagined(place, machine, self._now)
                    self._later(machine.start * self._random.uniform(0.8, 1.2), "joins", name)
                case Assign(name, group):
                    self._pool[name].queue.append(group)
                    if len(self._pool[name].queue) == 1:
                        self._speak(name)
                case Stop(name):
                    self._let_go(name)

    def _joins(self, name: int) -> None:
        worker = self._pool[name]
        worker.ready = self._now
        if rate := worker.machine.deaths_per_hour:
            self._later(self._random.expovariate(rate / 3600), "dies", name)
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
            self._later(machine.group_overhead, "finishes", name)
        elif machine.crashes:
            self._later(loading, "dies", name)
        elif poison is None:
            self._later(loading + machine.group_overhead + worker.seconds, "finishes", name)
        else:
            self._later(loading + worker.seconds * poison / len(group.lines), "dies", name)

    def _finishes(self, name: int) -> None:
        worker = self._pool[name]
        group = worker.queue.pop(0)
        took = self._now - worker.began
        self._outcome.groups += 1
        failed = group.lines if worker.machine.fails else ()
        found = [line for line in group.lines if line in self._stored]
        again = self.scheduler.done(name, self._now, max(took, 1e-3), failed, found)
        if failed:
            self._outcome.failed |= {*failed} - {*again}
            if self.scheduler.is_sick(name):
                self._let_go(name)
                self.scheduler.refused(name, "it is imagined sick", transient=True)
                return
        else:
            self._outcome.speaking_seconds += took - worker.machine.group_overhead
            for line in group.lines:
                self._outcome.spoken[line] = self._outcome.spoken.get(line, 0) + 1
        if worker.queue:
            self._speak(name)

    def _dies(self, name: int) -> None:
        self._outcome.deaths += 1
        stored = self._stored_by(self._pool[name])
        self._stored |= stored
        self._let_go(name)
        self.scheduler.died(name, "it was imagined dead", stored)

    def _stored_by(self, worker: _Imagined) -> set[int]:
        """Those lines of the group that a worker was speaking which it had stored."""
        if not worker.queue or not worker.seconds or worker.machine.fails or worker.machine.crashes:
            return set()
        lines = worker.queue[0].lines
        share = (self._now - worker.began) / worker.seconds
        return set(lines[: max(0, int(len(lines) * min(1.0, share) + 1e-9))]) - self._poison

    def _let_go(self, name: int) -> None:
        worker = self._pool.pop(name)
        self._outcome.held_seconds += self._now - worker.asked
        self._outcome.ready_seconds += self._now - (worker.ready or self._now)
