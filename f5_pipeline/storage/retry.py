"""The retry policy of the whole product: which failures are transient, how many attempts, how long between them.

Code that talks to the outside (S3, a model hub, a web server) makes one attempt a callable and hands it to
``with_retries``. The libraries' own retries are switched off, so that three attempts are three.
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
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 20.0  # seconds; upper bounds of the random wait, the first doubles up to the last

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

#: Request timeout, conflict of two writers, too early, too many requests, and errors of the server itself.
_TRANSIENT_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 509, 522, 524, 599})
_TRANSIENT_CODES = frozenset(
    {"SlowDown", "RequestTimeout", "RequestTimeTooSkewed", "InternalError", "Throttling", "BadDigest"}
)


def is_transient_status(status: int, code: str = "") -> bool:
    """True if a request that failed with this HTTP status, or this error code of S3, may succeed when repeated."""
    return status in _TRANSIENT_STATUS or code in _TRANSIENT_CODES


def is_transient(error: BaseException) -> bool:
    """True if the same call may succeed when repeated: timeouts, resets, truncated bodies, busy servers."""
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


def with_retries(call: Callable[[], _T]) -> _T:
    """The result of ``call``, which is repeated up to three times while it fails for transient reasons.

    The waits are random below a bound that doubles (exponential backoff with full jitter), so that clients that failed
    together do not return together.

    Raises:
        Exception: the failure of the last attempt; a permanent failure at once.
    """
    retrying = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_WAIT),
        retry=retry_if_exception(is_transient),
        before_sleep=_log_failure,
        sleep=sleep,
        reraise=True,
    )
    return retrying(call)


def _log_failure(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    seconds = state.next_action.sleep if state.next_action else 0.0
    _log.info("Attempt %d failed, trying again in %.1f s: %s", state.attempt_number, seconds, error)


def sleep(seconds: float) -> None:
    """The wait between two attempts. Tests replace it."""
    time.sleep(seconds)
