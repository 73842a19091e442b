"""``examples/announcements``: a project of its own, with the commands that ``docs/library.md`` shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from f5_pipeline.manifests.tables import settings_file
from f5_pipeline.results.index import read_index
from f5_pipeline.storage.local import LocalStore
from tests.paths import DOCS, ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXAMPLE = ROOT / "examples" / "announcements"
SCRIPTS = Path(sys.executable).parent


@pytest.fixture
def folder(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, and the environment of its commands. Entry points are those of this checkout."""
    for name in [name for name in os.environ if name.startswith("F5_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "announcements"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("store", ".dagster", "__pycache__"))
    (folder / ".dagster").mkdir()
    (folder / ".dagster" / "dagster.yaml").touch()
    monkeypatch.setenv("F5_CACHE", str(cache))
    monkeypatch.setenv("DAGSTER_HOME", str(folder / ".dagster"))
    monkeypatch.setenv("PYTHONPATH", f"{_metadata(tmp_path)}{os.pathsep}{ROOT}")
    return folder


def _metadata(folder: Path) -> Path:
    """The metadata of this checkout as an installed package: the environment may have that of an older one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = folder / "metadata" / "f5_pipeline-0.1.0.dist-info"
    found.mkdir(parents=True)
    (found / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    lines = [
        line for group, names in groups.items() for line in (f"[{group}]", *(f"{n} = {v}" for n, v in names.items()))
    ]
    (found / "entry_points.txt").write_text("\n".join(lines))
    return found.parent


def command(folder: Path, *arguments: str) -> str:
    """What a command of the project prints."""
    done = subprocess.run(
        [str(SCRIPTS / arguments[0]), *arguments[1:]], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_documentation_shows_these_commands() -> None:
    page = (DOCS / "library.md").read_text()
    for line in ("dg check defs", f"dg {' '.join(LINES)}", f"dg {' '.join(SPEECH)}"):
        assert line in page


LINES = ("launch", "--assets", "lines,voices,speech/manifests")
SPEECH = ("launch", "--job", "speech__speech_batch", "--partition", "arrivals")


@pytest.mark.slow
def test_the_component_is_listed_and_the_project_is_checked(folder: Path) -> None:
    assert "f5_pipeline.SpeechPipeline" in command(folder, "dg", "list", "components", "--json")
    command(folder, "dg", "check", "defs")
    assert '"speech/manifests"' in command(folder, "dg", "list", "defs", "--json")


@pytest.mark.slow
def test_a_wrong_attribute_is_named(folder: Path) -> None:
    path = folder / "announcements" / "defs" / "speech" / "defs.yaml"
    path.write_text(path.read_text().replace("device: cpu", "devise: cpu"))
    done = subprocess.run(
        [str(SCRIPTS / "dg"), "check", "yaml"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "'devise' was unexpected" in done.stdout + done.stderr


@pytest.mark.slow
def test_the_lines_of_the_table_are_spoken(folder: Path) -> None:
    command(folder, "dg", *LINES)
    store = LocalStore(folder / "store")
    assert {info.key for info in store.list("manifests/")} == {
        f"manifests/{batch}.{suffix}" for batch in ("arrivals", "departures") for suffix in ("jsonl", "toml")
    }
    assert store.read("manifests/arrivals.toml") == settings_file({"format": "flac"})
    command(folder, "dg", *SPEECH)
    rows = read_index(store, "arrivals") or []
    assert [row.id for row in rows] == ["platform-2", "platform-5"]
    for row in rows:
        assert row.key, row.reason
        assert soundfile.info(store.location(f"batches/arrivals/audio/{row.id}.flac")).duration > 1
    assert read_index(store, "departures") is None  # a batch is spoken when its partition is
