"""The stores that the contract is held against."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore


@pytest.fixture(params=["local"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """An empty store of each kind."""
    return LocalStore(tmp_path / "store")
