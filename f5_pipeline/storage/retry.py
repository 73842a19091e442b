"""The retry policy of the whole product: which failures are transient, and for how long a call is repeated.

Code that talks to the outside (S3, a model hub, a web server) makes one attempt a callable and hands it to
``with_retries``. The libraries' own retries are switched off, and an error that ``with_retries`` has raised is not
transient to another one around it: the attempts at one request never multiply.
"""

from __future__ import annotations

import http.client
import logging
import math
import random
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from f5_pipeline.errors import F5PipelineError
from f5_pipeline.settings.environment import retry_seconds
from f5_pipeline.storage.answers import THROTTLED_CODES, retry_after, status_of

ATTEMPTS = 3  # at least, however long they take
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 20.0  # seconds; upper bounds of the random wait, the first doubles up to the last
_ANNOUNCED_AFTER, _ANNOUNCED_AGAIN_AFTER = 5.0, 60.0  # seconds of a request; of all requests to the same place
_POLL = 0.2  # seconds; within these a wait ends when it is stopped

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

#: Request timeout, conflict of two writers, too early, too many requests, and errors of the server itself.
_TRANSIENT_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 509, 522, 524, 599})
_TRANSIENT_CODES = THROTTLED_CODES | {"RequestTimeout", "IncompleteBody", "InternalError", "BadDigest"}


@dataclass(frozen=True)
class _Limit:
    """Limits of the retries in a block."""

    seconds: float
    attempts: int  # at least


_limit: ContextVar[_Limit | None] = ContextVar("_limit", default=None)
_stops: ContextVar[tuple[threading.Event, ...]] = ContextVar("_stops", default=())
_announced: dict[str, float] = {}  # the culprit of an error → when the last wait for it was announced
_announcing = threading.Lock()


@dataclass
class Availability:
    """What the requests of a process to one server know of it together."""

    given_up: bool = False  # a request was repeated for its whole time, and the server has answered none since


def is_transient_status(status: int, code: str = "") -> bool:
    """True if a request that failed with this HTTP status, or this error code of S3, may succeed when repeated."""
    return status in _TRANSIENT_STATUS or code in _TRANSIENT_CODES


def is_transient(error: BaseException) -> bool:
    """True if the same call may succeed when repeated: timeouts, resets, truncated bodies, busy servers.

    False if it was already repeated for as long as it may be.
    """
    if isinstance(error, F5PipelineError):
        return error.transient and not error.is_exhausted
    if isinstance(error, urllib.error.HTTPError):
        return is_transient_status(error.code)
    if status := status_of(error):
        return is_transient_status(status)
    if isinstance(error, urllib.error.URLError):
        return not isinstance(error.reason, BaseException) or is_transient(error.reason)
    return isinstance(error, (ConnectionError, TimeoutError, http.client.IncompleteRead))


def with_retries(
    call: Callable[[], _T],
    *,
    progress: Callable[[], int] = lambda: 0,
    availability: Availability | None = None,
) -> _T:
    """The result of ``call``, which is repeated while it fails for transient reasons.

    It is attempted at least three times, and until ``F5_RETRY_SECONDS`` have passed since the first attempt. The waits
    are random below a bound that doubles (exponential backoff with full jitter), so that clients that failed together
    do not return together; they last at least as long as the server asks for (``Retry-After``), if that is within the
    time. A failure whose reason rarely passes (``lasting``) is attempted three times only.

    Args:
        call: one attempt.
        progress: a number that an attempt raises if it has done a part of the work, which is not repeated. Then the
            time begins anew.
        availability: of the server. Once a request to it was given up, later ones are attempted three times, without
            the time, until the server answers one of them: one outage is waited for once.

    Raises:
        Exception: the failure of the last attempt; a permanent failure at once.
        CancelledError: instead of a wait, if the threads that this one belongs to are being stopped.
    """
    attempts = _Attempts(progress, availability or Availability())
    retrying = Retrying(
        stop=attempts.are_used_up,
        wait=attempts.pause,
        retry=retry_if_exception(is_transient),
        before_sleep=attempts.report,
        retry_error_callback=attempts.give_up,
        sleep=lambda seconds: sleep_unless_stopped(seconds, sleep),
    )
    try:
        result = retrying(call)
    except F5PipelineError as error:
        attempts.availability.given_up &= error.transient  # a refusal is an answer too
        raise
    attempts.availability.given_up = False
    return result


@contextmanager
def limited_retries(seconds: float, attempts: int = ATTEMPTS) -> Iterator[None]:
    """Repeat the calls in the block for at most ``seconds``: a user waits, or the caller has a time limit.

    It holds in this thread, and in the ``Threads`` of ``parallel`` that the block starts.
    """
    token = _limit.set(_Limit(seconds, attempts))
    try:
        yield
    finally:
        _limit.reset(token)


