"""What tests of several folders share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This machine's cache, one for the session, so that the environment is proven and voices are prepared once."""
    return tmp_path_factory.mktemp("cache")
