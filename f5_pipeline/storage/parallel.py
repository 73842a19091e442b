"""The same thing for many objects, several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

PARALLEL = 16  # requests at once: hides a network's delay, and is not yet a crowd to a server

_T = TypeVar("_T")
_R = TypeVar("_R")


def in_parallel(call: Callable[[_T], _R], items: Iterable[_T], parallel: int = PARALLEL) -> list[_R]:
    """``call`` on every item, in threads; the results in the order of the items.

    The first failure is raised, and cancels what was not begun; what was begun ends first.
    """
    with ThreadPoolExecutor(parallel) as pool:
        futures = [pool.submit(call, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
