"""The stores that the contract tests run against, and their servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from f5_pipeline.storage import rate, retry
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.s3 import S3Store
from tests.storage import servers
from tests.storage.servers import Server


@pytest.fixture(scope="session")
def rclone_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with servers.rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Server]:
    with servers.moto() as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def _botocore_reads_its_files_once() -> Iterator[None]:
    """Makes a new client cheap, so that every test can have its own."""
    import botocore.loaders
    import botocore.session

    loader = botocore.loaders.create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", lambda *_: loader)
        yield


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replaces the waits between attempts; returns their lengths in seconds."""
    seconds: list[float] = []
    monkeypatch.setattr(retry, "sleep", seconds.append)
    monkeypatch.setattr(rate, "sleep", lambda seconds: None)
    return seconds


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Removes the AWS settings of the machine that runs the tests."""
    import os

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    return monkeypatch


def s3_store(server: Server, monkeypatch: pytest.MonkeyPatch, prefix: str = "/some/prefix") -> S3Store:
    """A store in a fresh bucket of a server."""
    for name, value in servers.environment(server.endpoint).items():
        monkeypatch.setenv(name, value)
    return S3Store(f"s3://{server.bucket()}{prefix}")


@pytest.fixture(params=["local", "rclone", "moto"])
def store(request: pytest.FixtureRequest, tmp_path: Path, aws_environment: pytest.MonkeyPatch) -> ObjectStore:
    """An empty store of each kind."""
    if request.param == "local":
        return LocalStore(tmp_path / "store")
    return s3_store(request.getfixturevalue(f"{request.param}_server"), aws_environment)
