"""What is still to be spoken, by what it costs: handed out in groups, the longest lines first. Pure.

Who gets a group, and how much, is ``scheduler``'s business. A line is a position in the caller's list here, so that a
plan of a million lines is a few arrays.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from f5_pipeline.engine.duration import max_chunk_seconds
from f5_pipeline.engine.protocol import frames_of
from f5_pipeline.synthesis.request import SynthesisRequest

_USUAL_WIDTH = 1024  # of an F5-TTS model, where the catalogue does not say
#: A transformer's layer does the same work on each frame, 16 x width² multiplications, and 4 x width x frames more to
#: look at the others: at 4 x width frames the one is as much as the other.
_FRAMES_TO_WIDTH = 4.0
_LINE_FRAMES = 30.0  # encoding, storing and measuring a clip, as frames of the model's work
LOOKING_UP = 0.01  # what a line costs whose clip is there, as a part of what speaking it costs


@dataclass(frozen=True)
class Group:
    """Lines that a worker speaks in one go."""

    lines: tuple[int, ...]  # positions in the plan, the longest first
    cost: float
    deaths: int = 0  # of workers that had it in hand: above 0 one of its lines may be why
    failed_on: int | None = None  # the worker that tried it in vain: another one is to try it too

    @property
    def suspect(self) -> bool:
        return self.deaths > 0


def cost_of(line: SynthesisRequest) -> float:
    """What speaking a line costs, in frames that go through the model once; only proportions mean something.

    The reference goes through with every piece of a text, and attention grows with the square of the length.
    """
    seconds, sampling = line.expected_seconds, line.utterance.sampling
    pieces = max(1, math.ceil(seconds / max_chunk_seconds(line.reference, line.model.spec.max_seconds)))
    frames = line.reference.frames + frames_of(seconds) / pieces
    width = float(line.model.spec.arch.get("dim", _USUAL_WIDTH))
    once = frames * (1.0 + frames / (_FRAMES_TO_WIDTH * width))
    passes = sampling.nfe_step * (2 if sampling.cfg_strength else 1)
    return pieces * once * passes + _LINE_FRAMES * sampling.nfe_step


class Backlog:
    """Lines that nobody has in hand. What a worker could not finish goes out first, what failed on one last."""

    def __init__(self, costs: Sequence[float] | np.ndarray, kinds: Sequence[int] | np.ndarray | None = None) -> None:
        """``costs``: of each line, above 0. ``kinds``: lines of one kind (a model) stay together, if there are several.

        A kind follows another in the order of what they cost, so that the last and largest has lines of all lengths
        left to even out the end with.
        """
        by_line = np.array(costs, np.float64)
        kind = np.zeros(len(by_line), np.int64) if kinds is None else np.asarray(kinds, np.int64)
        whole = np.bincount(kind, by_line) if len(by_line) else np.zeros(1)
        self._order = np.lexsort((-by_line, kind, whole[kind])).astype(np.int64)
        self._kinds = kind[self._order]
        self._costs = by_line
        self._ends = np.cumsum(by_line[self._order])
        self._next = 0
        self._clean: deque[Group] = deque()
        self._suspects: deque[Group] = deque()
        self._doubted: deque[Group] = deque()

    def __len__(self) -> int:
        """How many lines nobody has in hand."""
        return len(self._order) - self._next + sum(len(group.lines) for group in self._came_back)

    @property
    def cost(self) -> float:
        """Of all lines that nobody has in hand."""
        if self._next >= len(self._order):
            fresh = 0.0
        else:
            fresh = float(self._ends[-1] - (self._ends[self._next - 1] if self._next else 0.0))
        return fresh + sum(group.cost for group in self._came_back)

    def cost_of(self, lines: Iterable[int]) -> float:
        """Of these lines, wherever they are."""
        return float(self._costs[list(lines)].sum())

    @property
    def has_unsuspected(self) -> bool:
        return bool(self._clean or self._doubted) or self._next < len(self._order)

    @property
    def all_doubted(self) -> bool:
        """Whether all that is left has failed on one worker."""
        return not self._clean and not self._suspects and self._next >= len(self._order)

    def take(self, cost: float, suspects: bool = True, worker: int | None = None) -> Group | None:
        """The next lines, about ``cost`` of them and at least one; None if there are none.

        Args:
            suspects: whether it may be a group over which a worker died, if there is one.
            worker: who does not get what failed on it.
        """
        if suspects and self._suspects:
            return self._cut(self._suspects, cost)
        if self._clean:
            return self._cut(self._clean, cost)
        if self._next < len(self._order):
            return self._fresh(cost)
        for _ in range(len(self._doubted)):
            if self._doubted[0].failed_on != worker or worker is None:
                return self._cut(self._doubted, cost)
            self._doubted.rotate(-1)
        return None

    def next_cost(self, cost: float, suspects: bool = True) -> float:
        """About what ``take`` would hand out with these arguments."""
        waiting = [*(self._suspects if suspects else ()), *self._clean]
        if waiting:
            return min(waiting[0].cost, max(cost, float(self._costs[waiting[0].lines[0]])))
        longest = float(self._costs[self._order[self._next]]) if self._next < len(self._order) else 0.0
        return min(self.cost, max(cost, longest))

    def give_back(self, lines: Sequence[int], deaths: int = 0, failed_on: int | None = None) -> None:
        """Lines that were not spoken after all.

        Args:
            deaths: of workers that had them in hand.
            failed_on: the worker that tried them in vain, which may be its fault.
        """
        if lines:
            self.put_back(self._group(lines, deaths, failed_on))

    def put_back(self, group: Group) -> None:
        """A group that its worker did not come to speak."""
        if group.failed_on is not None:
            self._doubted.append(group)
        else:
            (self._suspects if group.suspect else self._clean).append(group)

    def give_back_stored(self, lines: Sequence[int]) -> None:
        """Lines of which a worker had stored the clips before it ended: they only need to be looked up."""
        self._costs[list(lines)] *= LOOKING_UP
        self.give_back(lines)

    @property
    def _came_back(self) -> list[Group]:
        return [*self._suspects, *self._clean, *self._doubted]

    def _fresh(self, cost: float) -> Group:
        start = self._next
        before = self._ends[start - 1] if start else 0.0
        end = max(start + 1, int(np.searchsorted(self._ends, before + cost, side="right")))
        same = np.searchsorted(self._kinds[start:end] != self._kinds[start], True)  # the kind changes here
        end = start + int(same)
        self._next = end
        return Group(tuple(self._order[start:end].tolist()), float(self._ends[end - 1] - before))

    def _cut(self, groups: deque[Group], cost: float) -> Group:
        """The first lines of the first group; the rest of it stays."""
        first = groups.popleft()
        ends = np.cumsum(self._costs[list(first.lines)])
        end = max(1, int(np.searchsorted(ends, cost, side="right")))
        if end >= len(first.lines):
            return first
        groups.appendleft(self._group(first.lines[end:], first.deaths, first.failed_on))
        return self._group(first.lines[:end], first.deaths, first.failed_on)

    def _group(self, lines: Sequence[int], deaths: int, failed_on: int | None) -> Group:
        return Group(tuple(lines), self.cost_of(lines), deaths, failed_on)
