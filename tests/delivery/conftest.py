"""Shared fixtures of the delivery tests: real speech, pages in a browser, an S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.audio.samples import Samples
from tests.audio.conftest import speech, voices  # noqa: F401 - the demo's voices
from tests.browser import Open
from tests.delivery.batch import Batch, CountingStore
from tests.storage.conftest import (  # noqa: F401 - an S3 server, and no delay between attempts
    _botocore_reads_its_files_once,
    aws_environment,
    rclone_server,
    waits,
)


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    """An empty store that counts calls."""
    return CountingStore(tmp_path / "store")


@pytest.fixture
def batch(store: CountingStore, voices: dict[str, Samples]) -> Batch:  # noqa: F811 - a fixture
    """A small batch with clips, not yet delivered."""
    return Batch(store, voices)


@pytest.fixture
def opened(chromium: Any) -> Iterator[Open]:
    """A function that opens a page; the test fails if the page reports an error."""
    with _opener(chromium) as open_page:
        yield open_page


@pytest.fixture
def opened_in_both(any_browser: Any) -> Iterator[Open]:
    """As ``opened``, in Chromium and in Firefox."""
    with _opener(any_browser) as open_page:
        yield open_page


@contextmanager
def _opener(browser: Any) -> Iterator[Open]:
    contexts, errors = [], []

    def open_page(url: str | Path, width: int = 1280, height: int = 800, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.requested = []
        page.on("request", lambda request: page.requested.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.errors = errors
        page.goto(url.as_uri() if isinstance(url, Path) else url)
        page.wait_for_selector(".row, #nothing:not([hidden])")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
