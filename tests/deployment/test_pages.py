"""The pages on deployments: their names and values exist. ``test_topology`` runs their commands."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from dagster._config import process_config, resolve_to_config_type
from dagster_k8s import K8sRunLauncher
from dagster_k8s.container_context import K8sContainerContext
from dagster_k8s.job import DagsterK8sJobConfig, UserDefinedDagsterK8sConfig, construct_dagster_k8s_job

from f5_pipeline.settings.environment import Settings
from tests.deployment.compose import COMPOSE, example_variables
from tests.deployment.dockerfile import ROOT, images

DOCS = ROOT / "docs"
PAGES = ["deployment.md", "runpod.md", "kubernetes.md"]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.M | re.S)


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_exists(page: str) -> None:
    named = set(re.findall(r"\bF5_[A-Z_]*[A-Z]\b", (DOCS / page).read_text()))
    assert named <= {f"F5_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("page", PAGES)
def test_every_file_exists(page: str) -> None:
    text = (DOCS / page).read_text()
    linked = [(DOCS / path).resolve() for path in re.findall(r"\]\(([^)#:]+)\)", text)]
    named = [ROOT / path for path in re.findall(r"\b(?:docker|f5_pipeline)/[\w./-]+\.(?:yaml|py)\b", text)]
    installed = [ROOT / path for path in re.findall(r"site-packages/([\w./]+)", text)]
    assert [path for path in (*linked, *named, *installed) if not path.exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_images_are_built_as_the_dockerfile_can(page: str) -> None:
    """Targets and arguments."""
    text = (DOCS / page).read_text()
    for target in re.findall(r"--target (\S+)", text):
        named = dict(re.findall(r"--build-arg (\w+)=(\S+)", text))
        assert named.keys() <= images()[target].arguments.keys()


def test_the_services_and_variables_of_the_page_on_compose_exist() -> None:
    text = (DOCS / "deployment.md").read_text()
    services = yaml.safe_load(COMPOSE.read_text())["services"].keys()
    named = re.findall(r"docker compose (?:exec(?: -T)?|stop) ((?:[a-z]+ ?)+)", text)
    assert {words.split()[0] for words in named} <= services
    for variable in re.findall(r"`([A-Z][A-Z0-9_]+)(?:=[^`]*)?`", text):
        known = {*example_variables(), *re.findall(r"\$\{(\w+)", COMPOSE.read_text()), "COMPOSE_FILE"}
        assert variable in known | {f"F5_{name.upper()}" for name in Settings.model_fields}


# --- Kubernetes -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    """The values of the chart on the page."""
    [found] = [block for block in blocks("kubernetes.md", "yaml") if "runLauncher:" in block]
    return yaml.safe_load(found)


def snake(value: Any) -> Any:
    """The configuration as the chart passes it to the launcher: its own names in snake case."""
    return {re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower(): each for key, each in value.items()}


def test_the_run_launcher_takes_the_values(values: dict[str, Any]) -> None:
    config = snake(values["runLauncher"]["config"]["k8sRunLauncher"])
    config["run_k8s_config"] = snake(config["run_k8s_config"])
    required = {
        "service_account_name": "dagster",
        "instance_config_map": "dagster-instance",
        "dagster_home": "/opt/dagster",
    }
    result = process_config(resolve_to_config_type(K8sRunLauncher.config_type()), {**config, **required})
    assert result.success, result.errors


def test_each_batch_has_one_run_on_kubernetes_too(values: dict[str, Any]) -> None:
    """As in f5_pipeline/defs/dagster.yaml. The number of runs in progress may differ."""
    local = yaml.safe_load((DOCS.parent / "f5_pipeline" / "defs" / "dagster.yaml").read_text())
    runs = values["concurrency"]["runs"]
    assert runs["tagConcurrencyLimits"] == local["concurrency"]["runs"]["tag_concurrency_limits"]
    assert values["concurrency"]["pools"]["granularity"] == local["concurrency"]["pools"]["granularity"]
    monitoring = snake(values["dagsterDaemon"]["runMonitoring"])
    assert monitoring.items() - {"start_timeout_seconds": 900, "poll_interval_seconds": 60}.items() <= set(
        local["run_monitoring"].items()
    )
    assert snake(values["dagsterDaemon"]["runRetries"]) == local["run_retries"]


def test_daemon_and_code_server_have_the_same_timeouts(values: dict[str, Any]) -> None:
    """The code server stops in time only if it knows how long the daemon waits."""
    compose = yaml.safe_load(COMPOSE.read_text())["services"]
    [location] = values["dagster-user-deployments"]["deployments"]
    for kind in ("SCHEDULE", "SENSOR"):
        name = f"DAGSTER_{kind}_GRPC_TIMEOUT_SECONDS"
        assert compose["daemon"]["environment"][name] == compose["code"]["environment"][name] == 300
        assert values["dagsterDaemon"]["env"][name] == location["env"][name] == "300"


def test_a_run_has_a_gpu_the_cache_and_the_secrets(values: dict[str, Any]) -> None:
    """The job that the launcher creates from the merged settings of the code location and its own."""
    [location] = values["dagster-user-deployments"]["deployments"]
    launcher = values["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]
    context = K8sContainerContext.create_from_config(
        {
            "k8s": {
                "env_secrets": [secret["name"] for secret in location["envSecrets"]],
                "env_vars": [f"{name}={value}" for name, value in location["env"].items()],
                "volumes": location["volumes"],
                "volume_mounts": location["volumeMounts"],
                "run_k8s_config": {"pod_spec_config": {"security_context": location["podSecurityContext"]}},
            }
        }
    )
    settings = UserDefinedDagsterK8sConfig.from_dict(snake(launcher))
    merged = K8sContainerContext(run_k8s_config=settings).merge(context)
    image = f"{location['image']['repository']}/{location['image']['tag']}"
    config = DagsterK8sJobConfig(
        job_image=image, dagster_home=values["dagsterHome"], instance_config_map="dagster-instance"
    )
    job = construct_dagster_k8s_job(config, ["dagster"], "run", user_defined_k8s_config=merged.run_k8s_config).to_dict()
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert [mount["mount_path"] for mount in container["volume_mounts"]] == [location["env"]["F5_CACHE"]]
    assert [volume["name"] for volume in pod["volumes"]] == ["cache"]
    assert {source["secret_ref"]["name"] for source in container["env_from"] if source["secret_ref"]} >= {"f5-pipeline"}
    assert {"name": "F5_STORE", "value": location["env"]["F5_STORE"], "value_from": None} in container["env"]
    assert pod["security_context"]["fs_group"] == int(images()["code-cuda"].user)
