"""Batches on a Ray cluster: its size, from what the cluster has and what the settings say.

The cluster itself is in ``cluster``, its actors are in ``actors``; only there is Ray used.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from f5_pipeline.cluster.driver import WorkerPool, speak_with
from f5_pipeline.cluster.ray_actors import RayWorkerPool
from f5_pipeline.cluster.ray_cluster import LOCAL, Amounts, connected
from f5_pipeline.cluster.scheduler import Policy
from f5_pipeline.cluster.worker import Assignment
from f5_pipeline.errors import BadSetting, RayUnreachable
from f5_pipeline.settings.environment import Settings
from f5_pipeline.synthesis.executor import Speak


def speak_on_ray(settings: Settings, log: logging.Logger) -> Speak:
    """How to speak on the cluster that ``F5_RAY_ADDRESS`` names. It is asked for when there is something to say.

    Raises (when it is used):
        RayMissing: the extra ``ray`` is not installed.
        RayUnreachable: the cluster does not answer, or no more, or is too small for one worker.
        WorkersUnusable, WorkersNeverReady, WorkersKeepDying: nobody is left to speak; says why.
    """

    @contextmanager
    def crew(assignment: Assignment) -> Iterator[tuple[WorkerPool, Policy]]:
        with connected(settings.ray_address or LOCAL, log) as cluster:
            policy, needs = size(settings, cluster.machines, cluster.address)
            have = _together(cluster.machines)
            log.info(f"Up to {policy.most} workers with {_listed(needs)} each; the cluster has {have}")
            actors = RayWorkerPool(cluster, assignment, needs, log)
            try:
                yield actors, policy
            finally:
                actors.end()

    return speak_with(crew, log)


def size(settings: Settings, machines: Sequence[Amounts], address: str) -> tuple[Policy, Amounts]:
    """How large the pool may become in a cluster, and what each worker needs of it: CPUs and GPUs.

    Args:
        machines: CPUs and GPUs of each of the cluster's machines.
        address: of the cluster, for people.

    Raises:
        BadSetting: no GPU can be divided like that.
        RayUnreachable: no machine has room for even one, and nothing says that there will be others.
    """
    cpus, gpus = settings.ray_cpus_per_worker, settings.ray_gpus_per_worker
    if gpus is None:
        gpus = 1.0 if settings.device != "cpu" and any(machine["GPU"] for machine in machines) else 0.0
    if gpus > 1 and not float(gpus).is_integer():
        raise BadSetting("Environment", "F5_RAY_GPUS_PER_WORKER", "must be a whole number where it is above 1.")
    needs = {"CPU": cpus, "GPU": gpus}
    most = settings.ray_workers or sum(_room(machine, needs) for machine in machines)
    if not most:
        raise RayUnreachable(address, _too_small(needs, machines, address))
    return Policy(most=most, least=min(most, settings.ray_workers_least)), needs


def _room(machine: Amounts, needs: Amounts) -> int:
    """How many workers a machine has room for."""
    return min(int(machine[name] / need + 1e-9) for name, need in needs.items() if need)


def _too_small(needs: Amounts, machines: Sequence[Amounts], address: str) -> str:
    have = _together(machines)
    room = f"none of its machines has room for a worker, which needs {_listed(needs)}: together they have {have}"
    if address == LOCAL:
        return f"{room}. F5_RAY_CPUS_PER_WORKER and F5_RAY_GPUS_PER_WORKER say what one needs"
    return f"{room}. A cluster that grows when it is asked needs F5_RAY_WORKERS and F5_RAY_GPUS_PER_WORKER"


def _together(machines: Sequence[Amounts]) -> str:
    return _listed({name: sum(machine[name] for machine in machines) for name in ("CPU", "GPU")})


def _listed(amounts: Amounts) -> str:
    return " and ".join(f"{amount:g} {name}" for name, amount in amounts.items() if amount) or "nothing"
