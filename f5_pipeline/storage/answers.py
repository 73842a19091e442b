"""What an error and its response say: status, code, how long to wait, the cause below. Of any HTTP library."""

from __future__ import annotations

import email.utils
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timezone

_SECONDS = re.compile(r"\s*([0-9]{1,9})(\.[0-9]*)?\s*")
_THROTTLED_STATUS = frozenset({429, 503, 509})
#: S3's codes for a client that sends too many requests, with any status.
THROTTLED_CODES = frozenset({"SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException"})
THROTTLED_CODES |= {"RequestLimitExceeded", "BandwidthLimitExceeded", "TooManyRequests", "TooManyRequestsException"}


@dataclass(frozen=True)
class _Answer:
    status: int = 0  # 0: there was no response
    code: str = ""  # of S3
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case


def status_of(error: BaseException) -> int:
    """The HTTP status of the response that an HTTP library made this error of; 0 if there is none."""
    status = getattr(getattr(error, "response", None), "status_code", None)  # requests, httpx, huggingface_hub
    return status if isinstance(status, int) else 0


def is_throttled(error: BaseException) -> bool:
    """True if the server asks for fewer requests: SlowDown, 503, 429."""
    answer = _answer_behind(error)
    return answer.status in _THROTTLED_STATUS or answer.code in THROTTLED_CODES


def retry_after(error: BaseException) -> float:
    """The seconds that the server asks to wait (``Retry-After``, as seconds or a date); 0 if it does not ask.

    A date is compared with the server's own clock if the response has its time.
    """
    headers = _answer_behind(error).headers
    text = headers.get("retry-after", "")
    if found := _SECONDS.fullmatch(text):
        return float(found[0])
    until, now = timestamp(text), timestamp(headers.get("date", ""))
    return 0.0 if until is None else max(0.0, until - (time.time() if now is None else now))


def _answer_behind(error: BaseException) -> _Answer:
    """The response behind an error, or behind the error that it was made of."""
    for cause in _causes(error):
        response = getattr(cause, "response", None)
        if isinstance(response, Mapping):  # botocore
            metadata = response.get("ResponseMetadata", {})
            code = str(response.get("Error", {}).get("Code", ""))
            return _Answer(int(metadata.get("HTTPStatusCode", 0)), code, metadata.get("HTTPHeaders", {}))
        if response is not None and (status := status_of(cause)):
            return _Answer(status, headers={name.lower(): str(value) for name, value in response.headers.items()})
    return _Answer()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def timestamp(date: str) -> float | None:
    """Seconds since 1970 of a date in a header; None if it is not one."""
    with suppress(TypeError, ValueError, OverflowError, IndexError):
        found = email.utils.parsedate_to_datetime(date)
        return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
    return None


def root_cause(error: BaseException) -> BaseException:
    """The error below the libraries' wrappers, whose messages repeat the whole URL."""
    return list(_causes(error))[-1]


def reason_of(error: BaseException) -> str:
    """The message of the root cause: the operating system's own words, if it is one of its errors."""
    cause = root_cause(error)
    return " ".join((cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)).split())[:200]


def is_unknown_host(error: BaseException) -> bool:
    """True if the host name does not exist; False if no name server could be asked."""
    cause = root_cause(error)
    return isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME
