"""A headless Chromium for the tests of the listening page and of the Dagster UI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

Open = Callable[..., Any]  # the fixture ``opened``: (file or URL, width=1280, height=800, **options) → a page

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> str:
    """The browser's path: ``CHROMIUM``, or one on ``PATH``. Without a browser the test is skipped; in CI it fails."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        assert not os.environ.get("CI"), "No Chromium: install it, or name it in the variable CHROMIUM."
        pytest.skip("Chromium is not installed")
    return path


@contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium, driven by Playwright; closed at the end."""
    from playwright.sync_api import sync_playwright

    path = find_chromium()
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()


def until(page: Any, condition: str) -> None:
    """Wait for a JavaScript condition. Playwright's ``wait_for_function`` needs ``eval``, which the page forbids."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{condition} did not become true; the clock shows {page.text_content('#clock')!r}")


def played(page: Any) -> None:
    """Wait until the playback position advances."""
    until(page, "parseFloat(document.getElementById('clock').textContent) > 0.2")
