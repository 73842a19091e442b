"""What the delivery tests share: the voices that are shipped in the package, pages in a browser, an S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio.samples import Samples
from tests.browser import Open
from tests.storage.conftest import (  # noqa: F401 - an S3 server, and no sleeping between attempts
    _botocore_reads_its_files_once,
    aws_environment,
    rclone_server,
    waits,
)

RATE = 24_000


@pytest.fixture(scope="session")
def voices() -> dict[str, Samples]:
    """The demo voices, name → samples at 24 kHz."""
    folder = files("f5_pipeline") / "demo" / "voices"
    found = {}
    for path in sorted(folder.iterdir(), key=lambda item: item.name):
        if path.name.endswith(".wav"):
            samples, rate = soundfile.read(str(path), dtype="float32")
            assert rate == RATE
            found[path.name.removesuffix(".wav")] = np.asarray(samples, dtype=np.float32)
    assert len(found) >= 3
    return found


@pytest.fixture(scope="session")
def speech(voices: dict[str, Samples]) -> Samples:
    """One recording of about three seconds."""
    return next(iter(voices.values()))


@pytest.fixture
def opened(chromium: Any) -> Iterator[Open]:
    """Opens a page; afterwards there must have been no error in it."""
    contexts, faults = [], []

    def open_page(url: str | Path, width: int = 1280, height: int = 800, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.requested = []
        page.on("request", lambda request: page.requested.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.faults = faults
        page.goto(url.as_uri() if isinstance(url, Path) else url)
        page.wait_for_selector(".row, #nothing:not([hidden])")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []
