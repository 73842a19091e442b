"""Workers as actors of a Ray cluster, and the cluster itself, if it is started for the batch. Only here is Ray used."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from f5_pipeline.errors import BadSetting, RayMissing, RayUnreachable
from f5_pipeline.scale.pool import Crew, Gone, News, speak_with
from f5_pipeline.scale.scheduler import Policy
from f5_pipeline.scale.worker import Assignment, Portion, Worker
from f5_pipeline.settings import Settings
from f5_pipeline.speech.speaking import Speak

LOCAL = "local"
_OBJECT_STORE = 200_000_000  # bytes, of a cluster that is started here: only lines and rows travel


def speak_on_ray(settings: Settings, log: logging.Logger) -> Speak:
    """How to speak on the cluster that ``F5_RAY_ADDRESS`` names. It is asked for when there is something to say.

    Raises (when it is used):
        RayMissing: the extra ``ray`` is not installed.
        RayUnreachable: the cluster does not answer, or this machine is too small for one worker.
        WorkersUnusable, WorkersKeepDying: nobody is left to speak; says why.
    """

    @contextmanager
    def crew(assignment: Assignment) -> Iterator[tuple[Crew, Policy]]:
        with connected(settings.ray_address or LOCAL) as resources:
            policy, needs = size(settings, resources)
            log.info(f"Up to {policy.most} workers with {_listed(needs)} each; the cluster has {_listed(resources)}")
            actors = RayCrew(assignment, needs)
            try:
                yield actors, policy
            finally:
                actors.end()

    return speak_with(crew, log)


@contextmanager
def connected(address: str) -> Iterator[dict[str, float]]:
    """A cluster to work with; one that was started for it is stopped. What the cluster has of CPUs and GPUs.

    If this process is connected already, by a resource of ``dagster-ray`` for example, that cluster is used, and left
    to whoever connected it.
    """
    try:
        import ray
    except ImportError:
        raise RayMissing() from None
    if ray.is_initialized():
        yield _resources(ray.cluster_resources())
        return
    try:
        with _keeping_signal_handlers():
            _connect(ray, address)
        resources = _resources(ray.cluster_resources())
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        ray.shutdown()
        raise RayUnreachable(address, _first_line(error)) from error
    try:
        yield resources
    finally:
        ray.shutdown()


def _connect(ray: Any, address: str) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address != LOCAL:
        ray.init(address=address, **quiet)
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would report each start to its makers
    os.environ.setdefault("RAY_worker_niceness", "0")  # and give workers what other programs leave over
    ray.init(address=LOCAL, include_dashboard=False, object_store_memory=_OBJECT_STORE, **quiet)


@contextmanager
def _keeping_signal_handlers() -> Iterator[None]:
    """Ray takes SIGTERM for itself, and aborts; but it is what a run is interrupted with, which then ends in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # else it was not installed from Python
                signal.signal(number, handler)


def size(settings: Settings, resources: dict[str, float]) -> tuple[Policy, dict[str, float]]:
    """How large the pool may become in a cluster, and what each worker needs of it: CPUs and GPUs.

    Raises:
        BadSetting: no GPU can be divided like that.
        RayUnreachable: this machine has no room for even one.
    """
    cpus, gpus = settings.ray_cpus_per_worker, settings.ray_gpus_per_worker
    if gpus is None:
        gpus = 1.0 if resources["GPU"] and settings.device != "cpu" else 0.0
    if gpus > 1 and not float(gpus).is_integer():
        raise BadSetting("Environment", "F5_RAY_GPUS_PER_WORKER", "must be a whole number where it is above 1.")
    needs = {"CPU": cpus, "GPU": gpus}
    room = min(int(resources[name] / need + 1e-9) for name, need in needs.items() if need)
    if not room and settings.ray_address == LOCAL:
        raise RayUnreachable(LOCAL, f"a worker needs {_listed(needs)}, and this machine has {_listed(resources)}")
    most = settings.ray_workers or max(1, room)
    return Policy(most=most, least=min(most, settings.ray_workers_least)), needs


class RayCrew:
    """Implements ``Crew`` with one actor for each worker."""

    def __init__(self, assignment: Assignment, needs: dict[str, float]) -> None:
        import ray

        self._ray = ray
        options = {"num_cpus": needs["CPU"], "num_gpus": needs["GPU"], "max_restarts": 0, "max_task_retries": 0}
        self._make = ray.remote(Worker).options(**options)
        self._assignment = ray.put(assignment)
        self._actors: dict[int, Any] = {}
        self._answers: dict[Any, int] = {}  # that are waited for → of whom; in the order in which they were asked for

    def start(self, worker: int) -> None:
        self._actors[worker] = self._make.remote(self._assignment)
        self._answers[self._actors[worker].prepare.remote()] = worker

    def assign(self, worker: int, portion: Portion) -> None:
        self._answers[self._actors[worker].speak.remote(portion)] = worker

    def stop(self, worker: int) -> None:
        actor = self._actors.pop(worker, None)
        if actor is not None:
            self._answers = {answer: whose for answer, whose in self._answers.items() if whose != worker}
            self._ray.kill(actor)

    def end(self) -> None:
        """End all workers."""
        for worker in list(self._actors):
            self.stop(worker)

    def wait(self, seconds: float) -> list[tuple[int, News]]:
        waiting = list(self._answers)
        ready, _ = self._ray.wait(waiting, num_returns=1, timeout=seconds)
        if ready:
            ready, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)
        arrived = set(ready)
        return [(self._answers.pop(answer), self._news(answer)) for answer in waiting if answer in arrived]

    def _news(self, answer: Any) -> News:
        try:
            news: News = self._ray.get(answer)
        except self._ray.exceptions.RayError as error:  # its process or its machine died, or its code failed
            return Gone(_first_line(error))
        return news


def _resources(found: dict[str, float]) -> dict[str, float]:
    return {name: float(found.get(name, 0.0)) for name in ("CPU", "GPU")}


def _listed(amounts: dict[str, float]) -> str:
    return " and ".join(f"{amount:g} {name}" for name, amount in amounts.items() if amount) or "nothing"


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]
