"""Results in a bucket: request counts, bad networks, concurrent runs, read-only look-ups, killed processes."""

from __future__ import annotations

import os
import signal
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from f5_pipeline.errors import AccessRefused, StoreBusy
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.results.index import read_index
from f5_pipeline.results.lookup import batch_results, fetch_delivered, share_clips
from f5_pipeline.storage.layout import clip_object, is_lease
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.s3 import S3Store
from tests.results.batch import contents, key_of, outcome, run_batch, speak
from tests.storage import processes, servers
from tests.storage.proxy import BUSY, CUT, LOSE, RESET, Fault, Proxy, proxy_before, sometimes
from tests.storage.servers import Server

LINES = [f"line {number}" for number in range(40)]


@pytest.fixture
def proxy(rclone_server: Server) -> Iterator[Proxy]:
    with proxy_before(rclone_server.endpoint) as running:
        yield running


@pytest.fixture
def bucket(rclone_server: Server, proxy: Proxy, aws_environment: pytest.MonkeyPatch) -> S3Store:
    """A store in a fresh bucket, behind the proxy."""
    for name, value in servers.environment(proxy.endpoint).items():
        aws_environment.setenv(name, value)
    return S3Store(f"s3://{rclone_server.bucket()}/team")


def assert_complete(store: ObjectStore, batch: str, lines: list[str]) -> None:
    rows = read_index(store, batch) or []
    assert [(row.text, row.key) for row in rows] == [(line, key_of(line)) for line in lines]
    for row in rows:
        assert ClipStore(store).load(row.key).info.size == row.clip_bytes


def test_a_cached_batch_costs_few_requests(bucket: S3Store, proxy: Proxy) -> None:
    lines = [f"line {number}" for number in range(150)]
    run_batch(bucket, "demo", lines)
    proxy.forget()
    spoken: list[str] = []
    run_batch(bucket, "demo", lines, spoken)
    assert spoken == []
    assert len(proxy.requests) <= 6 + 17  # lease (3), index (3), and up to 17 listings of clips


def test_a_new_clip_costs_two_requests(bucket: S3Store, proxy: Proxy) -> None:
    clips, key = ClipStore(bucket), key_of("one")
    list(bucket.list("clips/"))  # the first 404 of an unknown server costs a request more
    proxy.forget()
    stored = clips.save(key, speak("one"), {"line": "one"})
    assert [request.method for request in proxy.requests] == ["HEAD", "PUT"]
    proxy.forget()
    assert clips.save(key, speak("another"), {"line": "another"}) == stored  # the stored clip wins
    assert not proxy.of("PUT")


def test_deleted_or_truncated_clips_are_spoken_again(bucket: S3Store) -> None:
    run_batch(bucket, "demo", LINES)
    intact = bucket.read(clip_object(key_of(LINES[5])))
    bucket.delete(clip_object(key_of(LINES[3])))
    bucket.write(clip_object(key_of(LINES[5])), intact[:-10])
    spoken: list[str] = []
    run_batch(bucket, "demo", LINES, spoken)
    assert spoken == [LINES[3], LINES[5]]
    assert bucket.read(clip_object(key_of(LINES[5]))) == intact
    assert_complete(bucket, "demo", LINES)


@pytest.mark.parametrize("seed", [11, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(300))])
def test_on_a_bad_network_a_run_completes_or_can_be_continued(bucket: S3Store, proxy: Proxy, seed: int) -> None:
    """Three requests in ten fail. Each run continues the previous one, and no line is spoken twice."""
    proxy.decide = sometimes(0.3, [*BUSY, RESET, LOSE, CUT], seed)
    spoken: list[str] = []
    for _ in range(30):
        try:
            run_batch(bucket, "demo", LINES, spoken)
        except StoreBusy:
            pass
        else:
            break
    proxy.decide = lambda request: None
    assert_complete(bucket, "demo", LINES)
    # A clip counts as spoken when it is stored. If the response is lost, the clip is stored but not counted.
    assert max(Counter(spoken).values()) == 1


