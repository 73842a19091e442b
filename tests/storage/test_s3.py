"""Buckets only: prefixes, conditional writes, presigned URLs, unsafe keys, headers, forks."""

from __future__ import annotations

import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from f5_pipeline.errors import BadSetting, ObjectMissing, RequestNotAccepted
from f5_pipeline.storage import s3
from f5_pipeline.storage.s3 import S3Store
from tests.storage import servers
from tests.storage.conftest import s3_store
from tests.storage.proxy import Fault, Proxy, proxy_before, without_conditional_writes
from tests.storage.servers import Server


@pytest.fixture(params=["rclone", "moto"])
def server(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture
def store(server: Server, aws_environment: pytest.MonkeyPatch) -> S3Store:
    return s3_store(server, aws_environment)


@pytest.fixture
def recorded(moto_server: Server, aws_environment: pytest.MonkeyPatch) -> Iterator[tuple[S3Store, Proxy]]:
    """A store on moto's server, and the proxy that records its requests."""
    bucket = moto_server.bucket()
    with proxy_before(moto_server.endpoint) as proxy:
        for name, value in servers.environment(proxy.endpoint).items():
            aws_environment.setenv(name, value)
        yield S3Store(f"s3://{bucket}/p"), proxy


def test_stores_in_one_bucket_do_not_see_each_other(store: S3Store) -> None:
    inner, sibling = S3Store(f"{store.url}/inner"), S3Store(f"{store.url}2")
    for each in (store, inner, sibling):
        each.write("a/x", each.url.encode())
    assert [info.key for info in sibling.list()] == ["a/x"]
    assert [info.key for info in store.list()] == ["a/x", "inner/a/x"]
    assert inner.read("a/x") == inner.url.encode()
    assert store.stat_many(["a/x", "inner/a/x"]).keys() == {"a/x", "inner/a/x"}


def test_unsafe_keys_of_other_programs_are_not_listed(moto_server: Server, aws_environment: pytest.MonkeyPatch) -> None:
    store = s3_store(moto_server, aws_environment, prefix="")
    bucket = store.url.removeprefix("s3://")
    for key in (
        "voices/",
        "voices/my voice.wav",
        "voices/ä.wav",
        "../evil",
        "/abs",
        "voices//x",
        ".hidden",
        "voices/a",
    ):
        servers.client(moto_server.endpoint).put_object(Bucket=bucket, Key=key, Body=b"x")
    assert [info.key for info in store.list()] == ["voices/a"]


def test_a_listing_of_several_pages(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "PAGE_SIZE", 50)
    keys = [f"clips/{number:04}" for number in range(130)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.write(key, b""), keys))
    assert [info.key for info in store.list("clips/")] == keys
    wanted = [*keys[::2], "clips/none", *(f"clips/none{number}" for number in range(60))]
    assert list(store.stat_many(wanted)) == keys[::2]


