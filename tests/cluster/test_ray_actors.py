"""Actors: where they are, where they are not to be, and why they died."""

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
from f5_pipeline.cluster.ray_errors import why
from f5_pipeline.cluster.worker import Assignment, Ready, WorkerError
from f5_pipeline.errors import RayUnreachable
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.storage.local import LocalStore
from tests.cluster.batch import Batch
from tests.cluster.conftest import AddNode
from tests.cluster.driver import wait_for
from tests.cluster.engines import Watched

LOG = logging.getLogger("tests.cluster")
NOWHERE: frozenset[str] = frozenset()


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    store = LocalStore(tmp_path / "store")
    store.write("claim", b"")
    return Assignment("claim", store.url, {}, Judge(), None, Watched(tmp_path / "watched").load)


def first_news(crew: RayWorkerPool) -> tuple[int, WorkerEvent]:
    news: list[tuple[int, WorkerEvent]] = []
    wait_for(lambda: news.extend(crew.wait(1.0)) or news)
    (one,) = news
    return one


def test_workers_are_kept_off_machines_that_are_of_no_use(
    cluster: Any, add_node: AddNode, assignment: Assignment
) -> None:
    bad = add_node(2, F5_ATTENTION="flash_attn")
    with connected("the one of this test", LOG) as there:
        crew = RayWorkerPool(there, assignment, {"CPU": 1.0, "GPU": 0.0}, LOG)
        crew.start(0, NOWHERE)
        worker, news = first_news(crew)
        assert isinstance(news, WorkerError)
        assert (worker, news.transient, news.place) == (0, False, bad.node_id)
        crew.start(1, frozenset({bad.node_id}))
        assert crew.wait(1.0) == []  # though there is room on it
        good = add_node(1)
        worker, news = first_news(crew)
        assert isinstance(news, Ready)
        assert worker == 1
        crew.start(2, frozenset({bad.node_id, good.node_id}))
        crew.start(3, NOWHERE)
        worker, news = first_news(crew)
        assert isinstance(news, WorkerError)
        assert (worker, news.place) == (3, bad.node_id)
        crew.end()
        wait_for(lambda: {actor["State"] for actor in actors().values()} == {"DEAD"})


def test_a_cluster_in_which_nobody_has_room_is_said(cluster: Any, batch: Batch) -> None:
    """As dagster-ray's is, if nothing is up yet and nobody says how many there may be."""
    batch.write(["one river."])
    with pytest.raises(RayUnreachable, match=r"together they have nothing. A cluster that grows .* F5_RAY_WORKERS"):
        batch.speak_on_ray(Watched(batch.cache / "watched").load)


class Actor:
    """Ends as it is told."""

    def __init__(self, how: str = "") -> None:
        if how == "raise":
            raise OSError("no \x1b[31mdisk\x1b[0m\nand no hope")

    def end(self, how: str) -> None:
        if how == "exit":
            sys.exit(7)
        if how == "raise":
            raise KeyError("some\nthing")
        os.kill(os.getpid(), int(how))


@pytest.mark.parametrize(
    ("how_it_begins", "how_it_ends", "reason"),
    [
        ("raise", "", "OSError: no disk and no hope"),
        ("", "raise", "KeyError: 'some\\nthing'"),
        ("", "exit", "exit code 7"),
        ("", "9", "killed by the OOM killer"),
        ("", "15", "receives a SIGTERM"),
    ],
)
def test_why_an_actor_died(cluster: Any, how_it_begins: str, how_it_ends: str, reason: str) -> None:
    actor = ray.remote(Actor).options(num_cpus=0).remote(how_it_begins)
    assert reason in told_of(actor.end.remote(how_it_ends))


def test_an_actor_whose_code_a_machine_does_not_have(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here.py").write_text("class Actor:\n    def end(self): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    actor = ray.remote(importlib.import_module("only_here").Actor).options(num_cpus=0).remote()
    assert told_of(actor.end.remote()) == "ModuleNotFoundError: No module named 'only_here'"


def told_of(answer: Any) -> str:
    with pytest.raises(ray.exceptions.RayError) as caught:
        ray.get(answer)
    told = why(caught.value)
    assert len(told) <= 300
    assert not {"\n", "\t", "\x1b"} & set(told)
    assert "unexpectedly before finishing" not in told
    return told


def test_other_versions_are_told_in_a_sentence() -> None:
    """As Ray finds it, and wraps it where it connects to a head."""
    with pytest.raises(RuntimeError) as caught:
        check_version_info({"ray_version": "2.9.0", "python_version": "3.10.1"}, "node 10.0.0.1")
    wrapped = ConnectionError("Failed to connect to Ray cluster at 10.0.0.1:6379")
    wrapped.__cause__ = caught.value
    ours = f"Ray {ray.__version__} and Python {platform.python_version()}"
    assert why(wrapped) == f"it has Ray 2.9.0 and Python 3.10.1, and this machine has {ours}"
