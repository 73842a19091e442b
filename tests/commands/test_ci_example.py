"""The example of ``docs/ci.md``: its workflow's commands run, in order, in a copy of the example repository.

Steps that use an action are not run: the fixture makes the checkouts, and nothing is cached or uploaded.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import soundfile
import yaml

from tests.paths import DOCS, ROOT

EXAMPLE = ROOT / "examples" / "ci"
WORKFLOW = Path(".github/workflows/speech.yml")
SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]  # GitHub's command line for "shell: bash"
SETUP_FILES = ("Makefile", "pyproject.toml", "requirements/all.lock", "tools/install.py", "tools/locked.py")


@dataclass
class Runner:
    """Runs the steps of a job as GitHub's runners do."""

    folder: Path  # the repository's checkout
    output: dict[str, str] = field(default_factory=dict)  # by the step's name
    failed: list[str] = field(default_factory=list)

    def run(self, first: str = "") -> None:
        """Run all steps, or those from ``first`` on; after a failure, only steps with a condition."""
        steps = [step for step in self.job["steps"] if "run" in step]
        names = [step["name"] for step in steps]
        for step in steps[names.index(first) if first else 0 :]:
            if not self.failed or "if" in step:
                self._step(step["name"], step["run"])

    @property
    def job(self) -> dict[str, Any]:
        jobs: dict[str, Any] = yaml.safe_load((self.folder / WORKFLOW).read_text())["jobs"]
        return jobs["speak"]

    def _step(self, name: str, script: str) -> None:
        done = subprocess.run(
            [*SHELL, script],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.output[name] = done.stdout
        if done.returncode:
            self.failed.append(name)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "F5_CACHE", "TMPDIR") if name in os.environ}
        added = self._file("path").read_text().split() if self._file("path").exists() else []
        path = os.pathsep.join([*reversed(added), "/usr/local/bin", "/usr/bin", "/bin"])
        files = {"GITHUB_PATH": self._file("path"), "GITHUB_STEP_SUMMARY": self._file("summary")}
        state = {"XDG_STATE_HOME": str(self.folder.parent / "state")}
        return {**kept, **state, **self.job["env"], "PATH": path, **{name: str(file) for name, file in files.items()}}

    def _file(self, name: str) -> Path:
        return self.folder.parent / f"github-{name}"

    @property
    def summary(self) -> str:
        return self._file("summary").read_text()


@pytest.fixture
def runner(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """A copy of the example, with a checkout of this repository that ``make install`` has nothing to do for."""
    monkeypatch.setenv("F5_CACHE", str(cache))
    shutil.copytree(EXAMPLE, tmp_path / "repository")
    checkout = tmp_path / "repository" / ".f5-pipeline"
    for name in SETUP_FILES:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
        os.utime(checkout / name, (0, 0))
    (checkout / ".venv").mkdir()
    for part in Path(sys.prefix).iterdir():
        if part.name != ".ready":
            (checkout / ".venv" / part.name).symlink_to(part)
    (checkout / ".venv" / ".ready").touch()
    return Runner(tmp_path / "repository")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_workflow_speaks_the_manifests_and_fails_on_a_bad_one(runner: Runner) -> None:
    runner.run()
    assert runner.failed == [], runner.output
    audio = runner.folder / "out" / "announcements" / "audio"
    assert {path.name for path in audio.iterdir()} == {"welcome.mp3", "doors.mp3", "arrival.mp3"}
    assert all(soundfile.info(path).duration > 0.5 for path in audio.iterdir())
    assert (runner.folder / "out" / "announcements" / "report.html").is_file()
    assert "3 utterances (3 ok)" in runner.summary

    manifest = runner.folder / "manifests" / "announcements.csv"
    manifest.write_text(manifest.read_text() + "late,nobody,We are late.\n")
    (runner.folder / "manifests" / "columns.csv").write_text("id,words\n1,Hello.\n")
    runner.output.clear()
    runner.run(first="Speak every manifest")
    assert runner.failed == ["Speak every manifest"]
    output = runner.output["Speak every manifest"]
    assert "::error::These batches failed: announcements columns" in output
    assert "on_bad_rows" in output
    assert "'text'" in output
    assert "Collect the audio" in runner.output  # runs after a failure, too


@pytest.mark.slow
def test_a_failed_blocking_check_fails_dagster_job_execute(tmp_path: Path) -> None:
    """Dagster's behaviour, on which the workflow relies."""
    (tmp_path / "blocked.py").write_text(
        "import dagster as dg\n"
        "@dg.asset(check_specs=[dg.AssetCheckSpec('right', asset='sound', blocking=True)])\n"
        "def sound():\n"
        "    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=False, check_name='right')])\n"
        "@dg.asset(deps=[sound])\n"
        "def files():\n"
        "    print('delivered')\n"
        "defs = dg.Definitions([sound, files], jobs=[dg.define_asset_job('all')], executor=dg.in_process_executor)\n"
    )
    command = [f"{sys.prefix}/bin/dagster", "job", "execute", "-f", "blocked.py", "-j", "all"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "delivered" not in done.stdout


# --- the files ------------------------------------------------------------------------------------------------


def test_the_page_shows_the_files_of_the_example() -> None:
    text = (DOCS / "ci.md").read_text()
    shown = dict(re.findall(r"`([^`\n]+)`:\n\n```\w+\n(.*?)^```", text, re.S | re.M))
    files = {str(path.relative_to(EXAMPLE)) for path in EXAMPLE.rglob("*") if path.is_file()}
    assert set(shown) == files
    for name, block in shown.items():
        assert block == (EXAMPLE / name).read_text(), name


def test_the_workflow_matches_githubs_schema() -> None:
    checker = Path(sys.prefix, "bin", "check-jsonschema")
    assert checker.exists(), "check-jsonschema is missing: pip install -e '.[dev]'"
    command = [str(checker), "--builtin-schema", "vendor.github-workflows", str(EXAMPLE / WORKFLOW)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_scripts_contain_no_expressions() -> None:
    """An expression in a script would let the title of a pull request become a command."""
    job = yaml.safe_load((EXAMPLE / WORKFLOW).read_text())["jobs"]["speak"]
    assert not [step["name"] for step in job["steps"] if "${{" in step.get("run", "")]