def test_credentials_without_list_permission_are_refused(bucket: S3Store, proxy: Proxy) -> None:
    lines = [f"line {number}" for number in range(100)]
    proxy.decide = lambda request: Fault("answer", 403, "AccessDenied") if request.is_listing else None
    with pytest.raises(AccessRefused, match="s3:ListBucket"):
        run_batch(bucket, "demo", lines)
    proxy.decide = lambda request: None
    assert not [info for info in bucket.list() if not is_lease(info.key)]


OVERLAPPING = [*LINES[20:], "another", "one more"]


@pytest.mark.parametrize("kind", ["folder", "bucket"])
@pytest.mark.parametrize("second", [("demo", LINES), ("other", OVERLAPPING)], ids=["the same", "another"])
def test_concurrent_runs(kind: str, second: tuple[str, list[str]], tmp_path: Path, bucket: S3Store) -> None:
    """The same batch twice, or two with common lines: complete indexes and clips; no line is spoken more than twice."""
    store = bucket if kind == "bucket" else LocalStore(tmp_path / "store")
    spoken, barrier, runs = list[str](), threading.Barrier(2), [("demo", LINES), second]

    def run(batch: str, lines: list[str]) -> None:
        barrier.wait()
        run_batch(store, batch, lines, spoken)

    threads = [threading.Thread(target=run, args=arguments) for arguments in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for batch, lines in runs:
        assert_complete(store, batch, lines)
    assert max(Counter(spoken).values()) <= 2
    assert clean(store, []).clips == 0


def test_look_ups_send_only_read_requests(bucket: S3Store, proxy: Proxy, tmp_path: Path) -> None:
    run_batch(bucket, "demo", LINES[:5])
    bucket.write("batches/demo/audio/0.wav", b"RIFF")
    bucket.write("manifests/demo.csv", b"text")
    proxy.forget()
    results = batch_results(bucket, "demo")
    assert [row.text for row in results.rows] == LINES[:5]
    assert len(proxy.requests) == 1
    assert fetch_delivered(bucket, "demo", tmp_path / "out").copied == 3
    assert fetch_delivered(bucket, "demo", tmp_path / "out").copied == 0
    urls = share_clips(bucket, results, 60)
    assert {request.method for request in proxy.requests} <= {"GET", "HEAD"}
    with urllib.request.urlopen(urls["2"]) as response:  # the credentials are in the URL
        assert response.read() == bucket.read(clip_object(key_of(LINES[2])))


# --- kill -9 --------------------------------------------------------------------------------------------------


def _run(url: str, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    run_batch(S3Store(url), "demo", LINES[:3])


@pytest.mark.slow
def test_a_run_killed_after_any_request_can_be_repeated(bucket: S3Store, proxy: Proxy, tmp_path: Path) -> None:
    """The server handles the request, and the client dies before it receives the response."""
    undisturbed = LocalStore(tmp_path / "store")
    run_batch(undisturbed, "demo", LINES[:3])
    expected, context = contents(undisturbed), processes.context()
    proxy.forget()
    run_batch(S3Store(f"{bucket.url}/undisturbed"), "demo", LINES[:3])
    requests = len(proxy.requests)
    assert requests > 10
    for number in range(1, requests + 1):
        url = f"{bucket.url}/killed-after-{number}"
        process = context.Process(target=_run, args=(url, servers.environment(proxy.endpoint)))
        proxy.forget()
        proxy.meanwhile = lambda request, last=number, child=process: request.number == last and child.kill()
        process.start()
        process.join()
        proxy.meanwhile = lambda request: None
        assert process.exitcode == -signal.SIGKILL
        store = S3Store(url)
        assert all(store.read(info.key) == expected.get(info.key, store.read(info.key)) for info in store.list())
        run_batch(store, "demo", LINES[:3])
        assert outcome(store) == expected
