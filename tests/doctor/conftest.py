"""An S3 server, an environment without the machine's own settings, fake packages, and a read-only folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from f5_pipeline.storage import retry
from tests.storage import servers
from tests.storage.conftest import _botocore_reads_its_files_once  # noqa: F401 - a fixture
from tests.storage.servers import Server


@pytest.fixture(scope="module")
def rclone_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with servers.rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Removes the machine's own settings, and the delay between retries."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "F5_", "HF_", "DAGSTER_", "CUDA_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr(retry, "sleep", lambda seconds: None)
    return monkeypatch


@pytest.fixture
def install_fake(tmp_path: Path, environment: pytest.MonkeyPatch) -> Callable[..., None]:
    """Shadow packages (name=source) in every interpreter that is started from now on."""
    folder = tmp_path / "fake"
    environment.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)

    def install(**sources: str) -> None:
        for name, source in sources.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / name / "__init__.py").write_text(source)

    return install


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """A folder that every user can reach, unlike those of pytest, and only root can write."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        yield Path(name)
        Path(name).chmod(0o755)
