"""Fixtures for all tests, the order of the test files, and the markers ``soak`` and ``fuzz``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import browser, firefox

pytest_plugins = ["tests.cluster.ray_fixtures"]

# Networks that measure every clip would cost each batch of the tests a process; the tests of neural measures use them.
os.environ.setdefault("F5_NEURAL_MEASURES", "none")

#: Test files that take a minute or more, the longest first. Started last, they would keep one core busy while the
#: others are idle.
LONGEST_FIRST = (
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
    "cli/test_secrets.py",
    "storage/test_poor_filesystems.py",
    "delivery/test_page_decisions.py",
    "defs/test_example_project.py",
    "delivery/test_page.py",
    "models/test_weights.py",
    "delivery/test_robust.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the longest files first, and tests marked ``soak`` or ``fuzz``, which take long, only with ``-m MARKER``."""
    rank = {Path(__file__).parent / name: rank for rank, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path, len(LONGEST_FIRST)))
    for marker in ("soak", "fuzz"):
        if marker not in config.getoption("-m"):
            config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker(marker)])
            items[:] = [item for item in items if not item.get_closest_marker(marker)]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache folder for the session, so that the environment is proven and voices are prepared only once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser per module, not per session: while Playwright drives it, the thread has a running event loop, and
    ``asyncio.run``, which Dagster's automation conditions call in later modules, fails."""
    with browser() as chromium:
        yield chromium


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def any_browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser after the other."""
    with browser() if request.param == "chromium" else firefox(tmp_path_factory.mktemp("firefox")) as opened:
        yield opened
