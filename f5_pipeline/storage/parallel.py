"""A call for many objects, several at once in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

PARALLEL = 16  # requests at once: enough to hide a network's latency, few enough for any server

_T = TypeVar("_T")
_R = TypeVar("_R")


def in_parallel(call: Callable[[_T], _R], items: Iterable[_T], parallel: int = PARALLEL) -> list[_R]:
    """Call ``call`` on every item in ``parallel`` threads; returns the results in the order of the items.

    Raises:
        Exception: the first failure, in the order of the items. Calls that have not started are cancelled; those that
            have started finish first.
    """
    with ThreadPoolExecutor(parallel) as pool:
        futures = [pool.submit(call, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
