"""The rate of the requests to one server, which is lowered when the server asks for fewer. Shared by all threads.

botocore has an adaptive rate as well. It is part of botocore's retries, which are off here; it does not count a 503 or
a 429 as such a request; and it lowers the rate with every one, so that a server that fails some requests at random,
whatever their rate, gets one request in two seconds in the end.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from functools import lru_cache

from f5_pipeline.storage import retry

LOWEST, HIGHEST = 10.0, 1000.0  # requests per second; above the highest there is no limit
_DECREASE = 0.7  # as botocore's
_DECREASE_INTERVAL = 1.0  # seconds; requests that fail within it were sent together and count once
_DOUBLING = 10.0  # seconds until the rate has doubled again
_BURST = 1.0  # seconds of requests that may be sent at once


class RequestRate:
    """Unlimited until the server asks for fewer requests; then a limit that grows again as time passes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: deque[float] = deque()  # times of the requests within the last second
        self._limit, self._limited_at = HIGHEST, float("-inf")
        self._due = float("-inf")  # when the next request may be sent, if there were no bursts

    @property
    def limit(self) -> float | None:
        """Requests per second; None if they are not limited."""
        grown = self._limit * 2.0 ** min((retry.clock() - self._limited_at) / _DOUBLING, 64.0)
        return grown if grown < HIGHEST else None

    def wait(self) -> None:
        """Wait until a request may be sent. Call it before each request."""
        with self._lock:
            now, limit = retry.clock(), self.limit
            self._sent.append(now)
            while self._sent[0] < now - 1.0:
                self._sent.popleft()
            if limit is None:
                return
            self._due = max(self._due, now) + 1.0 / limit
            ahead = self._due - now - _BURST
        if ahead > 0:
            retry.sleep_unless_stopped(ahead, sleep)

    def slow_down(self) -> None:
        """Lower the rate. Call it after each request whose response asks for fewer (``answers.is_throttled``)."""
        with self._lock:
            now = retry.clock()
            if now - self._limited_at >= _DECREASE_INTERVAL:
                self._limit = max(LOWEST, _DECREASE * (self.limit or len(self._sent)))
                self._limited_at = now


class Server:
    """What the threads of a process share about one server: the rate of their requests, and if it answers."""

    def __init__(self) -> None:
        self.rate, self.availability = RequestRate(), retry.Availability()


def shared_server(address: str) -> Server:
    """The state of the server at an address (endpoint and bucket), the same for all stores of this process there."""
    return _shared_server(address, os.getpid())  # a forked child must not wait for a lock of its parent


@lru_cache(maxsize=64)
def _shared_server(address: str, process: int) -> Server:
    return Server()


def sleep(seconds: float) -> None:
    """The wait for the next request that may be sent. Tests replace it."""
    time.sleep(seconds)
