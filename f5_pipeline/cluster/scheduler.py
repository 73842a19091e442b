"""Who gets which lines, and when: workers that join, leave and die, and a backlog that is to be empty soon. Pure.

It is told what happened (``joined``, ``done``, ``died``, …) and says what to do (``decide``). It knows neither Ray nor
a clock nor what a line is, so that a simulation runs this very code. What a worker did of a group that it could not
finish is not lost: its clips are in the store, and whoever gets the lines next finds them.

Whose fault it is, the line's or the worker's, is asked twice: a line that failed on one worker is tried on another, and
lines that a worker died of go to those that have spoken other lines well, if there are any.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from f5_pipeline.cluster.backlog import Backlog, Group
from f5_pipeline.errors import WorkersKeepDying, WorkersNeverReady, WorkersUnusable

_RECENT = 0.5  # how much the last group counts in what is known of a worker's speed
_PORTIONS = 4.0  # of its share of what is left a worker is given this part: groups shrink toward the end


@dataclass(frozen=True)
class Policy:
    """How a pool behaves. Times are in seconds."""

    most: int  # workers at once
    least: int = 1  # that are started and kept, however little there is to say
    in_flight: int = 2  # groups that a worker has in hand, so that it need not wait for the next
    group_seconds: float = 60.0  # what a group takes at most, unless it is one line
    tail_seconds: float = 2.0  # and at the end of the batch
    probe_lines: int = 16  # in the first group of a worker, whose speed is not known
    worth_starting: float = 20.0  # of work for one worker: less is not worth another one's start
    tries: int = 3  # workers that a line may kill before it is set aside
    troubles: int = 3  # in a row, of one worker that lives: then it leaves
    patience: float = 1800.0  # more than a group was expected to take: then its worker is looked after
    start_patience: float = 1800.0  # for workers to get ready, while nobody speaks

    @property
    def deaths(self) -> int:
        """Deaths in a row, nothing finished between them, after which something else must be wrong.

        Enough to find one line among thousands by halves.
        """
        return 20 + 2 * self.most


@dataclass(frozen=True)
class Start:
    """Start a worker, and say ``joined`` when it is ready."""

    worker: int


@dataclass(frozen=True)
class Assign:
    """Give a group to a worker: it speaks its groups in the order in which it got them."""

    worker: int
    group: Group


@dataclass(frozen=True)
class Stop:
    """End a worker. Nothing more is heard of it."""

    worker: int


Command = Start | Assign | Stop


@dataclass
class _Worker:
    """What is known of a worker that is ready."""

    groups: deque[Group] = field(default_factory=deque)  # in hand, the one it speaks first
    began: float = 0.0  # the first of them
    speed: float | None = None  # cost per second
    proven: bool = False  # it has spoken lines well
    troubles: int = 0  # since it last did

    def seconds(self, cost: float) -> float | None:
        return cost / self.speed if self.speed else None

    @property
    def pending(self) -> float:
        """The cost of all that it has in hand."""
        return sum(group.cost for group in self.groups)

    def learn(self, cost: float, seconds: float) -> None:
        now = cost / max(seconds, 1e-6)
        self.speed = now if self.speed is None else _RECENT * now + (1 - _RECENT) * self.speed


class Scheduler:
    """Hands a backlog to a pool of workers, which are numbers here."""

    def __init__(self, backlog: Backlog, policy: Policy) -> None:
        self._backlog, self._policy = backlog, policy
        usual = policy.probe_lines * backlog.cost / max(1, len(backlog))
        self._probe = min(usual, backlog.cost / (_PORTIONS * max(1, self._worth_probing())))
        self._workers: dict[int, _Worker] = {}
        self._starting: dict[int, float] = {}  # since when
        self._idle_since: float | None = None  # when nobody had anything in hand any more; None: somebody has
        self._never_ready = 0  # workers that died before they were
        self._names = 0
        self._refusals: list[tuple[str, bool]] = []
        self._deaths_in_a_row = 0
        self._slowest: float | None = None  # speed of a worker so far
        self._failed: set[int] = set()  # lines that failed on a worker: the next one is believed
        self._no_second_opinion = False  # another worker does not come
        self._looked_up: set[int] = set()  # lines that were stored when a worker died
        self.set_aside: dict[int, str] = {}  # lines that nobody can speak, and why

    @property
    def finished(self) -> bool:
        """Whether every line was spoken or set aside."""
        return not len(self._backlog) and not any(worker.groups for worker in self._workers.values())

    @property
    def seconds_left(self) -> float | None:
        """What the pool as it is needs for the rest; None: nobody knows yet."""
        speed = sum(worker.speed or 0.0 for worker in self._workers.values())
        return (self._backlog.cost + sum(w.pending for w in self._workers.values())) / speed if speed else None

    # --- what happened ----------------------------------------------------------------------------------------

    def joined(self, worker: int) -> None:
        """A worker is ready."""
        self._starting.pop(worker, None)
        self._workers[worker] = _Worker()

    def done(
        self, worker: int, now: float, seconds: float, failed: Collection[int] = (), found: Collection[int] = ()
    ) -> Collection[int]:
        """A worker is through with its group.

        Args:
            seconds: that it took, loading aside.
            failed: lines that it could not speak.
            found: lines that it needed not speak: their clips were there.

        Returns:
            those of ``failed`` that another worker is to try; what became of all others is final.
        """
        its = self._workers[worker]
        group = its.groups.popleft()
        again = [line for line in failed if line not in self._failed]
        self._failed.update(again)
        self._backlog.give_back(again, failed_on=worker)
        its.began = now
        if len(failed) < len(group.lines):
            its.proven, its.troubles = True, 0
        elif len(again) == len(group.lines) > 1:  # a line alone may well be the one to blame
            its.troubles += 1
        aside = {*failed, *found}
        if spoken := [line for line in group.lines if line not in aside]:
            its.learn(self._backlog.cost_of(spoken), seconds)
            self._slowest = min(filter(None, (self._slowest, its.speed)))
        self._deaths_in_a_row = 0
        return again

    def is_sick(self, worker: int) -> bool:
        """Whether nothing has come right on a worker for so long that it is to be let go (``refused``)."""
        return self._workers[worker].troubles >= self._policy.troubles

    def refused(self, worker: int, reason: str, transient: bool = False) -> None:
        """A worker cannot be used and is not replaced; what it had in hand goes to others.

        Args:
            reason: a sentence for the user.
            transient: whether it might be used another time.
        """
        self._refusals.append((reason, transient))
        self._forget(worker)

    def troubled(self, worker: int, now: float, reason: str) -> bool:
        """A worker lives, but could not speak its group this time. Whether it stays."""
        its = self._workers[worker]
        its.began, its.troubles = now, its.troubles + 1
        if self.is_sick(worker):
            self.refused(worker, reason, transient=True)
            return False
        self._backlog.put_back(its.groups.popleft())
        return True

    def died(self, worker: int, reason: str, spoken: Collection[int] = ()) -> None:
        """A worker is gone.

        Args:
            reason: a sentence for the user.
            spoken: those lines of the group it was speaking whose clips it had stored.

        Raises:
            WorkersKeepDying: one after the other, and nothing gets done.
        """
        if worker in self._starting:
            self._never_came(worker, reason)
            return
        group = self.in_hand(worker)
        if group is not None:
            self._workers[worker].groups.popleft()
        self._forget(worker)
        self._deaths_in_a_row += 1
        if self._deaths_in_a_row >= self._policy.deaths and not any(other.groups for other in self._workers.values()):
            raise WorkersKeepDying(self._deaths_in_a_row, reason)
        if group is not None:
            # What is stored has not killed it; unless it is a further take that does, which the second time shows.
            cleared = set(spoken) - self._looked_up
            self._looked_up |= cleared
            self._backlog.give_back_stored([line for line in group.lines if line in cleared])
            rest = [line for line in group.lines if line not in cleared]
            self._suspect(rest, group.deaths + 1, reason)

    def in_hand(self, worker: int) -> Group | None:
        """What a worker is speaking now."""
        its = self._workers.get(worker)
        return its.groups[0] if its and its.groups else None

    # --- what to do -------------------------------------------------------------------------------------------

    def decide(self, now: float) -> list[Command]:
        """What to do next. Each command is given once, and counts as obeyed.

        Raises:
            WorkersUnusable: all that there could be have left.
            WorkersNeverReady: those that there could be do not come.
        """
        commands: list[Command] = [*self._assignments(now), *self._needless(), *self._starts(now)]
        if not self.finished and not self._workers and not self._starting:
            reasons = [reason for reason, _ in self._refusals]
            raise WorkersUnusable(reasons, transient=any(transient for _, transient in self._refusals))
        if self._waits_in_vain(now):
            if not self._workers:
                raise WorkersNeverReady(len(self._starting), self._policy.start_patience)
            self._no_second_opinion = True
        return commands

    def late(self, now: float) -> list[int]:
        """Workers that take far longer than they should: they hang (``died``), or they get on after all (``seen``)."""
        return [
            name
            for name, worker in self._workers.items()
            if worker.groups and now - worker.began > self._policy.patience + 10 * self._expected(worker)
        ]

    def seen(self, worker: int, now: float) -> None:
        """A worker that is late gets on with its group."""
        self._workers[worker].began = now

    def _expected(self, worker: _Worker) -> float:
        """How long a worker needs for the group that it speaks; of one whose speed is not known: as the slowest."""
        speed = worker.speed or self._slowest
        return worker.groups[0].cost / speed if speed else 0.0

    def _waits_in_vain(self, now: float) -> bool:
        """Whether nobody has had anything in hand for too long, and nobody has come in that time."""
        if self.finished or any(worker.groups for worker in self._workers.values()):
            self._idle_since = None
            return False
        self._idle_since = now if self._idle_since is None else self._idle_since
        if not self._starting:
            return False
        return now - max(self._idle_since, min(self._starting.values())) > self._policy.start_patience

    def _assignments(self, now: float) -> list[Command]:
        """Turn by turn, so that nobody has two groups before everybody has one."""
        commands: list[Command] = []
        for depth in range(self._policy.in_flight):
            for name, worker in self._workers.items():
                if len(worker.groups) == depth and (group := self._group_for(name, worker)):
                    worker.began = worker.began if worker.groups else now
                    worker.groups.append(group)
                    commands.append(Assign(name, group))
        return commands

    def _group_for(self, name: int, worker: _Worker) -> Group | None:
        if any(group.suspect for group in worker.groups):
            return None  # nothing else is to be lost with it
        others = [other for other in self._workers.values() if other is not worker]
        # A new worker shows with other lines that it is well, so that it is known what a suspect line is to blame for.
        alone = not any(other.proven or other.groups for other in others)
        suspects = worker.proven or (alone and not self._backlog.has_unsuspected)
        share = self._share(worker)
        in_time = self._in_time(worker, others, self._backlog.next_cost(share, suspects))
        if not in_time and not self._backlog.all_doubted:
            return None
        nobody_else = not others and (self._no_second_opinion or self._places < 2)
        return self._backlog.take(share, suspects, None if nobody_else else name)

    def _share(self, worker: _Worker) -> float:
        """How much a worker is given next: less and less as the end comes near, so that all end together."""
        if worker.speed is None:
            return self._probe
        policy, left = self._policy, self.seconds_left or 0.0
        return worker.speed * min(policy.group_seconds, max(policy.tail_seconds, left / _PORTIONS))

    def _in_time(self, worker: _Worker, others: Sequence[_Worker], cost: float) -> bool:
        """Whether a worker would be through with so much before the others could do all that is left without it."""
        speed = sum(other.speed or 0.0 for other in others)
        mine = worker.seconds(worker.pending + cost)
        if mine is None or not speed or any(other.speed is None for other in others):
            return True
        everything = self._backlog.cost + sum(other.pending for other in others)
        alone = min(other.seconds(cost) or 0.0 for other in others)
        return mine <= max(everything / speed, alone)

    def _needless(self) -> list[Command]:
        """Workers that wait, or are still being started, when nothing is left to hand out."""
        if len(self._backlog) and not self.finished:
            return []
        idle = [name for name, worker in self._workers.items() if not worker.groups]
        spare = [*sorted(self._starting), *idle]
        kept = 0 if self.finished else max(0, self._policy.least - (len(self._workers) - len(idle)))
        ended = spare[: max(0, len(spare) - kept)]
        for name in ended:
            self._forget(name)
        return [Stop(name) for name in ended]

    def _starts(self, now: float) -> list[Command]:
        missing = self._wanted() - len(self._workers) - len(self._starting)
        names = range(self._names, self._names + max(0, missing))
        self._names = names.stop
        self._starting.update(dict.fromkeys(names, now))
        return [Start(name) for name in names]

    def _wanted(self) -> int:
        """How many workers are worth having for what nobody has in hand."""
        if self.finished:
            return 0
        policy, lines = self._policy, len(self._backlog)
        speeds = [worker.speed for worker in self._workers.values() if worker.speed]
        if not lines:
            return min(policy.least, self._places)
        if speeds:
            wanted = math.ceil(self._backlog.cost / (sum(speeds) / len(speeds)) / policy.worth_starting)
        else:
            wanted = self._worth_probing()
        if self._backlog.all_doubted and not self._no_second_opinion:
            wanted = max(wanted, 2)
        wanted = max(wanted, self._deaths_in_a_row)  # it may be the machine: others are to try
        return min(self._places, max(policy.least, wanted))

    @property
    def _places(self) -> int:
        """How many workers there can be."""
        return self._policy.most - len(self._refusals)

    def _worth_probing(self) -> int:
        """How many workers are worth having while nobody knows how fast they are."""
        return min(self._policy.most, math.ceil(len(self._backlog) / self._policy.probe_lines))

    # --- the dead ---------------------------------------------------------------------------------------------

    def _never_came(self, name: int, reason: str) -> None:
        """A place where workers die before they are ready; so many of them cost the pool one place."""
        self._starting.pop(name)
        self._never_ready += 1
        if self._never_ready % self._policy.tries == 0:
            self._refusals.append((reason, True))

    def _forget(self, name: int) -> None:
        self._starting.pop(name, None)
        if (worker := self._workers.pop(name, None)) is not None:
            for group in worker.groups:
                self._backlog.put_back(group)

    def _suspect(self, lines: list[int], deaths: int, reason: str) -> None:
        """Lines over which a worker died: once may be chance, then they are halved until the one is alone."""
        if len(lines) == 1 and deaths >= self._policy.tries:
            self.set_aside[lines[0]] = f"{deaths} workers ended while they spoke it, the last: {reason}"
        elif deaths == 1 or len(lines) < 2:
            self._backlog.give_back(lines, deaths)
        else:
            half = len(lines) // 2
            self._backlog.give_back(lines[:half], 1)
            self._backlog.give_back(lines[half:], 1)
