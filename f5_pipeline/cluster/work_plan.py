"""What of an order is to go to workers: the lines that nobody has spoken, each sound once, with what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from f5_pipeline.cluster.backlog import LOOKING_UP, Backlog, Group, cost_of
from f5_pipeline.cluster.worker import WorkItem
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.keys import derive_seed
from f5_pipeline.synthesis.executor import SynthesisJob
from f5_pipeline.synthesis.prepare import cast
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.takes import Take, row_of


class Plan:
    """An order, as positions: the backlog counts lines that are to be worked on, in the order's order."""

    def __init__(self, order: SynthesisJob) -> None:
        self.order = order
        first = {line.key: line for line in reversed(order.lines)}
        self._rows = {key: row_of(line, order.settled[key]) for key, line in first.items() if key in order.settled}
        self._pending = [line for key, line in first.items() if key not in self._rows]
        self._clips = ClipStore(order.store)
        stored = self._clips.existing(line.key for line in self._pending)
        there = np.array([line.key in stored for line in self._pending], bool)
        self._were_there = frozenset(np.flatnonzero(there).tolist())
        costs = np.array([cost_of(line) for line in self._pending], np.float64)
        models = {name: number for number, name in enumerate({line.model.spec.name for line in self._pending})}
        kinds = [models[line.model.spec.name] for line in self._pending]
        self.backlog = Backlog(np.where(there, LOOKING_UP * costs, costs), kinds)
        missing = [line for line, is_there in zip(self._pending, there, strict=True) if not is_there]
        #: How many clips are missing, and how long they will be, in seconds.
        self.missing = len(missing), sum(line.expected_seconds for line in missing)
        #: How many clips are there, and are still to be judged by who gets their lines.
        self.waiting = len(self._pending) - len(missing)

    def portion(self, group: Group) -> WorkItem:
        """A group as a worker is given it."""
        lines = [self._pending[position] for position in group.lines]
        return WorkItem(tuple(line.utterance for line in lines), tuple(line.key for line in lines))

    def settle(self, rows: Mapping[int, IndexRow]) -> None:
        """What became of lines, by position."""
        self._rows.update((self._pending[position].key, row) for position, row in rows.items())

    def stored(self, group: Group) -> set[int]:
        """Those lines of a group that have a clip by now, and had none when the plan was made."""
        fresh = {self._pending[position].key: position for position in group.lines if position not in self._were_there}
        return {fresh[key] for key in self._clips.existing(fresh)}

    def clips_of(self, group: Group) -> int:
        """How many clips there are of a group by now: all takes, and the pieces of each."""
        return len(self._clips.existing(key for position in group.lines for key in self._pending[position].all_keys()))

    def replaced(self, group: Group) -> str | None:
        """The id of a line of a group that would be another clip now than when the plan was made, if there is one."""
        lines = [self._pending[position] for position in group.lines]
        models = {line.model.spec.name: line.model for line in lines}
        now, _ = cast([line.utterance for line in lines], models, self.order.store, self.order.cache)
        keys = {line.utterance.id: line.key for line in now}
        return next((line.utterance.id for line in lines if keys.get(line.utterance.id) != line.key), None)

    def set_aside(self, position: int, reason: str) -> str:
        """A line that nobody can speak has failed; its id."""
        line = self._pending[position]
        self._rows[line.key] = row_of(line, [Take(line.key, 1, "failed", reason, 2_000.0, derive_seed(line.parts))])
        return line.utterance.id

    def rows(self) -> tuple[IndexRow, ...]:
        """One for each line of the order. All must be settled."""
        return tuple(_row_for(line, self._rows[line.key]) for line in self.order.lines)


def _row_for(line: SynthesisRequest, row: IndexRow) -> IndexRow:
    """The row of a line from that of another with the same clip."""
    u = line.utterance
    return replace(row, id=u.id, text=u.text, spoken_text=u.shown_text, voice=u.voice, model=u.model, columns=u.columns)
