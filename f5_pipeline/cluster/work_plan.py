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
from f5_pipeline.synthesis.executor import SynthesisJob
from f5_pipeline.synthesis.prepare import prepare_requests
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.takes import failed_take, row_of


class WorkPlan:
    """The lines of a job that need a worker. The backlog refers to them by their positions, in the job's order."""

    def __init__(self, job: SynthesisJob) -> None:
        self.job = job
        first = {request.identity: request for request in reversed(job.requests)}
        self._rows = {key: row_of(request, job.reused[key]) for key, request in first.items() if key in job.reused}
        self._pending = [request for key, request in first.items() if key not in self._rows]
        self._clips = ClipStore(job.store)
        stored = self._clips.existing(key for request in self._pending for key in request.least_keys)
        takes = np.array([sum(key not in stored for key in request.least_keys) for request in self._pending], int)
        has_clip = takes == 0
        self._stored_before = frozenset(np.flatnonzero(has_clip).tolist())
        costs = np.array([cost_of(request) for request in self._pending], np.float64)
        models = {name: number for number, name in enumerate({request.model.spec.name for request in self._pending})}
        kinds = [models[request.model.spec.name] for request in self._pending]
        self.backlog = Backlog(np.where(has_clip, LOOKUP_COST, takes) * costs, kinds)
        seconds = np.array([request.expected_seconds for request in self._pending], np.float64)
        #: The number of missing takes and their expected duration in seconds.
        self.missing = int(takes.sum()), float(takes @ seconds)
        #: The number of lines with all their takes, which a worker is still to judge.
        self.waiting = int(has_clip.sum())

    def work_item(self, group: Group) -> WorkItem:
        """A group in the form in which a worker receives it."""
        requests = [self._pending[position] for position in group.lines]
        return WorkItem(tuple(request.utterance for request in requests), tuple(request.key for request in requests))

    def settle(self, rows: Mapping[int, IndexRow]) -> None:
        """Record the final rows of lines, by position."""
        self._rows.update((self._pending[position].identity, row) for position, row in rows.items())

    def stored(self, group: Group) -> set[int]:
        """The lines of a group that have a clip now and had none when the plan was made."""
        missing = {self._pending[at].least_keys[-1]: at for at in group.lines if at not in self._stored_before}
        return {missing[key] for key in self._clips.existing(missing)}

    def clips_of(self, group: Group) -> int:
        """The number of stored clips of a group, counting all takes and their chunks."""
        return len(
            self._clips.existing(key for position in group.lines for key in self._pending[position].all_clip_keys())
        )

    def replaced(self, group: Group) -> str | None:
        """The id of a line of a group whose clip key has changed since the plan was made; None if there is none."""
        requests = [self._pending[position] for position in group.lines]
        models = {request.model.spec.name: request.model for request in requests}
        now, _ = prepare_requests([request.utterance for request in requests], models, self.job.store, self.job.cache)
        keys = {request.utterance.id: request.key for request in now}
        return next(
            (request.utterance.id for request in requests if keys.get(request.utterance.id) != request.key), None
        )

    def set_aside(self, position: int, reason: str) -> str:
        """Record a line as failed. Returns its id."""
        request = self._pending[position]
        self._rows[request.identity] = row_of(request, [failed_take(request, request.first_attempt, reason)])
        return request.utterance.id

    def rows(self) -> tuple[IndexRow, ...]:
        """A row for each line of the job, in its order; all lines must be settled."""
        return tuple(_row_for(request, self._rows[request.identity]) for request in self.job.requests)


def _row_for(request: SynthesisRequest, row: IndexRow) -> IndexRow:
    """The row of a line, from the row of another line with the same clip."""
    u = request.utterance
    return replace(row, id=u.id, text=u.text, spoken_text=u.shown_text, voice=u.voice, model=u.model, columns=u.columns)
