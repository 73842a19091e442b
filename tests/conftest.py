"""What tests of several folders share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import browser

pytest_plugins = ["tests.cluster.ray_fixtures"]

#: Files that take a minute or more, the longest first: begun last, they would keep one core busy while the others idle.
LONG = (
    "cluster/test_ray.py",
    "environment/test_attention.py",
    "commands/test_readme.py",
    "ui/test_dagster_ui.py",
    "deployment/test_topology.py",
    "commands/test_operations.py",
    "defs/instance/test_daemon.py",
    "commands/test_ci_example.py",
    "training/test_recipe.py",
    "cluster/test_ray_cluster.py",
    "defs/assets/test_ray.py",
    "models/test_weights.py",
    "delivery/test_robust.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long files first; what is marked ``soak`` runs for hours, and so only when asked for: ``pytest -m soak``."""
    place = {Path(__file__).parent / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path, len(LONG)))
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
