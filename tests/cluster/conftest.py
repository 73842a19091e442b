"""Batches for workers, and the environment of workers. The cluster is in ``ray_fixtures``."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from f5_pipeline.storage.local import LocalStore
from tests.cluster.batch import Batch, worker_variables
from tests.results.conftest import (  # noqa: F401 - fixtures
    _botocore_reads_its_files_once,
    aws_environment,
    rclone_server,
    waits,
)


@pytest.fixture
def ray_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for the files of clusters that processes of this test start."""
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # names of sockets must be short
    monkeypatch.setenv("RAY_TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def worker_environment(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For workers in this process."""
    for name, value in worker_variables(cache).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def batch(tmp_path: Path, cache: Path) -> Batch:
    return Batch(LocalStore(tmp_path / "store"), cache)


@pytest.fixture
def other_batch(tmp_path: Path, cache: Path) -> Batch:
    """A batch in another store, for comparison."""
    return Batch(LocalStore(tmp_path / "other"), cache)
