"""The size of a pool of workers, from the settings and the machines of the Ray cluster; the executor on such a pool.

``ray_cluster`` connects to the cluster and ``ray_actors`` runs its workers; Ray is imported only there.
"""

from __future__ import annotations

import logging
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from f5_pipeline.cluster.driver import WorkerPool, speak_with
from f5_pipeline.cluster.policy import Policy
from f5_pipeline.cluster.ray_actors import RayWorkerPool
from f5_pipeline.cluster.ray_cluster import LOCAL, Amounts, connected
from f5_pipeline.cluster.worker import Assignment
from f5_pipeline.errors import BadSetting, RayUnreachable
from f5_pipeline.settings.devices import kind_of
from f5_pipeline.settings.environment import Settings
from f5_pipeline.synthesis.executor import Executor

_COUNTED = ("auto", "cuda", "xpu")  # kinds of device that Ray counts as GPUs


def speak_on_ray(settings: Settings, log: logging.Logger) -> Executor:
    """An executor on the cluster that ``F5_RAY_ADDRESS`` names. It connects only if a job has lines to speak.

    The executor raises:
        RayMissing: the extra ``ray`` is not installed.
        RayUnreachable: the cluster does not answer, is lost, or is too small for one worker.
        WorkersUnusable, WorkersNeverReady, WorkersKeepDying: no worker can speak.
    """

    @contextmanager
    def open_pool(assignment: Assignment) -> Iterator[tuple[WorkerPool, Policy]]:
        with connected(settings.ray_address or LOCAL, log) as cluster:
            policy, needs = size(settings, cluster.machines, cluster.address)
            total = _total(cluster.machines)
            log.info(f"Workers: at most {policy.max_workers}, with {_listed(needs)} each; the cluster has {total}")
            pool = RayWorkerPool(cluster, assignment, needs, log)
            try:
                yield pool, policy
            finally:
                pool.end()

    return speak_with(open_pool, log)


def size(settings: Settings, machines: Sequence[Amounts], address: str) -> tuple[Policy, Amounts]:
    """The policy of a pool on a cluster, and the CPUs and GPUs that each worker needs.

    Args:
        machines: CPUs and GPUs of each machine of the cluster.
        address: of the cluster, for messages.

    Raises:
        BadSetting: a GPU cannot be divided like that.
        RayUnreachable: no machine has room for a worker, and no setting announces others.
    """
    cpus, gpus = settings.ray_cpus_per_worker, settings.ray_gpus_per_worker
    if gpus is None:
        gpus = 1.0 if kind_of(settings.device) in _COUNTED and any(machine["GPU"] for machine in machines) else 0.0
    if gpus > 1 and not float(gpus).is_integer():
        raise BadSetting("Environment", "F5_RAY_GPUS_PER_WORKER", "must be a whole number where it is above 1.")
    needs = {"CPU": cpus, "GPU": gpus}
    # Ray does not count other accelerators: each machine has one, for one worker.
    most = 1 if _has_uncounted(settings.device) else sys.maxsize
    workers = settings.ray_workers or sum(min(_capacity(machine, needs), most) for machine in machines)
    if not workers:
        raise RayUnreachable(address, _too_small(needs, machines, address))
    return Policy(workers, min(workers, settings.ray_workers_least)), needs


def _has_uncounted(device: str) -> bool:
    """True if the workers share an accelerator that is not among Ray's GPUs, such as a Mac's."""
    if device == "auto":
        return sys.platform == "darwin" and platform.machine() == "arm64"
    return kind_of(device) not in (*_COUNTED, "cpu")


def _capacity(machine: Amounts, needs: Amounts) -> int:
    """The number of workers that fit on a machine."""
    return min(int(machine[name] / need + 1e-9) for name, need in needs.items() if need)


def _too_small(needs: Amounts, machines: Sequence[Amounts], address: str) -> str:
    total = _total(machines)
    reason = f"none of its machines has room for a worker, which needs {_listed(needs)}; together they have {total}"
    if address == LOCAL:
        return f"{reason}. F5_RAY_CPUS_PER_WORKER and F5_RAY_GPUS_PER_WORKER set what a worker needs"
    return f"{reason}. A cluster that starts machines on request needs F5_RAY_WORKERS and F5_RAY_GPUS_PER_WORKER"


def _total(machines: Sequence[Amounts]) -> str:
    return _listed({name: sum(machine[name] for machine in machines) for name in ("CPU", "GPU")})


def _listed(amounts: Amounts) -> str:
    return " and ".join(f"{amount:g} {name}" for name, amount in amounts.items() if amount) or "nothing"
