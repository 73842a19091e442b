"""Fixtures for the tests of results: a store in a folder, S3 servers, a waveform."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from f5_pipeline.storage.local import LocalStore
from tests.storage.conftest import (  # noqa: F401 - fixtures; ``waits`` removes the waits between attempts
    _botocore_reads_its_files_once,
    aws_environment,
    moto_server,
    rclone_server,
    waits,
)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


@pytest.fixture
def tone() -> np.ndarray:
    """A quarter of a second of a fading tone, float32 in [-1, 1], shape [6000]; it compresses like speech."""
    time = np.arange(6000) / 24_000
    return (0.4 * np.sin(2 * np.pi * 220 * time) * np.hanning(6000)).astype(np.float32)
