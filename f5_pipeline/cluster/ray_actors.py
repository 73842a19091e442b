"""Workers as actors of a Ray cluster. ``worker`` is what an actor runs, ``driver`` uses the pool."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

from f5_pipeline.cluster.driver import WorkerDied, WorkerEvent
from f5_pipeline.cluster.ray_cluster import Amounts, Cluster
from f5_pipeline.cluster.ray_errors import reason_of
from f5_pipeline.cluster.worker import Assignment, Worker, WorkerError, WorkerReady, WorkItem, WorkResult
from f5_pipeline.errors import RayUnreachable


class SpeechActor:
    """A worker in a Ray process. It adds its node to errors."""

    def __init__(self, assignment: Assignment) -> None:
        self._worker = Worker(assignment)

    def prepare(self) -> WorkerReady | WorkerError:
        outcome = self._worker.prepare()
        return _with_node(outcome) if isinstance(outcome, WorkerError) else outcome

    def speak(self, item: WorkItem) -> WorkResult | WorkerError:
        outcome = self._worker.speak(item)
        return _with_node(outcome) if isinstance(outcome, WorkerError) else outcome


def _with_node(error: WorkerError) -> WorkerError:
    import ray

    return replace(error, place=ray.get_runtime_context().get_node_id())


class RayWorkerPool:
    """Implements ``WorkerPool``: each worker is an actor.

    All methods and the constructor raise:
        RayUnreachable: the cluster is lost.
    """

    def __init__(self, cluster: Cluster, assignment: Assignment, needs: Amounts, log: logging.Logger) -> None:
        import ray

        self._ray, self._cluster, self._log = ray, cluster, log
        self._options = {"num_cpus": needs["CPU"], "num_gpus": needs["GPU"], "max_restarts": 0, "max_task_retries": 0}
        with cluster.calling():
            self._actor_class = ray.remote(SpeechActor).options
            self._assignment = ray.put(assignment)
        self._actors: dict[int, Any] = {}
        self._pending: dict[Any, int] = {}  # reference to a result → worker, in the order of the calls

    def start(self, worker: int, avoid: frozenset[str]) -> None:
        elsewhere = {"label_selector": {"ray.io/node-id": f"!in({','.join(sorted(avoid))})"}} if avoid else {}
        with self._cluster.calling():
            self._actors[worker] = self._actor_class(**self._options, **elsewhere).remote(self._assignment)
            self._pending[self._actors[worker].prepare.remote()] = worker

    def assign(self, worker: int, item: WorkItem) -> None:
        with self._cluster.calling():
            self._pending[self._actors[worker].speak.remote(item)] = worker

    def stop(self, worker: int) -> None:
        actor = self._actors.pop(worker, None)
        if actor is None:
            return
        self._pending = {reference: owner for reference, owner in self._pending.items() if owner != worker}
        with self._cluster.calling(), suppress(self._ray.exceptions.RayError):  # it died, or never started
            self._ray.kill(actor)

    def end(self) -> None:
        """End all workers. Ray ends those that cannot be reached, as their driver disconnects."""
        for worker in list(self._actors):
            if self._cluster.lost:
                return
            try:
                self.stop(worker)
            except RayUnreachable as error:
                self._log.warning(f"Worker {worker} could not be ended: {error}")

    def wait(self, seconds: float) -> list[tuple[int, WorkerEvent]]:
        pending = list(self._pending)
        if not pending:
            time.sleep(seconds)
            return []
        with self._cluster.calling():
            ready, _ = self._ray.wait(pending, num_returns=1, timeout=seconds)
            if ready:
                ready, _ = self._ray.wait(pending, num_returns=len(pending), timeout=0)
            arrived = set(ready)
            return [(self._pending.pop(each), self._event(each)) for each in pending if each in arrived]

    def _event(self, reference: Any) -> WorkerEvent:
        try:
            event: WorkerEvent = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:  # its process or machine died, or its code failed
            return WorkerDied(reason_of(error))
        return event
