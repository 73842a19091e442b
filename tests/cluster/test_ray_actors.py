"""Actors: on which machines they run, and why they died."""

from __future__ import annotations

import importlib
import logging
import os
import platform
import sys
from pathlib import Path
from typing import Any

import pytest
import ray
from ray._private.state import actors
from ray._private.utils import check_version_info

from f5_pipeline.cluster.driver import WorkerEvent
from f5_pipeline.cluster.ray_actors import RayWorkerPool
from f5_pipeline.cluster.ray_cluster import connected
from f5_pipeline.cluster.ray_errors import reason_of
from f5_pipeline.cluster.worker import Assignment, WorkerError, WorkerReady
from f5_pipeline.errors import RayUnreachable
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.storage.local import LocalStore
from tests.cluster.batch import Batch, wait_for
from tests.cluster.engines import Watched
from tests.cluster.ray_fixtures import AddNode

LOG = logging.getLogger("tests.cluster")
ANYWHERE: frozenset[str] = frozenset()

pytestmark = pytest.mark.slow


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    store = LocalStore(tmp_path / "store")
    store.write("lease", b"")
    return Assignment("b", "lease", store.url, {}, Judge(), None, Watched(tmp_path / "watched").load)


def next_event(pool: RayWorkerPool) -> tuple[int, WorkerEvent]:
    events: list[tuple[int, WorkerEvent]] = []
    wait_for(lambda: events.extend(pool.wait(1.0)) or events)
    (event,) = events
    return event


def test_workers_avoid_unusable_machines(cluster: Any, add_node: AddNode, assignment: Assignment) -> None:
    bad = add_node(2, F5_ATTENTION="flash_attn")
    with connected("", LOG) as connection:
        pool = RayWorkerPool(connection, assignment, {"CPU": 1.0, "GPU": 0.0}, LOG)
        pool.start(0, ANYWHERE)
        worker, event = next_event(pool)
        assert isinstance(event, WorkerError)
        assert (worker, event.transient, event.place) == (0, False, bad.node_id)
        pool.start(1, frozenset({bad.node_id}))
        assert pool.wait(1.0) == []  # though there is room on it
        good = add_node(1)
        worker, event = next_event(pool)
        assert isinstance(event, WorkerReady)
        assert worker == 1
        pool.start(2, frozenset({bad.node_id, good.node_id}))
        pool.start(3, ANYWHERE)
        worker, event = next_event(pool)
        assert isinstance(event, WorkerError)
        assert (worker, event.place) == (3, bad.node_id)
        pool.end()
        wait_for(lambda: {actor["State"] for actor in actors().values()} == {"DEAD"})


def test_a_cluster_without_room_for_a_worker_is_an_error(cluster: Any, batch: Batch) -> None:
    """For example one of dagster-ray that has no machine yet, without F5_RAY_WORKERS."""
    batch.write(["one river."])
    with pytest.raises(RayUnreachable, match=r"they have nothing.* F5_RAY_WORKERS"):
        batch.speak_on_ray(Watched(batch.cache / "watched").load)


class Actor:
    """Ends in the way that a test asks for."""

    def __init__(self, fault: str = "") -> None:
        if fault == "raise":
            raise OSError("no \x1b[31mdisk\x1b[0m\nand no hope")

    def end(self, fault: str) -> None:
        if fault == "exit":
            sys.exit(7)
        if fault == "raise":
            raise KeyError("some\nthing")
        os.kill(os.getpid(), int(fault))


@pytest.mark.parametrize(
    ("start_fault", "fault", "reason"),
    [
        ("raise", "", "OSError: no disk and no hope"),
        ("", "raise", "KeyError: 'some\\nthing'"),
        ("", "exit", "exit code 7"),
        ("", "9", "killed by the OOM killer"),
        ("", "15", "receives a SIGTERM"),
    ],
)
def test_the_reason_of_a_death(cluster: Any, start_fault: str, fault: str, reason: str) -> None:
    actor = ray.remote(Actor).options(num_cpus=0).remote(start_fault)
    assert reason in reason_from(actor.end.remote(fault))


def test_the_reason_if_a_machine_lacks_the_code_of_an_actor(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_driver.py").write_text("class Actor:\n    def end(self): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    actor = ray.remote(importlib.import_module("only_driver").Actor).options(num_cpus=0).remote()
    assert reason_from(actor.end.remote()) == "ModuleNotFoundError: No module named 'only_driver'"


def reason_from(reference: Any) -> str:
    with pytest.raises(ray.exceptions.RayError) as caught:
        ray.get(reference)
    reason = reason_of(caught.value)
    assert len(reason) <= 300
    assert not {"\n", "\t", "\x1b"} & set(reason)
    assert "unexpectedly before finishing" not in reason
    return reason


def test_the_reason_if_versions_differ() -> None:
    """Ray wraps this error when it connects to a head."""
    with pytest.raises(RuntimeError) as caught:
        check_version_info({"ray_version": "2.9.0", "python_version": "3.10.1"}, "node 10.0.0.1")
    wrapped = ConnectionError("Failed to connect to Ray cluster at 10.0.0.1:6379")
    wrapped.__cause__ = caught.value
    ours = f"Ray {ray.__version__} and Python {platform.python_version()}"
    assert reason_of(wrapped) == f"it has Ray 2.9.0 and Python 3.10.1, and this machine has {ours}"
