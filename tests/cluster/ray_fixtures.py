"""A Ray cluster on this machine, one for the session: a head without workers, and the nodes that a test adds.

``tests/conftest.py`` registers these fixtures, as tests of several folders share the cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.settings.environment import Settings
from tests.cluster.batch import worker_variables

AddNode = Callable[..., Any]
_OBJECT_STORE = 80_000_000  # bytes


def _start(start: Callable[[], Any], attempts: int = 3) -> Any:
    """Start a node. On a busy machine Ray's processes miss Ray's own time limit now and then."""
    for remaining in reversed(range(attempts)):
        try:
            return start()
        except Exception as error:
            if not remaining or "timed out during startup" not in str(error):
                raise
    raise AssertionError("attempts must be positive")


@pytest.fixture(scope="session")
def ray_head(cache: Path) -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    prove_environment(Settings(cache=cache))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_health_check_period_ms", "500")  # so that the loss of a node is noticed soon
        patch.setenv("RAY_health_check_failure_threshold", "3")
        head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": _OBJECT_STORE}
        cluster = _start(lambda: Cluster(initialize_head=True, head_node_args=head))
    yield cluster
    cluster.shutdown()


@pytest.fixture(scope="module")
def cluster(ray_head: Any) -> Iterator[Any]:
    """The cluster, with this process connected to it as with ``F5_RAY_ADDRESS``."""
    import ray

    ray.init(address=ray_head.address, log_to_driver=False, logging_level="ERROR")
    yield ray_head
    ray.shutdown()


@pytest.fixture
def add_node(cluster: Any, cache: Path) -> Iterator[AddNode]:
    """Adds a machine with ``cpus`` cores; keywords are variables of its environment."""
    nodes = []

    def add(cpus: int = 1, **environment: str) -> Any:
        env = {**worker_variables(cache), "RAY_worker_niceness": "0", **environment}
        arguments = {"num_cpus": cpus, "object_store_memory": _OBJECT_STORE, "env_vars": env}
        nodes.append(_start(lambda: cluster.add_node(**arguments)))
        return nodes[-1]

    yield add
    for node in nodes:
        if node in cluster.worker_nodes:
            cluster.remove_node(node)
