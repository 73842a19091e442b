"""Headless browsers for the tests of the listening page and of the Dagster UI: Chromium, and Firefox as it is released.

Playwright drives an unpatched Firefox through WebDriver BiDi, the W3C's protocol.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Open = Callable[..., Any]  # the fixture ``opened``: (file or URL, width=1280, height=800, **options) → a page

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FIREFOX = ("firefox-esr", "firefox")
#: Without a sound card, Firefox plays nothing. This device of ALSA discards sound, as fast as it comes.
_NO_SOUND_CARD = "pcm.!default { type null }\nctl.!default { type null }\n"
_FIREFOX_SETTINGS = {"media.cubeb.backend": "alsa", "media.autoplay.default": 0, "media.autoplay.blocking_policy": 0}


def find_chromium() -> str:
    """The browser's path: ``CHROMIUM``, or one on ``PATH``. Without a browser the test is skipped; in CI it fails."""
    return _find("Chromium", _CHROMIUM)


def find_firefox() -> str:
    """As ``find_chromium``, with the variable ``FIREFOX``."""
    return _find("Firefox", _FIREFOX)


def _find(browser: str, names: Sequence[str]) -> str:
    path = os.environ.get(browser.upper()) or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        assert not os.environ.get("CI"), f"No {browser}: install it, or name it in the variable {browser.upper()}."
        pytest.skip(f"{browser} is not installed")
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


@contextmanager
def firefox(folder: Path, settings: Mapping[str, str | int | bool] | None = None) -> Iterator[Any]:
    """A headless Firefox. ``folder`` is for its sound settings."""
    from playwright.sync_api import sync_playwright

    path = find_firefox()
    (folder / "asound.conf").write_text(_NO_SOUND_CARD)
    with sync_playwright() as driver:
        opened = driver.firefox.launch(
            channel="moz-firefox",
            executable_path=path,
            firefox_user_prefs={**_FIREFOX_SETTINGS, **(settings or {})},
            env={**os.environ, "ALSA_CONFIG_PATH": str(folder / "asound.conf")},
        )
        try:
            yield opened
        finally:
            opened.close()


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
