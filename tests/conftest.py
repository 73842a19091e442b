"""What tests of several folders share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import browser


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is marked ``soak`` runs for hours, and so only when it is asked for: ``pytest -m soak``."""
    if "soak" not in config.getoption("-m"):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("soak")])
        items[:] = [item for item in items if not item.get_closest_marker("soak")]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This machine's cache, one for the session, so that the environment is proven and voices are prepared once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for a module and no longer: while playwright drives it, the thread has a running event loop, in which
    nothing that calls ``asyncio.run`` works, as Dagster's conditions do in the modules after."""
    with browser() as running:
        yield running
