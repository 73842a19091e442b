"""The rate of requests: unlimited, lowered when the server asks for fewer, and growing again."""

from __future__ import annotations

import random

import pytest

from f5_pipeline.storage import rate, retry
from f5_pipeline.storage.rate import LOWEST, RequestRate, shared_server
from tests.storage.fake_clock import Time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    fake = Time(now=0.0)
    monkeypatch.setattr(retry, "clock", lambda: fake.now)
    monkeypatch.setattr(rate, "sleep", fake.sleep)
    return fake


def send(limited: RequestRate, clock: Time, count: int, seconds: float = 0.001) -> float:
    """Send requests, each of which takes some time; returns how many per second."""
    began = clock.now
    for _ in range(count):
        limited.wait()
        clock.now += seconds
    return count / (clock.now - began)


def test_without_complaints_there_is_no_limit(clock: Time) -> None:
    assert send(RequestRate(), clock, 5000) == pytest.approx(1000)
    assert clock.waits == []


def test_a_complaint_lowers_the_rate_and_time_raises_it(clock: Time) -> None:
    limited = RequestRate()
    send(limited, clock, 500, 0.01)  # 100 per second
    limited.slow_down()
    assert limited.limit == pytest.approx(70, rel=0.05)
    clock.now += 10
    assert limited.limit == pytest.approx(140, rel=0.05)
    clock.now += 30
    assert limited.limit is None


def test_complaints_at_the_same_time_count_once(clock: Time) -> None:
    limited = RequestRate()
    send(limited, clock, 500, 0.01)
    for _ in range(16):
        limited.slow_down()
    assert limited.limit == pytest.approx(70, rel=0.05)


def test_the_rate_is_kept_after_a_burst(clock: Time) -> None:
    limited = RequestRate()
    limited.slow_down()
    assert limited.limit == LOWEST
    assert send(limited, clock, 10) == pytest.approx(1000)  # a few requests in a row do not wait
    assert send(limited, clock, 40) < 4 * LOWEST


@pytest.mark.parametrize("capacity", [20, 50, 300])
def test_the_rate_finds_what_a_server_allows(clock: Time, capacity: int) -> None:
    """Of a server that refuses what exceeds its capacity in a second: few are refused, and little is left unused."""
    limited, second, served, refused = RequestRate(), 0.0, 0, 0
    total = accepted = 0
    while clock.now < 300:
        limited.wait()
        clock.now += 0.001
        if clock.now >= second + 1:
            second, served = float(int(clock.now)), 0
        served += 1
        if clock.now > 60:
            total += 1
            accepted += served <= capacity
        if served > capacity:
            refused += clock.now > 60
            limited.slow_down()
    assert refused < 0.1 * total
    assert accepted > 0.5 * capacity * 240


def test_a_server_that_fails_at_random_is_not_abandoned(clock: Time) -> None:
    limited, chance = RequestRate(), random.Random(1)
    began = clock.now
    for _ in range(2000):
        limited.wait()
        clock.now += 0.005
        if chance.random() < 0.2:
            limited.slow_down()
    assert 2000 / (clock.now - began) >= LOWEST


def test_the_stores_of_a_process_share_the_rate_of_a_bucket() -> None:
    assert shared_server("http://e/b") is shared_server("http://e/b")
    assert shared_server("http://e/b") is not shared_server("http://e/c")
