"""Which failures are transient, and for how long a call is repeated."""

from __future__ import annotations

import http.client
import logging
import threading
import time
import urllib.error
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from email.utils import formatdate

import botocore.exceptions
import pytest
import requests

from f5_pipeline.errors import (
    AccessRefused,
    ClockWrong,
    DownloadFailed,
    F5PipelineError,
    KeepsChanging,
    ObjectMissing,
    ServerUnreachable,
    StoreBusy,
    StoreUnusable,
    WeightsUnavailable,
)
from f5_pipeline.storage import retry
from f5_pipeline.storage.answers import is_throttled, retry_after
from f5_pipeline.storage.parallel import Threads, in_parallel
from f5_pipeline.storage.retry import (
    ATTEMPTS,
    Availability,
    is_transient,
    is_transient_status,
    limited_retries,
    with_retries,
)
from tests.storage.fake_clock import Time


def http_error(status: int, **headers: str) -> requests.HTTPError:
    response = requests.Response()
    response.status_code = status
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return requests.HTTPError(response=response)


def s3_error(status: int, code: str = "", **headers: str) -> botocore.exceptions.ClientError:
    names = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": names}
    return botocore.exceptions.ClientError({"Error": {"Code": code}, "ResponseMetadata": metadata}, "GetObject")


def busy(cause: Exception | None = None) -> StoreBusy:
    error = StoreBusy("s3://b", "reading x", "503 SlowDown")
    error.__cause__ = cause
    return error


TRANSIENT = [
    StoreBusy("s3://b", "reading x", "503"),
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
    AccessRefused("s3://b", "reading x", "AccessDenied", "403 AccessDenied", "Grant it."),
    ObjectMissing("x"),
    urllib.error.HTTPError("u", 404, "", Message(), None),
    urllib.error.URLError(PermissionError()),
    http_error(403),
    http_error(404),
    OSError(28, "No space left on device"),
    ValueError(),
    KeyError("x"),
]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    fake = Time()
    monkeypatch.setattr(retry, "clock", lambda: fake.now)
    monkeypatch.setattr(retry, "sleep", fake.sleep)
    return fake


@dataclass
class Calls:
    """A call that fails so many times, each attempt taking its time."""

    clock: Time
    error: Callable[[], Exception] = ConnectionResetError
    failures: float = float("inf")
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)

    def __call__(self) -> str:
        self.times.append(self.clock.now)
        self.clock.now += self.seconds
        if len(self.times) <= self.failures:
            raise self.error()
        return "fine"


@pytest.mark.parametrize("error", TRANSIENT, ids=repr)
def test_transient_failures_are_repeated_until_the_time_is_over(error: Exception, clock: Time) -> None:
    call = Calls(clock, lambda: error)
    assert is_transient(error)
    with pytest.raises(type(error)):
        with_retries(call)
    assert call.times[-1] - call.times[0] == pytest.approx(120)  # the last attempt is at the end of the time
    assert len(call.times) > 8


@pytest.mark.parametrize("error", PERMANENT, ids=repr)
def test_permanent_failures_are_attempted_once(error: Exception, clock: Time) -> None:
    call = Calls(clock, lambda: error)
    assert not is_transient(error)
    with pytest.raises(type(error)):
        with_retries(call)
    assert len(call.times) == 1
    assert clock.waits == []


LASTING = [
    ClockWrong("s3://b", "reading x", "RequestTimeTooSkewed", "403 RequestTimeTooSkewed", 20),
    ServerUnreachable("s3://b", "reading x", "http://typo.example", "Name or service not known", lasting=True),
    DownloadFailed("https://typo.example", "Name or service not known", transient=True, lasting=True),
]


@pytest.mark.parametrize("error", LASTING, ids=repr)
def test_what_rarely_passes_is_attempted_three_times_without_waiting(error: F5PipelineError, clock: Time) -> None:
    assert with_retries(Calls(clock, lambda: error, failures=2)) == "fine"
    clock.waits.clear()
    server, call = Availability(), Calls(clock, lambda: error)
    with pytest.raises(type(error)):
        with_retries(call, availability=server)
    assert len(call.times) == 3
    assert sum(clock.waits) <= 3
    assert not server.given_up


def test_what_has_made_progress_knows_its_server(clock: Time) -> None:
    """A name that is gone in the middle of a download is an outage."""
    received = [0]

    def call() -> None:
        received[0] = 1
        raise DownloadFailed("https://h/x", "Name or service not known", transient=True, lasting=True)

    began = clock.now
    with pytest.raises(DownloadFailed):
        with_retries(call, progress=lambda: received[0])
    assert clock.now - began == pytest.approx(120)


