"""docs/scale.md: its configurations are valid and fit together, and its figures follow from its formula."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import ray
import yaml

from f5_pipeline.settings.environment import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.+?)^```$", PAGE, re.M | re.S)


CLUSTER, RUN, UP = (yaml.safe_load(block) for block in blocks("yaml"))
VERSIONS = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "constraints.txt").read_text(), re.M))


def containers(group: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = group["template"]["spec"]["containers"]
    return found


def test_the_raycluster_is_valid() -> None:
    spec = CLUSTER["spec"]
    assert (CLUSTER["apiVersion"], CLUSTER["kind"]) == ("ray.io/v1", "RayCluster")
    assert str(spec["rayVersion"]) == VERSIONS["ray"]
    (group,) = spec["workerGroupSpecs"]
    assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
    (head,), (worker,) = containers(spec["headGroupSpec"]), containers(group)
    assert head["image"] == worker["image"]
    assert spec["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    assert {"name": "GRPC_ENABLE_FORK_SUPPORT", "value": "0"} in head["env"]
    for container in (head, worker):  # Ray reads limits, Kubernetes requests
        assert container["resources"]["limits"] == container["resources"]["requests"]
    mounted = {mount["name"] for mount in worker["volumeMounts"]}
    assert mounted == {volume["name"] for volume in group["template"]["spec"]["volumes"]}


def test_the_run_requests_what_the_raycluster_has() -> None:
    (group,) = CLUSTER["spec"]["workerGroupSpecs"]
    (worker,) = containers(group)
    name, namespace = CLUSTER["metadata"]["name"], CLUSTER["metadata"]["namespace"]
    ports = {port["containerPort"] for port in containers(CLUSTER["spec"]["headGroupSpec"])[0]["ports"]}
    host, _, port = RUN["F5_RAY_ADDRESS"].removeprefix("ray://").partition(":")
    assert host == f"{name}-head-svc.{namespace}.svc.cluster.local"
    assert int(port) in ports
    settings = Settings.model_validate({key[3:].lower(): value for key, value in RUN.items() if key.startswith("F5_")})
    assert settings.ray_workers == group["maxReplicas"]
    assert settings.ray_gpus_per_worker == worker["resources"]["limits"]["nvidia.com/gpu"]
    assert settings.ray_cpus_per_worker <= worker["resources"]["limits"]["cpu"]


def test_every_variable_is_a_setting() -> None:
    settings = {f"F5_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"\bF5_[A-Z_]+\b", PAGE)) <= settings


def test_ray_up_accepts_its_configuration() -> None:
    schema = json.loads((Path(ray.__file__).parent / "autoscaler" / "ray-schema.json").read_text())
    jsonschema.validate(UP, schema)
    types = UP["available_node_types"]
    assert UP["head_node_type"] in types
    assert all(kind.get("max_workers", 0) <= UP["max_workers"] for kind in types.values())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**UP, "maximum": 1}, schema)  # so the schema does reject something


def test_the_run_requests_what_the_cluster_of_ray_up_can_have() -> None:
    """No GPU machine is up before: a run that does not request GPUs gets none."""
    (command,) = (block for block in blocks("sh") if "localhost" in block)
    variables = dict(word.split("=") for word in command.split() if word.startswith("F5_"))
    settings = Settings.model_validate({key[3:].lower(): value for key, value in variables.items()})
    (kind,) = (kind for name, kind in UP["available_node_types"].items() if name != UP["head_node_type"])
    assert not UP["available_node_types"][UP["head_node_type"]]["resources"].get("GPU")
    assert kind["min_workers"] == 0
    assert settings.ray_workers == kind["max_workers"]
    assert settings.ray_gpus_per_worker == kind["resources"]["GPU"]
    assert settings.ray_cpus_per_worker <= kind["resources"]["CPU"]
    port = str(settings.ray_address).removeprefix("localhost:")
    assert any(f"--head --port={port}" in command for command in UP["head_start_ray_commands"])


def test_a_cluster_for_each_run_needs_the_number_of_workers_and_gpus() -> None:
    section = PAGE.partition("### A cluster for each run")[2].partition("\n## ")[0]
    assert "`F5_RAY_WORKERS`" in section
    assert "`F5_RAY_GPUS_PER_WORKER=1`" in section


def test_the_resource_of_dagster_ray_fits_the_definitions() -> None:
    (code,) = blocks("python")
    found: dict[str, Any] = {}
    exec(code, found)  # the page: in a code location of your own
    assert found["defs"].resolve_job_def("speech_batch")


def test_the_table_of_sizes_follows_the_formula() -> None:
    rows = re.findall(r"^\| (\d+) \| ([\d.]+) h \| ([\d.]+) h \| ([\d.]+) h \|$", PAGE, re.M)
    assert len(rows) == 4
    for speed, *hours in rows:
        for gpus, figure in zip((1, 8, 64), hours, strict=True):
            assert float(figure) == pytest.approx(1400 / (float(speed) * gpus * 0.99) + 0.015, rel=0.03)
