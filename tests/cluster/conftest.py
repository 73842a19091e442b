"""A Ray cluster on this machine, one for a test module: a head that speaks nothing, and the nodes that a test adds."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.cluster.batch import Batch
from tests.results.conftest import (  # noqa: F401 - the servers, and no sleeping between attempts
    _botocore_reads_its_files_once,
    aws_environment,
    rclone_server,
    waits,
)

AddNode = Callable[..., Any]


@pytest.fixture(scope="module")
def cluster(cache: Path) -> Iterator[Any]:
    """Connected to, as ``F5_RAY_ADDRESS`` would."""
    import ray
    from ray.cluster_utils import Cluster

    prove_environment(Settings(cache=cache))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")
        patch.setenv("RAY_health_check_period_ms", "500")  # a node that is gone is missed soon
        patch.setenv("RAY_health_check_failure_threshold", "3")
        small = {"include_dashboard": False, "object_store_memory": 80_000_000}
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        yield cluster
        ray.shutdown()
        cluster.shutdown()


@pytest.fixture
def add_node(cluster: Any, cache: Path) -> Iterator[AddNode]:
    """Adds a machine with so many cores; keywords are variables of its environment."""
    nodes = []

    def add(cpus: int = 1, **environment: str) -> Any:
        env = {"F5_CACHE": str(cache), "F5_DEVICE": "cpu", "F5_RECOGNISER": "none", **environment}
        nodes.append(cluster.add_node(num_cpus=cpus, object_store_memory=80_000_000, env_vars=env))
        return nodes[-1]

    yield add
    for node in nodes:
        if node in cluster.worker_nodes:
            cluster.remove_node(node)


@pytest.fixture
def ray_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where clusters have their files that are started by processes of this test."""
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # sockets have short names
    monkeypatch.setenv("RAY_TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def batch(tmp_path: Path, cache: Path) -> Batch:
    return Batch(LocalStore(tmp_path / "store"), cache)


@pytest.fixture
def other_batch(tmp_path: Path, cache: Path) -> Batch:
    """In another store, to compare with."""
    return Batch(LocalStore(tmp_path / "other"), cache)
