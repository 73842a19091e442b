"""The size of a pool, and clusters that are too small for one worker."""

from __future__ import annotations

from typing import Any

import pytest

from f5_pipeline.cluster.ray_cluster import Amounts
from f5_pipeline.cluster.sizing import size
from f5_pipeline.errors import BadSetting, RayUnreachable
from f5_pipeline.settings.environment import Settings


@pytest.mark.parametrize(
    ("settings", "machines", "workers", "needs"),
    [
        ({}, [(16, 4)], 4, (2, 1)),
        ({}, [(4, 4)], 2, (2, 1)),
        ({}, [(9, 0)], 4, (2, 0)),
        ({}, [(3, 0), (3, 0), (1, 0)], 2, (2, 0)),  # the rest of one machine does not help another
        ({}, [(0, 0), (8, 0), (4, 1)], 1, (2, 1)),
        ({"device": "cpu"}, [(16, 4)], 8, (2, 0)),
        ({"device": "xpu"}, [(16, 4)], 4, (2, 1)),
        ({"device": "mps"}, [(10, 0)], 1, (2, 0)),  # one worker for the GPU that Ray does not count
        ({"device": "npu:0"}, [(10, 0), (10, 0), (1, 0)], 2, (2, 0)),
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
    settings: dict[str, Any], machines: list[tuple[float, float]], workers: int, needs: tuple[float, float]
) -> None:
    policy, found = size(Settings(**settings), amounts(*machines), "host:6379")
    assert (policy.max_workers, found["CPU"], found["GPU"]) == (workers, *needs)


@pytest.mark.parametrize("address", ["local", "host:6379", "ray://host:10001"])
@pytest.mark.parametrize("machines", [[(2.0, 0.0), (1.0, 0.0)], [(0.0, 0.0)], []])
def test_a_cluster_that_is_too_small_is_an_error(address: str, machines: list[tuple[float, float]]) -> None:
    with pytest.raises(RayUnreachable) as caught:
        size(Settings(ray_gpus_per_worker=1), amounts(*machines), address)
    message = str(caught.value)
    for fact in ("2 CPU and 1 GPU", "3 CPU" if len(machines) == 2 else "nothing", repr(address)):
        assert fact in message
    assert "F5_RAY_GPUS_PER_WORKER" in message
    assert ("F5_RAY_WORKERS" in message) == (address != "local")


def test_a_worker_has_a_part_of_a_gpu_or_whole_ones() -> None:
    with pytest.raises(BadSetting, match="F5_RAY_GPUS_PER_WORKER"):
        size(Settings(ray_gpus_per_worker=1.5), amounts((8, 4)), "host:6379")


def amounts(*machines: tuple[float, float]) -> list[Amounts]:
    return [{"CPU": float(cpus), "GPU": float(gpus)} for cpus, gpus in machines]
