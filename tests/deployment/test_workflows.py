"""This project's workflows: valid for GitHub, and safe."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deployment.dockerfile import ROOT, images
from tests.storage.servers import tool

WORKFLOWS = ROOT / ".github" / "workflows"
EVERY = pytest.mark.parametrize("workflow", sorted(WORKFLOWS.iterdir()), ids=lambda path: path.stem)


def run(*command: str) -> None:
    done = subprocess.run([tool(command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def jobs(name: str) -> dict:
    return yaml.safe_load((WORKFLOWS / name).read_text())["jobs"]


@EVERY
def test_a_workflow_is_valid_and_every_job_has_a_timeout(workflow: Path) -> None:
    run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(workflow))
    run("check-jsonschema", "--builtin-schema", "custom.github-workflows-require-timeout", str(workflow))


@EVERY
def test_a_workflow_is_safe(workflow: Path) -> None:
    """Pinned actions, minimal permissions, no input of pull requests in scripts, no secrets."""
    run("zizmor", "--offline", "--no-progress", str(workflow))
    assert "secrets." not in workflow.read_text()


def test_ci_runs_the_script_and_builds_every_image() -> None:
    assert "bash .ci/run" in [step.get("run") for step in jobs("ci.yml")["test"]["steps"]]
    built = set(jobs("ci.yml")["images"]["strategy"]["matrix"]["target"])
    intermediate = {"base", "code", "torch-cpu", "torch-cuda"}
    assert built == images().keys() - intermediate


def test_a_release_describes_every_image_that_ci_builds() -> None:
    release = jobs("release.yml")["images"]
    assert release["strategy"] == jobs("ci.yml")["images"]["strategy"]
    assert "--sbom=true --provenance=mode=max --push" in release["steps"][-1]["run"]


def test_a_release_attests_the_distributions_before_it_publishes_them() -> None:
    release = jobs("release.yml")
    actions = [step.get("uses", step.get("run", "")).partition("@")[0] for step in release["distributions"]["steps"]]
    assert actions[-2:] == ["actions/attest-build-provenance", "actions/upload-artifact"]
    for name in ("github", "pypi"):
        assert release[name]["needs"] == "distributions"
    assert "--trusted-publishing always" in release["pypi"]["steps"][-1]["run"]


def test_every_lock_is_audited_on_a_schedule() -> None:
    text = (WORKFLOWS / "audit.yml").read_text()
    audited = set(jobs("audit.yml")["audit"]["strategy"]["matrix"]["lock"])
    # The advisories of torch 2.13.0 are those of its CPU builds, too.
    assert audited | {"torch-cpu"} == {path.stem for path in (ROOT / "requirements").glob("*.lock")}
    assert "cron:" in text
    assert "pip-audit --strict --require-hashes" in text
