"""The fixture ``cli``: the command line in an empty working folder, and ``engine``: an engine without a model."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine
from tests.material import put_voices
from tests.synthesis.fake_engine import FakeEngine


@pytest.fixture(scope="session")
def new_instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Dagster home that was never used. Creating its databases takes longer than most tests, so tests copy it."""
    from f5_pipeline.defs.instance.instance import open_instance

    home = tmp_path_factory.mktemp("dagster")
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        open_instance().dispose()
    return home


@pytest.fixture
def cli(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    cache: Path,
    new_instance: Path,
) -> CommandLine:
    """The command line in a working folder with an instance of its own and a store with the voices f2 and m1."""
    shutil.copytree(new_instance, tmp_path / "dagster")
    for name in [name for name in os.environ if name.startswith(("F5_", "DAGSTER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setenv("F5_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)
    cli = CommandLine(tmp_path, capsys)
    put_voices(cli.store, "f2", "m1")
    return cli


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Replaces the real engine, which ``tests/commands`` uses."""
    engine = FakeEngine()
    monkeypatch.setattr("f5_pipeline.defs.resources.load_f5_engine", lambda model: engine.load(model))
    return engine