@contextmanager
def stopped_by(event: threading.Event) -> Iterator[None]:
    """Once the event is set, end the waits of the block with ``CancelledError``: what fails is not repeated."""
    token = _stops.set((*_stops.get(), event))
    try:
        yield
    finally:
        _stops.reset(token)


@dataclass
class _Attempts:
    """The attempts at one call, as tenacity's hooks."""

    progress: Callable[[], int]
    availability: Availability
    count: int = 0
    began: float = field(default_factory=lambda: clock())
    _waited: float = 0.0  # seconds
    _done: int = 0  # the progress before the last attempt
    _has_progressed: bool = False
    _lasts: bool = False  # the reason of the last failure rarely passes by itself

    def __post_init__(self) -> None:
        self._done = self.progress()
        self._in_vain = self.availability.given_up  # before this request; one that others wait for keeps its time

    def pause(self, state: RetryCallState) -> float:
        """Count a failed attempt; the seconds to the next one."""
        self._begin_anew_after_progress()
        self.count += 1
        self._lasts = getattr(_error(state), "lasting", False) and not self._has_progressed
        backoff = random.uniform(0.0, min(_FIRST_WAIT * 2.0 ** min(self.count - 1, 30), _LONGEST_WAIT))
        asked = retry_after(_error(state))
        left = self._seconds - self._elapsed
        if left > 0:
            return min(asked + backoff, left)  # so that the last attempt is made when the time is over
        return min(asked, _LONGEST_WAIT) + backoff

    def are_used_up(self, state: RetryCallState) -> bool:
        least = limit.attempts if (limit := _limit.get()) else ATTEMPTS
        return self.count >= least and self._elapsed >= self._seconds

    def report(self, state: RetryCallState) -> None:
        """Log a failed attempt, and announce a long wait: once for all requests that wait for the same place."""
        self._waited += state.upcoming_sleep
        error = _error(state)
        _log.debug("Attempt %d failed, trying again in %.1f s: %s", self.count, state.upcoming_sleep, error)
        if self._elapsed >= _ANNOUNCED_AFTER and _may_announce(getattr(error, "culprit", "")):
            if self._elapsed < self._seconds:
                message = "Trying again for up to %.0f s (F5_RETRY_SECONDS): %s"
                _log.warning(message, self._seconds, _without_fix(error))
            else:  # the last attempts of three, each of which takes long
                _log.warning("Trying again: %s", _without_fix(error))

    def give_up(self, state: RetryCallState) -> NoReturn:
        error = _error(state)
        self.availability.given_up |= self._elapsed >= retry_seconds()  # not if the time was limited
        if isinstance(error, F5PipelineError):
            error.note_attempts(self.count, self._elapsed)
        raise error

    def _begin_anew_after_progress(self) -> None:
        if (done := self.progress()) != self._done:
            self._done, self.count, self.began, self._waited = done, 0, clock(), 0.0
            self._has_progressed = True

    @property
    def _elapsed(self) -> float:
        """Seconds since the first attempt. The waits count even if they are not real: tests replace ``sleep``."""
        return max(clock() - self.began, self._waited)

    @property
    def _seconds(self) -> float:
        allowed = 0.0 if self._in_vain or self._lasts else retry_seconds()
        limit = _limit.get()
        return min(allowed, limit.seconds) if limit else allowed


def _error(state: RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome else None
    assert error is not None
    return error


def _may_announce(culprit: str) -> bool:
    with _announcing:
        now = clock()
        if now - _announced.get(culprit, -math.inf) < _ANNOUNCED_AGAIN_AFTER:
            return False
        _announced[culprit] = now
        return True


def _without_fix(error: BaseException) -> str:
    """The message of an error. What a person should do is said when the time is over."""
    return str(error).removesuffix(getattr(error, "fix", "")).rstrip()


def _check_stopped() -> None:
    if any(event.is_set() for event in _stops.get()):
        raise CancelledError


def sleep_unless_stopped(seconds: float, sleep: Callable[[float], None]) -> None:
    """Wait; in a thread that is being stopped (``stopped_by``), not for long.

    Raises:
        CancelledError: it is being stopped.
    """
    if not _stops.get():
        return sleep(seconds)
    _check_stopped()
    while seconds > 0:
        sleep(min(seconds, _POLL))
        _check_stopped()
        seconds -= _POLL


def clock() -> float:
    """The time in seconds, from any origin. Tests replace it."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """The wait between two attempts. Tests replace it."""
    time.sleep(seconds)
