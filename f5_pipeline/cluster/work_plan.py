"""The work plan of a job: its lines without a settled row, each clip once, with their costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from f5_pipeline.cluster.backlog import Backlog, Group
from f5_pipeline.cluster.cost import LOOKUP_COST, cost_of
from f5_pipeline.cluster.worker import WorkItem
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.keys import derive_seed
from f5_pipeline.synthesis.executor import SynthesisJob
from f5_pipeline.synthesis.prepare import cast
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.takes import Take, row_of


class WorkPlan:
    """The lines of a job that need a worker. The backlog knows them by their positions, in the job's order."""

    def __init__(self, job: SynthesisJob) -> None:
        self.job = job
        first = {line.key: line for line in reversed(job.lines)}
        self._rows = {key: row_of(line, job.settled[key]) for key, line in first.items() if key in job.settled}
        self._pending = [line for key, line in first.items() if key not in self._rows]
        self._clips = ClipStore(job.store)
        stored = self._clips.existing(line.key for line in self._pending)
        has_clip = np.array([line.key in stored for line in self._pending], bool)
        self._stored_before = frozenset(np.flatnonzero(has_clip).tolist())
        costs = np.array([cost_of(line) for line in self._pending], np.float64)
        models = {name: number for number, name in enumerate({line.model.spec.name for line in self._pending})}
        kinds = [models[line.model.spec.name] for line in self._pending]
        self.backlog = Backlog(np.where(has_clip, LOOKUP_COST * costs, costs), kinds)
        missing = [line for line, is_stored in zip(self._pending, has_clip, strict=True) if not is_stored]
        #: The number of missing clips and their expected duration in seconds.
        self.missing = len(missing), sum(line.expected_seconds for line in missing)
        #: The number of stored clips that a worker is still to judge.
        self.waiting = len(self._pending) - len(missing)

    def work_item(self, group: Group) -> WorkItem:
        """A group in the form in which a worker receives it."""
        lines = [self._pending[position] for position in group.lines]
        return WorkItem(tuple(line.utterance for line in lines), tuple(line.key for line in lines))

    def settle(self, rows: Mapping[int, IndexRow]) -> None:
        """Record the final rows of lines, by position."""
        self._rows.update((self._pending[position].key, row) for position, row in rows.items())

    def stored(self, group: Group) -> set[int]:
        """The lines of a group that have a clip now and had none when the plan was made."""
        missing = {self._pending[at].key: at for at in group.lines if at not in self._stored_before}
        return {missing[key] for key in self._clips.existing(missing)}

    def clips_of(self, group: Group) -> int:
        """The number of stored clips of a group, counting all takes and their chunks."""
        return len(self._clips.existing(key for position in group.lines for key in self._pending[position].all_keys()))

    def replaced(self, group: Group) -> str | None:
        """The id of a line of a group whose clip key has changed since the plan was made; None if there is none."""
        lines = [self._pending[position] for position in group.lines]
        models = {line.model.spec.name: line.model for line in lines}
        now, _ = cast([line.utterance for line in lines], models, self.job.store, self.job.cache)
        keys = {line.utterance.id: line.key for line in now}
        return next((line.utterance.id for line in lines if keys.get(line.utterance.id) != line.key), None)

    def set_aside(self, position: int, reason: str) -> str:
        """Record a line as failed. Returns its id."""
        line = self._pending[position]
        self._rows[line.key] = row_of(line, [Take(line.key, 1, "failed", reason, 2_000.0, derive_seed(line.parts))])
        return line.utterance.id

    def rows(self) -> tuple[IndexRow, ...]:
        """A row for each line of the job, in its order; all lines must be settled."""
        return tuple(_row_for(line, self._rows[line.key]) for line in self.job.lines)


def _row_for(line: SynthesisRequest, row: IndexRow) -> IndexRow:
    """The row of a line, from the row of another line with the same clip."""
    u = line.utterance
    return replace(row, id=u.id, text=u.text, spoken_text=u.shown_text, voice=u.voice, model=u.model, columns=u.columns)
