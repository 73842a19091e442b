"""This project's CI workflow: valid for GitHub, and safe."""

from __future__ import annotations

import subprocess

import yaml

from tests.deployment.dockerfile import ROOT, images
from tests.storage.servers import tool

WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"


def run(*command: str) -> None:
    done = subprocess.run([tool(command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_is_valid_and_every_job_has_a_timeout() -> None:
    run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(WORKFLOW))
    run("check-jsonschema", "--builtin-schema", "custom.github-workflows-require-timeout", str(WORKFLOW))


def test_the_workflow_is_safe() -> None:
    """Pinned actions, minimal permissions, no input of pull requests in scripts, no secrets."""
    run("zizmor", "--offline", "--no-progress", str(WORKFLOW))
    assert "secrets." not in WORKFLOW.read_text()


def test_ci_runs_the_script_and_builds_every_image() -> None:
    jobs = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    assert "bash .ci/run" in [step.get("run") for step in jobs["test"]["steps"]]
    built = set(jobs["images"]["strategy"]["matrix"]["target"])
    intermediate = {"base", "code", "torch-cpu", "torch-cuda"}
    assert built == images().keys() - intermediate
