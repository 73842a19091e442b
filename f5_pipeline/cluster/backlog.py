"""The backlog: the lines that no worker has in hand, handed out in groups, the longest lines first. Pure.

``scheduler`` decides which worker gets a group and how large it is; ``cost`` computes what a line costs. A line is a
position in the caller's list, so that a plan of a million lines is a few arrays.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Group:
    """Lines that a worker speaks together."""

    lines: tuple[int, ...]  # positions in the plan, the longest first
    cost: float
    retry: bool = False  # True for a single line that was in hand when a worker died


class Backlog:
    """Lines that no worker has in hand."""

    def __init__(self, costs: Sequence[float] | np.ndarray, kinds: Sequence[int] | np.ndarray | None = None) -> None:
        """``costs``: of each line, above 0. ``kinds``: the model of each line; a group has lines of one kind only.

        The kinds follow each other in ascending order of their total cost, so that the last and largest one has lines
        of all lengths to even out the end of the batch with.
        """
        self._costs = np.array(costs, np.float64)
        kind = np.zeros(len(self._costs), np.int64) if kinds is None else np.asarray(kinds, np.int64)
        total = np.bincount(kind, self._costs) if len(self._costs) else np.zeros(1)
        self._order = np.lexsort((-self._costs, kind, total[kind])).astype(np.int64)
        self._kinds = kind[self._order]
        self._ends = np.cumsum(self._costs[self._order])
        self._next = 0
        self._returned: deque[Group] = deque()
        self._retries: deque[Group] = deque()
        self._lines = len(self._order)
        self.cost = float(self._costs.sum())  # of all lines in the backlog

    def __len__(self) -> int:
        """The number of lines."""
        return self._lines

    def cost_of(self, lines: Iterable[int]) -> float:
        """The cost of these lines, which need not be in the backlog."""
        return float(self._costs[list(lines)].sum())

    def take(self, cost: float, retries: bool = True) -> Group | None:
        """Take out the next lines: about ``cost`` of them and at least one. None if there are none.

        Args:
            retries: True if it may be a line that was in hand when a worker died; such lines go out first, one by one.
        """
        if retries and self._retries:
            group = self._retries.popleft()
        elif self._returned:
            group = self._cut_returned(cost)
        elif self._next < len(self._order):
            group = self._new_group(cost)
        else:
            return None
        self._lines -= len(group.lines)
        self.cost = self.cost - group.cost if self._lines else 0.0
        return group

    def put_back(self, group: Group) -> None:
        """Return a group that was not spoken; it goes out again before new lines do."""
        self._lines += len(group.lines)
        self.cost += group.cost
        (self._retries if group.retry else self._returned).append(group)

    def put_back_lines(self, lines: Sequence[int]) -> None:
        """Return lines of a group, as one group."""
        if lines:
            self.put_back(self._group(lines))

    def put_back_for_retry(self, lines: Sequence[int]) -> None:
        """Return lines that were in hand when a worker died. Each is a group of its own."""
        for line in lines:
            self.put_back(Group((line,), self.cost_of([line]), retry=True))

    def _new_group(self, cost: float) -> Group:
        start = self._next
        before = float(self._ends[start - 1]) if start else 0.0
        end = max(start + 1, int(np.searchsorted(self._ends, before + cost, side="right")))
        of_one_kind = int(np.searchsorted(self._kinds[start:end] != self._kinds[start], True))
        self._next = end = start + of_one_kind
        return Group(tuple(self._order[start:end].tolist()), float(self._ends[end - 1] - before))

    def _cut_returned(self, cost: float) -> Group:
        """The first lines of the first returned group; the rest of it stays."""
        first = self._returned.popleft()
        end = max(1, int(np.searchsorted(np.cumsum(self._costs[list(first.lines)]), cost, side="right")))
        if end >= len(first.lines):
            return first
        self._returned.appendleft(self._group(first.lines[end:]))
        return self._group(first.lines[:end])

    def _group(self, lines: Sequence[int]) -> Group:
        return Group(tuple(lines), self.cost_of(lines))
