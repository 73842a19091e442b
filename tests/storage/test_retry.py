"""Which failures are transient, and how often a call is attempted."""

from __future__ import annotations

import http.client
import urllib.error
from email.message import Message

import pytest
import requests

from f5_pipeline.errors import AccessRefused, F5PipelineError, KeepsChanging, ObjectMissing, StoreBusy, StoreUnusable
from f5_pipeline.storage.retry import ATTEMPTS, is_transient, is_transient_status, with_retries


def http_error(status: int) -> requests.HTTPError:
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError(response=response)


TRANSIENT = [
    StoreBusy("s3://b", "reading x", "503"),
    AccessRefused("s3://b", "reading x", "RequestTimeTooSkewed", "https://e"),
    AccessRefused("s3://b", "reading x", "", "https://e", skew=20),
    KeepsChanging(["a"]),
    ConnectionResetError(),
    BrokenPipeError(),
    http.client.RemoteDisconnected(),
    http.client.IncompleteRead(b""),
    TimeoutError(),
    TimeoutError(),
    urllib.error.URLError(ConnectionRefusedError()),
    urllib.error.URLError("timed out"),
    urllib.error.HTTPError("u", 503, "", Message(), None),
    http_error(429),
    http_error(500),
]
PERMANENT = [
    StoreUnusable("s3://b", "there is no such bucket.", ""),
    AccessRefused("s3://b", "reading x", "AccessDenied", "https://e"),
    ObjectMissing("x"),
    urllib.error.HTTPError("u", 404, "", Message(), None),
    urllib.error.URLError(PermissionError()),
    http_error(403),
    http_error(404),
    OSError(28, "No space left on device"),
    ValueError(),
    KeyError("x"),
]


@pytest.mark.parametrize("error", TRANSIENT, ids=repr)
def test_transient_failures_are_attempted_three_times(error: Exception, waits: list[float]) -> None:
    calls = []

    def fail() -> None:
        calls.append(1)
        raise error

    assert is_transient(error)
    with pytest.raises(type(error)):
        with_retries(fail)
    assert len(calls) == ATTEMPTS == 3
    assert len(waits) == 2


@pytest.mark.parametrize("error", PERMANENT, ids=repr)
def test_permanent_failures_are_attempted_once(error: Exception, waits: list[float]) -> None:
    calls = []

    def fail() -> None:
        calls.append(1)
        raise error

    assert not is_transient(error)
    with pytest.raises(type(error)):
        with_retries(fail)
    assert len(calls) == 1
    assert waits == []


def test_waits_grow_and_are_random(waits: list[float]) -> None:
    def fail() -> None:
        raise ConnectionResetError

    for _ in range(200):
        with pytest.raises(ConnectionResetError):
            with_retries(fail)
    first, second = waits[::2], waits[1::2]
    assert len(set(waits)) > 350
    assert max(first) <= 1.0 < max(second) <= 2.0


def test_the_first_success_is_returned(waits: list[float]) -> None:
    outcomes = iter([ConnectionResetError(), "fine", "not reached"])

    def call() -> str:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    assert with_retries(call) == "fine"
    assert next(outcomes) == "not reached"


def test_transient_statuses() -> None:
    assert all(is_transient_status(status) for status in (408, 429, 500, 502, 503, 504))
    assert not any(is_transient_status(status) for status in (200, 301, 400, 401, 403, 404, 410, 412, 416, 501))
    assert is_transient_status(403, "RequestTimeTooSkewed")
    assert is_transient_status(400, "RequestTimeout")


def test_our_errors_know_if_they_are_transient() -> None:
    assert not is_transient(F5PipelineError("it", "is broken."))
