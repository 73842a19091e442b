"""Workers as actors of a Ray cluster. What they do is told in ``worker``, what they get in ``pool``."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

from f5_pipeline.cluster.driver import WorkerDied, WorkerEvent
from f5_pipeline.cluster.ray_cluster import Amounts, Cluster
from f5_pipeline.cluster.ray_errors import why
from f5_pipeline.cluster.worker import Assignment, Ready, Spoken, Worker, WorkerError, WorkItem
from f5_pipeline.errors import RayUnreachable


class SpeechActor:
    """A worker, in a process of Ray's: it knows on which node that is."""

    def __init__(self, assignment: Assignment) -> None:
        self._worker = Worker(assignment)

    def prepare(self) -> Ready | WorkerError:
        told = self._worker.prepare()
        return _placed(told) if isinstance(told, WorkerError) else told

    def speak(self, portion: WorkItem) -> Spoken | WorkerError:
        told = self._worker.speak(portion)
        return _placed(told) if isinstance(told, WorkerError) else told


def _placed(trouble: WorkerError) -> WorkerError:
    import ray

    return replace(trouble, place=ray.get_runtime_context().get_node_id())


class RayWorkerPool:
    """Implements ``WorkerPool`` with one actor for each worker.

    All methods, and making one:

    Raises:
        RayUnreachable: the cluster is lost.
    """

    def __init__(self, cluster: Cluster, assignment: Assignment, needs: Amounts, log: logging.Logger) -> None:
        import ray

        self._ray, self._cluster, self._log = ray, cluster, log
        self._options = {"num_cpus": needs["CPU"], "num_gpus": needs["GPU"], "max_restarts": 0, "max_task_retries": 0}
        with cluster.calling():
            self._make = ray.remote(SpeechActor).options
            self._assignment = ray.put(assignment)
        self._actors: dict[int, Any] = {}
        self._answers: dict[Any, int] = {}  # that are waited for → of whom; in the order in which they were asked for

    def start(self, worker: int, avoid: frozenset[str]) -> None:
        elsewhere = {"label_selector": {"ray.io/node-id": f"!in({','.join(sorted(avoid))})"}} if avoid else {}
        with self._cluster.calling():
            self._actors[worker] = self._make(**self._options, **elsewhere).remote(self._assignment)
            self._answers[self._actors[worker].prepare.remote()] = worker

    def assign(self, worker: int, portion: WorkItem) -> None:
        with self._cluster.calling():
            self._answers[self._actors[worker].speak.remote(portion)] = worker

    def stop(self, worker: int) -> None:
        actor = self._actors.pop(worker, None)
        if actor is None:
            return
        self._answers = {answer: whose for answer, whose in self._answers.items() if whose != worker}
        with self._cluster.calling(), suppress(self._ray.exceptions.RayError):  # it died, or never was
            self._ray.kill(actor)

    def end(self) -> None:
        """End all workers. Where they cannot be reached any more, Ray ends them: nobody is there for whom they work."""
        for worker in list(self._actors):
            if self._cluster.lost:
                return
            try:
                self.stop(worker)
            except RayUnreachable as error:
                self._log.warning(f"Worker {worker} could not be ended: {error}")

    def wait(self, seconds: float) -> list[tuple[int, WorkerEvent]]:
        waiting = list(self._answers)
        if not waiting:
            time.sleep(seconds)
            return []
        with self._cluster.calling():
            ready, _ = self._ray.wait(waiting, num_returns=1, timeout=seconds)
            if ready:
                ready, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)
            arrived = set(ready)
            return [(self._answers.pop(answer), self._news(answer)) for answer in waiting if answer in arrived]

    def _news(self, answer: Any) -> WorkerEvent:
        try:
            news: WorkerEvent = self._ray.get(answer)
        except self._ray.exceptions.RayError as error:  # its process or its machine died, or its code failed
            return WorkerDied(why(error))
        return news
