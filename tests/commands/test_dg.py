"""The ``dg`` command in a checkout: it finds the definitions, and runs them with a selection of assets."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from f5_pipeline.demo.install import install
from f5_pipeline.storage.local import LocalStore
from tests.paths import DOCS, ROOT

DG = Path(sys.executable).with_name("dg")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not DG.exists() and "CI" not in os.environ, reason="dg is missing: pip install -e '.[dev]'"),
]
PAGE = (DOCS / "operations.md").read_text()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what ``dg`` reads of a checkout, and a store with the batch ``demo``."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("dagster.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / "f5_pipeline").symlink_to(ROOT / "f5_pipeline")
    install(LocalStore(folder / "store"))
    return folder


def run(checkout: Path, cache: Path, *arguments: str, expect: int = 0) -> tuple[str, str]:
    """Run ``dg``; returns stdout and stderr."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("F5_", "DAGSTER_", "XDG_"))}
    environment = {**kept, "F5_CACHE": str(cache), "PYTHONWARNINGS": "ignore", "PYTHONPATH": str(checkout)}
    environment |= {
        "VIRTUAL_ENV": sys.prefix,
        "HOME": str(checkout / "home"),
        "XDG_STATE_HOME": str(checkout / "state"),
    }
    command = [Path(sys.executable).with_name("dg"), *arguments]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout, done.stderr


def test_the_definitions_load(checkout: Path, cache: Path) -> None:
    assert "`dg check defs`" in PAGE
    assert "All definitions loaded successfully." in run(checkout, cache, "check", "defs")[0]


def test_a_selection_is_listed(checkout: Path, cache: Path) -> None:
    assert "dg list defs --assets 'group:speech'" in PAGE
    listed = json.loads(run(checkout, cache, "list", "defs", "--assets", "group:speech", "--json")[0])
    assert {asset["asset_key"] for asset in listed["assets"]} == {"utterances", "generated_audio"}


def test_a_selection_is_run_for_a_batch(checkout: Path, cache: Path) -> None:
    selection = """--assets 'key:"utterances"' --partition demo"""
    assert f"dg launch {selection}" in PAGE
    run(checkout, cache, "launch", "--assets", 'key:"utterances"', "--partition", "demo")
    assert (checkout / "store" / "batches" / "demo" / "utterances.jsonl").exists()


def test_a_job_without_a_batch_ends_with_a_sentence(checkout: Path, cache: Path) -> None:
    message = run(checkout, cache, "launch", "--job", "speech_batch", expect=2)[1]
    assert "Traceback" not in message
    assert "Name one: --partition BATCH. The store has: demo." in message
