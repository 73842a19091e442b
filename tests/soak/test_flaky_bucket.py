"""A batch on a bucket that spoils a third of all requests, is away for a while, or does not answer at all.

    make soak

runs 20 seeds and prints the requests of each. The quick test runs the first one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from f5_pipeline.errors import StoreBusy
from f5_pipeline.results.index import read_index
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage import rate, retry, s3_client
from f5_pipeline.storage.layout import is_lease
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.s3 import S3Store
from tests.finished_batches import finish
from tests.soak.killed_run import BATCH, prepare
from tests.storage import servers
from tests.storage.proxy import CUT, LOSE, RESET, Fault, Proxy, Request, proxy_before, sometimes
from tests.storage.servers import Server
from tests.synthesis.fake_engine import FakeEngine

SHARE = 0.3  # of the requests that fail
MOST = 2.0  # times the requests of an undisturbed run
READ_TIMEOUT = 1.0  # seconds
SLOW = [Fault("delay", seconds=0.2), Fault("delay", seconds=READ_TIMEOUT + 0.3)]
FAULTS = [
    *(Fault("answer", 503, "SlowDown"), Fault("answer", 500, "InternalError"), Fault("answer", 429, "TooManyRequests")),
    *(Fault("answer", 503, "SlowDown", headers={"Retry-After": "1"}), RESET, RESET, LOSE, LOSE, CUT, CUT, *SLOW),
]
FASTER = 50  # times; of the waits between attempts
SOAK = [pytest.mark.soak, pytest.mark.timeout(7200)]


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits take a fraction of their time, and count in full."""
    monkeypatch.setattr(retry, "sleep", lambda seconds: time.sleep(seconds / FASTER))
    monkeypatch.setattr(rate, "sleep", lambda seconds: None)
    monkeypatch.setattr(s3_client, "READ_TIMEOUT", READ_TIMEOUT)


@pytest.fixture
def proxy(rclone_server: Server, aws_environment: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with proxy_before(rclone_server.endpoint) as running:
        for name, value in servers.environment(running.endpoint).items():
            aws_environment.setenv(name, value)
        yield running


def spend(proxy: Proxy, server: Server, folder: Path, decide=lambda request: None) -> tuple[object, int]:
    """Speak and deliver a batch in a new bucket; returns its outcome and the number of requests."""
    store = S3Store(f"s3://{server.bucket()}/team")
    proxy.decide = lambda request: None
    prepare(store)
    proxy.forget()
    proxy.decide = decide
    finish(store, Settings(store=store.url, cache=folder / "cache"), BATCH)
    count = len(proxy.requests)
    proxy.decide = lambda request: None
    return outcome(store), count


def outcome(store: ObjectStore) -> object:
    """The rows of the index and the delivered files; without what the moment of writing decides."""
    rows = [replace(row, cached=False, clip_etag="") for row in read_index(store, BATCH) or []]
    assert len(rows) == 20
    assert not [info.key for info in store.list("batches/") if is_lease(info.key)]
    return rows, {info.key: store.read(info.key) for info in store.list(f"batches/{BATCH}/") if "/audio/" in info.key}


@pytest.mark.parametrize("seeds", [range(1, 2), pytest.param(range(1, 21), marks=SOAK)], ids=["quick", "soak"])
def test_a_batch_on_a_bucket_that_spoils_a_third_of_all_requests_ends_complete(
    proxy: Proxy, rclone_server: Server, tmp_path: Path, hurry: None, seeds: range
) -> None:
    expected, undisturbed = spend(proxy, rclone_server, tmp_path / "undisturbed")
    print(f"\nundisturbed: {undisturbed} requests\nseed  requests  ratio")
    for seed in seeds:
        found, count = spend(proxy, rclone_server, tmp_path / str(seed), sometimes(SHARE, FAULTS, seed))
        print(f"{seed:4}  {count:8}  {count / undisturbed:5.2f}", flush=True)
        assert found == expected
        assert count <= MOST * undisturbed


class Outage:
    """All requests fail from the n-th on."""

    def __init__(self, after: int) -> None:
        self._after = after

    def __call__(self, request: Request) -> Fault | None:
        return Fault("answer", 503, "SlowDown") if request.number > self._after else None


@pytest.mark.parametrize("after", [0, 12, 40, 70])
def test_a_bucket_that_stops_to_answer_is_waited_for_once(
    proxy: Proxy, rclone_server: Server, tmp_path: Path, hurry: None, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a batch is when the bucket goes away, it ends with one message after the time, and not after more."""
    monkeypatch.setenv("F5_RETRY_SECONDS", "60")
    waited: dict[int, float] = {}  # of each thread
    hurried = retry.sleep

    def note(seconds: float) -> None:
        waited[threading.get_ident()] = waited.get(threading.get_ident(), 0.0) + seconds
        hurried(seconds)

    monkeypatch.setattr(retry, "sleep", note)
    with pytest.raises(StoreBusy, match=r"503 .*attempts in 60 s\)"):
        spend(proxy, rclone_server, tmp_path, Outage(after))
    assert max(waited.values()) >= 59
    assert all(seconds <= 60 + 10 for seconds in waited.values())  # and three attempts each of a clean-up


class PausingEngine(FakeEngine):
    """Stops the bucket when it begins to speak."""

    def __init__(self, stop) -> None:
        super().__init__()
        self._stop = stop

    def speak(self, chunks):
        self._stop()
        yield from super().speak(chunks)


@pytest.mark.slow
def test_a_server_that_is_stopped_and_started_again(
    tmp_path: Path, aws_environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, failed = servers.free_port(), threading.Semaphore(0)

    def sleep(seconds: float) -> None:
        failed.release()
        time.sleep(seconds)

    monkeypatch.setattr(retry, "sleep", sleep)
    with ExitStack() as first, ExitStack() as second:
        server = first.enter_context(servers.rclone(tmp_path, port))
        for name, value in servers.environment(server.endpoint).items():
            aws_environment.setenv(name, value)
        store = S3Store(f"s3://{server.bucket()}/team")
        prepare(store)

        def start_again() -> None:
            for _ in range(20):
                failed.acquire()
            second.enter_context(servers.rclone(tmp_path, port))

        starter = threading.Thread(target=start_again)

        def stop() -> None:
            first.close()
            starter.start()

        finish(store, Settings(store=store.url, cache=tmp_path / "cache"), BATCH, PausingEngine(stop))
        starter.join()
        assert len([row for row in read_index(store, BATCH) or [] if row.status in ("ok", "suspect")]) == 20
