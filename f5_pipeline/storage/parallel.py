"""A call for many objects, several at once in threads; and the threads, whose waits end with the need for a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Event
from typing import Any, TypeVar

from f5_pipeline.storage.retry import stopped_by

PARALLEL = 16  # requests at once: enough to hide a network's latency, few enough for any server

_T = TypeVar("_T")
_R = TypeVar("_R")


class Threads(ThreadPoolExecutor):
    """Threads for calls that send requests. As a context, they end soon after its block fails or is interrupted.

    Then requests are no longer repeated: those that wait for their next attempt are given up (``CancelledError``).
    Limits of the retries (``limited_retries``) hold in the threads as where a call is submitted.
    """

    def __init__(self, count: int, name: str = "", *, cancel: bool = True) -> None:
        """``cancel``: calls that have not started are cancelled when the block fails. Otherwise they are made."""
        super().__init__(count, name)
        self._stop, self._cancel = Event(), cancel

    def submit(self, call: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        with stopped_by(self._stop):
            return super().submit(copy_context().run, call, *args, **kwargs)

    def stop(self, *, wait: bool = True) -> None:
        """Repeat no more requests, and wait until all calls have ended."""
        self._stop.set()
        self.shutdown(wait, cancel_futures=self._cancel)

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self.shutdown()
        else:
            self.stop()


def in_parallel(call: Callable[[_T], _R], items: Iterable[_T], parallel: int = PARALLEL) -> list[_R]:
    """Call ``call`` on every item in ``parallel`` threads; returns the results in the order of the items.

    Raises:
        Exception: the first failure, in the order of the items. Calls that have not started are cancelled; those that
            have started finish first, but do not wait to repeat a request.
    """
    with Threads(parallel) as pool:
        return [future.result() for future in [pool.submit(call, item) for item in items]]
