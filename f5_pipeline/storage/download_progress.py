"""How far a download is: for an observer, such as a progress bar, and for the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

LOG_INTERVAL = 30.0  # seconds between two lines of the log

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DownloadProgress:
    """The state of one download. ``address`` has no secrets."""

    address: str
    bytes_here: int  # on the disk, those of earlier processes included
    size: int | None  # bytes of the whole file; None if the server does not say


Observer = Callable[[DownloadProgress], None]
_observer: ContextVar[Observer | None] = ContextVar("_observer", default=None)


@contextmanager
def observe_downloads(observer: Observer) -> Iterator[None]:
    """Call ``observer`` after each block of the downloads that this thread makes in the ``with`` block."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


class ProgressReporter:
    """Reports one download to the observer after each block, and to the log every half a minute."""

    def __init__(self, address: str) -> None:
        self._address, self._observer, self._logged = address, _observer.get(), time.monotonic()

    def report(self, bytes_here: int, size: int | None) -> None:
        if self._observer is not None:
            self._observer(DownloadProgress(self._address, bytes_here, size))
        if time.monotonic() - self._logged >= LOG_INTERVAL:
            self._logged = time.monotonic()
            total = "" if size is None else f" of {size / 1e6:,.0f}"
            _log.info("Downloading %s: %s%s MB", self._address, f"{bytes_here / 1e6:,.0f}", total)
