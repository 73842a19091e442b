"""How large a pool becomes, and when a cluster is too small for one worker."""

from __future__ import annotations

from typing import Any

import pytest

from f5_pipeline.cluster.ray_cluster import Amounts
from f5_pipeline.cluster.sizing import size
from f5_pipeline.errors import BadSetting, RayUnreachable
from f5_pipeline.settings.environment import Settings


@pytest.mark.parametrize(
    ("settings", "machines", "most", "needs"),
    [
        ({}, [(16, 4)], 4, (2, 1)),
        ({}, [(4, 4)], 2, (2, 1)),
        ({}, [(9, 0)], 4, (2, 0)),
        ({}, [(3, 0), (3, 0), (1, 0)], 2, (2, 0)),  # what is left of a machine is no help to another
        ({}, [(0, 0), (8, 0), (4, 1)], 1, (2, 1)),
        ({"device": "cpu"}, [(16, 4)], 8, (2, 0)),
        ({"ray_gpus_per_worker": 0.5}, [(64, 4)], 8, (2, 0.5)),
        ({"ray_gpus_per_worker": 2}, [(8, 3), (8, 3)], 2, (2, 2)),
        ({"ray_cpus_per_worker": 1}, [(2, 0)], 2, (1, 0)),
        ({"ray_cpus_per_worker": 0.1}, [(0.3, 0)], 3, (0.1, 0)),
        ({"ray_workers": 64, "ray_gpus_per_worker": 1}, [(2, 0)], 64, (2, 1)),
        ({"ray_workers": 64}, [(0, 0)], 64, (2, 0)),
        ({"ray_workers": 64}, [], 64, (2, 0)),
    ],
)
def test_the_pool_follows_the_settings_and_the_cluster(
    settings: dict[str, Any], machines: list[tuple[float, float]], most: int, needs: tuple[float, float]
) -> None:
    policy, found = size(Settings(**settings), amounts(*machines), "host:6379")
    assert (policy.most, found["CPU"], found["GPU"]) == (most, *needs)


@pytest.mark.parametrize("address", ["local", "host:6379", "ray://host:10001"])
@pytest.mark.parametrize("machines", [[(2.0, 0.0), (1.0, 0.0)], [(0.0, 0.0)], []])
def test_a_cluster_that_is_too_small_is_said(address: str, machines: list[tuple[float, float]]) -> None:
    with pytest.raises(RayUnreachable) as caught:
        size(Settings(ray_gpus_per_worker=1), amounts(*machines), address)
    has = "3 CPU" if len(machines) == 2 else "nothing"
    said = str(caught.value)
    assert f"room for a worker, which needs 2 CPU and 1 GPU: together they have {has}." in said
    assert "F5_RAY_GPUS_PER_WORKER" in said
    assert ("A cluster that grows when it is asked needs F5_RAY_WORKERS" in said) == (address != "local")
    assert repr(address) in said


def test_gpus_are_shared_by_halves_or_taken_whole() -> None:
    with pytest.raises(BadSetting, match="F5_RAY_GPUS_PER_WORKER"):
        size(Settings(ray_gpus_per_worker=1.5), amounts((8, 4)), "host:6379")


def amounts(*machines: tuple[float, float]) -> list[Amounts]:
    return [{"CPU": float(cpus), "GPU": float(gpus)} for cpus, gpus in machines]
