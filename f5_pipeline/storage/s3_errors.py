"""botocore's errors as ours. Which ones are transient is decided in ``retry``."""

from __future__ import annotations

import email.utils
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from f5_pipeline.errors import (
    AccessRefused,
    CredentialsMissing,
    F5PipelineError,
    ObjectMissing,
    RequestNotAccepted,
    StoreBusy,
    StoreUnusable,
)
from f5_pipeline.storage.retry import is_transient_status

_SKEW_MINUTES = 5  # S3 refuses 15; the clock of a proxy or server may be slightly wrong


class ConditionFailed(Exception):
    """A condition of the request (If-Match, If-None-Match) does not hold."""


class BeyondTheEnd(Exception):
    """A range that starts after the last byte: the object is empty, or was replaced by a shorter one."""


@contextmanager
def translate_s3_errors(url: str, doing: str, location: str, endpoint: str) -> Iterator[None]:
    """Raise botocore's errors as ours.

    Args:
        url: the URL of the store.
        doing: the operation, for messages: "reading voices/anna.wav".
        location: the address of the object, for ``ObjectMissing``.
        endpoint: the address of the server, without credentials.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ClientError as error:
        raise _from_response(error.response, url, doing, location, endpoint) from error
    except (BotoCoreError, ResponseParserError, HTTPError) as error:  # botocore does not wrap all of urllib3's
        raise _from_failure(error, url, doing, endpoint) from error


def _from_response(
    answer: Mapping[str, Any], url: str, doing: str, location: str, endpoint: str
) -> F5PipelineError | ConditionFailed | BeyondTheEnd:
    """Our error for an error response."""
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(answer.get("Error", {}).get("Code", ""))
    code = "" if code == str(status) else code
    if status == 412:
        return ConditionFailed()
    if status == 416:
        return BeyondTheEnd()
    if code == "NoSuchBucket":
        return StoreUnusable(url, f"there is no such bucket at {endpoint}.", "Check F5_STORE and AWS_ENDPOINT_URL.")
    if status == 404:
        return ObjectMissing(location)
    skew = _clock_skew(answer)
    if status == 403:
        return AccessRefused(url, doing, code, endpoint, skew)
    detail = " ".join(part for part in (str(status), code, _short(answer.get("Error", {}).get("Message", ""))) if part)
    if is_transient_status(status, code):
        return StoreBusy(url, doing, detail)
    return RequestNotAccepted(url, doing, detail, endpoint)


def _clock_skew(answer: Mapping[str, Any]) -> int:
    """Minutes between this machine's clock and the server's; 0 if they agree or the server sent no time."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        server = email.utils.parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return 0
    if server.tzinfo is None:
        return 0
    minutes = round(abs((now() - server).total_seconds()) / 60)
    return minutes if minutes >= _SKEW_MINUTES else 0


def now() -> datetime:
    """The time of this machine's clock."""
    return datetime.now(timezone.utc)


def _from_failure(error: Exception, url: str, doing: str, endpoint: str) -> F5PipelineError:
    """Our error for a request that got no response, or was not sent."""
    from botocore import exceptions
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    text = _short(str(error))
    if isinstance(error, (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)):
        return CredentialsMissing(url)
    if isinstance(error, exceptions.SSLError) and "CERTIFICATE" in text.upper():
        fix = "If the server uses a private certificate authority, name its file in AWS_CA_BUNDLE."
        return StoreUnusable(url, f"the certificate of {endpoint} is not trusted.", fix)
    broken = (exceptions.HTTPClientError, exceptions.ConnectionError, exceptions.IncompleteReadError)
    if isinstance(error, (*broken, ResponseParserError, HTTPError)):
        return StoreBusy(url, doing, f"{text} (endpoint {endpoint})")
    return StoreUnusable(url, f"{doing} failed: {text}", "Check F5_STORE and the AWS_… settings.")


def _short(text: str) -> str:
    return " ".join(text.split())[:200].rstrip(".")