def test_the_time_is_a_setting(clock: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds in ("7", "3600"):
        monkeypatch.setenv("F5_RETRY_SECONDS", seconds)
        call = Calls(clock)
        with pytest.raises(ConnectionResetError):
            with_retries(call)
        assert call.times[-1] - call.times[0] == pytest.approx(float(seconds))


def test_an_outage_within_the_time_is_survived(clock: Time) -> None:
    until = clock.now + 119

    def call() -> str:
        if clock.now < until:
            raise ConnectionRefusedError
        return "fine"

    for _ in range(50):
        clock.now = 1000.0
        assert with_retries(call) == "fine"


def test_there_are_three_attempts_however_long_each_takes(clock: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds, setting in ((70.0, "120"), (500.0, "120"), (0.0, "0")):
        monkeypatch.setenv("F5_RETRY_SECONDS", setting)
        call = Calls(clock, seconds=seconds)
        with pytest.raises(ConnectionResetError):
            with_retries(call)
        assert len(call.times) == ATTEMPTS == 3
    assert sum(clock.waits[-2:]) <= 3  # without time, the waits are short


def test_waits_grow_up_to_a_bound_and_are_random(clock: Time) -> None:
    waits = []
    for _ in range(200):
        clock.waits.clear()
        with pytest.raises(ConnectionResetError):
            with_retries(Calls(clock))
        waits.append(clock.waits[:-1])  # the last is what was left
    for position, bound in enumerate((1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0)):
        at = [each[position] for each in waits]
        assert bound * 0.8 < max(at) <= bound
        assert min(at) < bound * 0.2
        assert len(set(at)) == 200


def test_the_first_success_is_returned(clock: Time) -> None:
    call = Calls(clock, failures=1)
    assert with_retries(call) == "fine"
    assert len(call.times) == 2


# --- Retry-After ----------------------------------------------------------------------------------------------


def test_the_server_says_when_to_come_back(clock: Time) -> None:
    date = formatdate(time.time() + 1000 + 30, usegmt=True)
    server = formatdate(time.time() + 1000, usegmt=True)  # a clock that is wrong
    for headers in ({"Retry_After": "30"}, {"Retry_After": " 30.0 "}, {"Retry_After": date, "Date": server}):
        for error in (busy(s3_error(503, "SlowDown", **headers)), http_error(429, **headers)):
            assert retry_after(error) == 30
            call = Calls(clock, lambda error=error: error, failures=2)
            with_retries(call)
            assert 30 <= call.times[1] - call.times[0] <= 31  # and a random wait, so that not all return at once
            assert 30 <= call.times[2] - call.times[1] <= 32


def test_a_date_without_the_servers_time_is_compared_with_ours() -> None:
    error = http_error(503, Retry_After=formatdate(time.time() + 50, usegmt=True))
    assert 40 < retry_after(error) <= 50


@pytest.mark.parametrize("text", ["", "soon", "-5", "nan", "inf", "1e9", "Mon, 01 Jan 1990 00:00:00 GMT", "9" * 30])
def test_an_answer_that_asks_for_nothing(text: str) -> None:
    assert retry_after(http_error(503, Retry_After=text)) == 0


@pytest.mark.parametrize("text", ["86400", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_server_makes_a_request_wait_beyond_its_time(clock: Time, text: str) -> None:
    call = Calls(clock, lambda: busy(s3_error(503, "SlowDown", Retry_After=text)))
    with pytest.raises(StoreBusy):
        with_retries(call)
    assert call.times[1] - call.times[0] == pytest.approx(120)
    assert call.times[-1] - call.times[0] <= 120 + 24
    assert len(call.times) == 3


def test_which_answers_ask_for_fewer_requests() -> None:
    for error in (s3_error(503, "SlowDown"), s3_error(429), s3_error(400, "Throttling"), http_error(429)):
        assert is_throttled(busy(error))
    for error in (s3_error(500, "InternalError"), ConnectionResetError(), s3_error(403, "AccessDenied")):
        assert not is_throttled(busy(error))


# --- together -------------------------------------------------------------------------------------------------


def test_retries_do_not_multiply(clock: Time) -> None:
    call = Calls(clock, busy)

    def wrapped() -> None:
        try:
            with_retries(call)
        except StoreBusy as error:
            raise WeightsUnavailable("m", [], str(error), transient=error.transient) from error

    with pytest.raises(WeightsUnavailable) as error:
        with_retries(lambda: with_retries(wrapped))
    assert call.times[-1] - call.times[0] == pytest.approx(120)
    assert error.value.transient  # it may succeed later
    assert not is_transient(error.value)  # but not at once


def test_an_outage_is_waited_for_once(clock: Time) -> None:
    """The requests that follow the one that was given up (an abort, a clean-up, another step) do not wait again."""
    server = Availability()
    for expected in (120.0, 0.0, 0.0):
        call = Calls(clock, busy)
        with pytest.raises(StoreBusy):
            with_retries(call, availability=server)
        assert len(call.times) >= 3
        assert call.times[-1] - call.times[0] == pytest.approx(expected, abs=3.0)
    with pytest.raises(ObjectMissing):
        with_retries(Calls(clock, lambda: ObjectMissing("x")), availability=server)  # the server answers again
    call = Calls(clock, busy)
    with pytest.raises(StoreBusy):
        with_retries(call, availability=server)
    assert call.times[-1] - call.times[0] == pytest.approx(120)


def test_a_limited_wait_does_not_give_the_server_up(clock: Time) -> None:
    server = Availability()
    with limited_retries(5):
        call = Calls(clock, busy)
        with pytest.raises(StoreBusy):
            with_retries(call, availability=server)
    assert call.times[-1] - call.times[0] == pytest.approx(5)
    with limited_retries(0, attempts=1):
        call = Calls(clock, busy)
        with pytest.raises(StoreBusy):
            with_retries(call, availability=server)
    assert len(call.times) == 1
    assert not server.given_up


def test_progress_begins_the_time_anew(clock: Time) -> None:
    """A download of hours that breaks now and then is not one request of hours."""
    received = []

    def call() -> str:
        clock.now += 100
        if len(received) < 10:
            received.append(1)
            raise ConnectionResetError
        return "fine"

    assert with_retries(call, progress=lambda: len(received)) == "fine"
    with pytest.raises(ConnectionResetError):
        with_retries(Calls(clock), progress=lambda: 0)


def test_the_message_says_how_long_and_how_often(clock: Time) -> None:
    call = Calls(clock, busy)
    with pytest.raises(StoreBusy) as error:
        with_retries(call)
    assert f"503 SlowDown ({len(call.times)} attempts in 120 s)." in str(error.value)
    assert "F5_RETRY_SECONDS" in str(error.value)
    with pytest.raises(DownloadFailed, match=r"failed: it broke \(\d+ attempts in 120 s\)\."):
        with_retries(Calls(clock, lambda: DownloadFailed("https://h/x", "it broke", transient=True)))


def test_a_long_wait_is_announced_once_a_minute(clock: Time, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise StoreBusy("s3://announced", "reading x", "503 SlowDown")

    for _ in range(3):  # three requests, one after the other
        with pytest.raises(StoreBusy):
            with_retries(fail)
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    assert 3 <= len(lines) <= 7
    assert all("up to 120 s (F5_RETRY_SECONDS): Store s3://announced: reading x failed: 503" in line for line in lines)


def test_a_short_wait_is_not_announced(clock: Time, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(100):
        with_retries(Calls(clock, busy, failures=2))
    assert [record for record in caplog.records if record.levelno >= logging.INFO] == []


# --- threads and interrupts -----------------------------------------------------------------------------------


def test_a_failure_ends_the_waits_of_the_other_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "sleep", time.sleep)
    waiting = threading.Event()

    def call(number: int) -> None:
        if number == 0:
            assert waiting.wait(60)
            raise ObjectMissing("x")
        with_retries(fail)

    def fail() -> None:
        waiting.set()
        raise ConnectionResetError

    attempted = []
    with pytest.raises(ObjectMissing):
        in_parallel(lambda number: (attempted.append(number), call(number)), range(1000), 4)
    assert len(attempted) < 100


def test_an_interrupt_ends_the_waits_of_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "sleep", time.sleep)
    waiting, outcomes = threading.Barrier(4), []

    def call(number: int) -> None:
        with_retries(lambda: fail(number))

    def fail(number: int) -> None:
        if number not in outcomes:
            outcomes.append(number)
            waiting.wait(60)
        raise ConnectionResetError

    with suppress(KeyboardInterrupt), Threads(3) as threads:
        futures = [threads.submit(in_parallel, call, [number]) for number in range(3)]  # threads of threads
        waiting.wait(60)
        raise KeyboardInterrupt
    assert [type(future.exception()) for future in futures] == [CancelledError] * 3


def test_what_was_submitted_is_still_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A spoken clip is stored even if the run fails meanwhile, if its store answers at once."""
    done, begin = [], threading.Event()
    with suppress(KeyboardInterrupt), Threads(1, cancel=False) as threads:
        threads.submit(begin.wait, 60)
        for number in range(5):
            threads.submit(lambda number=number: with_retries(lambda: done.append(number)))
        begin.set()
        raise KeyboardInterrupt
    assert done == list(range(5))


def test_limits_hold_in_threads(clock: Time) -> None:
    calls = [Calls(clock) for _ in range(4)]

    def attempt(call: Calls) -> None:
        with pytest.raises(ConnectionResetError):
            with_retries(call)

    with limited_retries(0):
        in_parallel(attempt, calls, 1)
    assert [len(call.times) for call in calls] == [3] * 4


def test_transient_statuses() -> None:
    assert all(is_transient_status(status) for status in (408, 429, 500, 502, 503, 504))
    assert not any(is_transient_status(status) for status in (200, 301, 400, 401, 403, 404, 410, 412, 416, 501))
    assert is_transient_status(400, "ThrottlingException")
    assert is_transient_status(400, "RequestTimeout")


def test_our_errors_know_if_they_are_transient() -> None:
    assert not is_transient(F5PipelineError("it", "is broken."))