def test_one_of_two_simultaneous_creates_succeeds(recorded: tuple[S3Store, Proxy]) -> None:
    """Both see no object and both write: a server with conditional writes accepts one."""
    store, proxy = recorded
    both_checked, results, first_two = threading.Barrier(2), [], iter(range(2))
    proxy.meanwhile = lambda request: (
        both_checked.wait() and None if request.method == "HEAD" and next(first_two, None) is not None else None
    )

    def create(data: bytes) -> None:
        if store.create("clips/x", data) is not None:
            results.append(data)

    threads = [threading.Thread(target=create, args=(data,)) for data in (b"one", b"two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    proxy.meanwhile = lambda request: None
    assert len(results) == 1
    assert store.read("clips/x") == results[0]


def test_a_server_that_rejects_conditional_writes_gets_only_one(recorded: tuple[S3Store, Proxy]) -> None:
    store, proxy = recorded
    proxy.decide = without_conditional_writes
    first = store.create("clips/a", b"one")
    assert first is not None
    assert first == store.stat("clips/a")
    assert len(proxy.of("PUT")) == 2
    assert store.create("clips/b", b"two") is not None
    assert store.create("clips/a", b"another") is None
    assert len(proxy.of("PUT")) == 3
    assert (store.read("clips/a"), store.read("clips/b")) == (b"one", b"two")


def test_a_write_that_is_rejected_without_the_condition_too_is_an_error(recorded: tuple[S3Store, Proxy]) -> None:
    store, proxy = recorded
    proxy.decide = lambda request: Fault("answer", 400, "InvalidRequest") if request.method == "PUT" else None
    with pytest.raises(RequestNotAccepted, match=r"writing clips/a failed: 400 InvalidRequest: .*docs/stores\.md"):
        store.create("clips/a", b"one")
    proxy.decide = lambda request: None
    proxy.forget()
    assert store.create("clips/a", b"one") is not None
    assert proxy.of("PUT")[0].headers["if-none-match"] == "*"


def test_no_checksum_headers_are_sent(recorded: tuple[S3Store, Proxy], tmp_path: Path) -> None:
    """Some S3-compatible servers reject them with 403."""
    store, _ = recorded
    sent: dict[str, str] = {}
    store._client().meta.events.register("before-send.s3.*", lambda request, **_: sent.update(request.headers))
    (tmp_path / "large").write_bytes(b"x" * (9 << 20))
    store.write("a", b"x")
    store.upload(tmp_path / "large", "large")
    store.download("large", tmp_path / "copy")
    list(store.list())
    names = {name.lower() for name in sent}
    assert "authorization" in names
    assert not {name for name in names if "checksum" in name or "trailer" in name or "sdk-checksum" in name}


def test_objects_have_a_media_type(moto_server: Server, aws_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Else a browser downloads the page, and may not play a clip."""
    store = s3_store(moto_server, aws_environment)
    (tmp_path / "large").write_bytes(b"x" * (9 << 20))
    store.upload(tmp_path / "large", "batches/b/b.m4b")
    store.write("batches/b/report.html", b"<p>")
    store.write("batches/b/audio/x.MP3", b"x")
    types = {}
    for key in ("batches/b/b.m4b", "batches/b/report.html", "batches/b/audio/x.MP3"):
        with urllib.request.urlopen(store.share(key, 60)) as answer:
            types[key.rpartition("/")[2]] = answer.headers["Content-Type"]
    assert types == {"b.m4b": "audio/mp4", "report.html": "text/html; charset=utf-8", "x.MP3": "audio/mpeg"}


def test_presigned_urls_open_the_object_and_have_a_limit(store: S3Store) -> None:
    store.write("clips/x", b"sound")
    with urllib.request.urlopen(store.share("clips/x", 60)) as answer:
        assert answer.read() == b"sound"
    url = store.share("clips/x", 1)
    assert servers.SECRET_KEY not in url
    assert "X-Amz-Expires=1" in url
    for seconds in (0, -5, 8 * 24 * 3600):
        with pytest.raises(BadSetting, match="604800"):
            store.share("clips/x", seconds)


def test_a_presigned_url_is_valid_for_one_object(rclone_server: Server, aws_environment: pytest.MonkeyPatch) -> None:
    store = s3_store(rclone_server, aws_environment)
    store.write("clips/x", b"sound")
    store.write("clips/y", b"other")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(store.share("clips/x", 60).replace("clips/x", "clips/y"))


def test_a_forked_child_has_its_own_connections(store: S3Store) -> None:
    store.write("a", b"x")
    child = os.fork()
    if child == 0:
        os._exit(0 if all(store.read("a") == b"x" for _ in range(20)) else 1)
    for _ in range(20):
        assert store.read("a") == b"x"
    assert os.waitpid(child, 0)[1] == 0


def test_unfinished_uploads_are_listed(moto_server: Server, aws_environment: pytest.MonkeyPatch) -> None:
    store = s3_store(moto_server, aws_environment)
    assert store.unfinished_uploads() == []
    bucket = store.url.split("/")[2]
    servers.client(moto_server.endpoint).create_multipart_upload(Bucket=bucket, Key="some/prefix/models/x")
    assert [key for key, _ in store.unfinished_uploads()] == ["models/x"]


def test_a_large_file_is_downloaded_in_parts_and_a_small_one_in_one_request(
    recorded: tuple[S3Store, Proxy], tmp_path: Path
) -> None:
    store, proxy = recorded
    for size, gets in ((0, 2), (1, 1), (8 << 20, 1), ((8 << 20) + 1, 2), (20 << 20, 3)):
        (tmp_path / "file").write_bytes(os.urandom(size))
        info = store.upload(tmp_path / "file", "file")
        proxy.forget()
        assert store.download("file", tmp_path / "copy").etag == info.etag
        assert (tmp_path / "copy").read_bytes() == (tmp_path / "file").read_bytes()
        assert len(proxy.requests) == gets, size
    with pytest.raises(ObjectMissing):
        store.download("nothing", tmp_path / "nothing")
