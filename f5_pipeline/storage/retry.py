"""What is worth another attempt, how often and how soon: decided here for the whole product, and nowhere else.

Whoever talks to the outside (S3, a model hub, a wheel's address) makes one attempt a callable and hands it to
``attempt``. Libraries' own retries are switched off, so that three attempts are three.
"""

from __future__ import annotations

import http.client
import logging
import time
import urllib.error
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from f5_pipeline.errors import F5PipelineError

ATTEMPTS = 3
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 20.0  # seconds; the wait is drawn between 0 and a bound that doubles

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

#: Request timeout, conflict of two writers, too early, too many requests, and a server's own troubles.
_TRANSIENT_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 509, 522, 524, 599})
_TRANSIENT_CODES = frozenset(
    {"SlowDown", "RequestTimeout", "RequestTimeTooSkewed", "InternalError", "Throttling", "BadDigest"}
)


def is_transient_status(status: int, code: str = "") -> bool:
    """Whether an HTTP status, with S3's error code if there is one, may be another next time."""
    return status in _TRANSIENT_STATUS or code in _TRANSIENT_CODES


def is_transient(error: BaseException) -> bool:
    """Whether trying again, unchanged, can help: timeouts, resets, bodies cut short, busy servers."""
    if isinstance(error, F5PipelineError):
        return error.transient
    if isinstance(error, urllib.error.HTTPError):
        return is_transient_status(error.code)
    status = getattr(getattr(error, "response", None), "status_code", None)  # requests, httpx, huggingface_hub
    if isinstance(status, int):
        return is_transient_status(status)
    if isinstance(error, urllib.error.URLError):
        return not isinstance(error.reason, BaseException) or is_transient(error.reason)
    return isinstance(error, (ConnectionError, TimeoutError, http.client.IncompleteRead))


def attempt(call: Callable[[], _T]) -> _T:
    """The result of ``call``, which is made up to three times while it fails for transient reasons.

    Between two attempts it waits: a random time under a bound that doubles, so that many clients that failed
    together do not come back together.

    Raises:
        Exception: what the last attempt raised; a permanent failure at once.
    """
    retrying = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_WAIT),
        retry=retry_if_exception(is_transient),
        before_sleep=_say,
        sleep=_sleep,
        reraise=True,
    )
    return retrying(call)


def _say(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    seconds = state.next_action.sleep if state.next_action else 0.0
    _log.info("Attempt %d failed, trying again in %.1f s: %s", state.attempt_number, seconds, error)


def _sleep(seconds: float) -> None:
    time.sleep(seconds)
