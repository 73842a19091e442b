"""Faults of server, network and credentials: repeated for a time or never, and never an incomplete file."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from f5_pipeline.errors import (
    AccessRefused,
    ClockWrong,
    CredentialsRefused,
    KeepsChanging,
    ObjectChanged,
    ObjectMissing,
    StoreBusy,
    StoreUnusable,
)
from f5_pipeline.storage import retry, s3, s3_client, s3_parts
from f5_pipeline.storage.s3 import S3Store
from tests.storage import servers
from tests.storage.proxy import BUSY, CUT, FLIP, LOSE, RESET, Fault, Proxy, Request, first, proxy_before, sometimes
from tests.storage.servers import Server

SOAK = [pytest.mark.soak, pytest.mark.timeout(7200)]
PART = 64 * 1024
LARGE = bytes(range(256)) * 700  # two parts and a part of a third


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (s3, s3_parts):
        monkeypatch.setattr(module, "PART_BYTES", PART)


@pytest.fixture
def direct(rclone_server: Server, aws_environment: pytest.MonkeyPatch) -> S3Store:
    """The same bucket, without the proxy."""
    for name, value in servers.environment(rclone_server.endpoint).items():
        aws_environment.setenv(name, value)
    store = S3Store(f"s3://{rclone_server.bucket()}/p")
    assert store.stat("nothing") is None  # creates the client now, with this endpoint
    return store


@pytest.fixture
def proxy(rclone_server: Server) -> Iterator[Proxy]:
    with proxy_before(rclone_server.endpoint) as running:
        yield running


@pytest.fixture
def store(direct: S3Store, proxy: Proxy, aws_environment: pytest.MonkeyPatch) -> S3Store:
    aws_environment.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
    return S3Store(direct.url)


Use = Callable[[S3Store, Path], object]
USES: dict[str, Use] = {
    "read": lambda store, folder: store.read("object"),
    "read the beginning": lambda store, folder: store.read("object", first=2),
    "write": lambda store, folder: store.write("new", b"x"),
    "stat": lambda store, folder: store.stat("object"),
    "list": lambda store, folder: list(store.list()),
    "download": lambda store, folder: store.download("object", folder / "copy"),
    "upload": lambda store, folder: store.upload(folder / "source", "new"),
    "delete": lambda store, folder: store.delete("object"),
}


@pytest.fixture
def folder(direct: S3Store, tmp_path: Path) -> Path:
    direct.write("object", b"some data")
    (tmp_path / "source").write_bytes(b"x")
    return tmp_path


@pytest.mark.parametrize("use", USES)
def test_a_transient_fault_is_retried_twice(
    store: S3Store, proxy: Proxy, folder: Path, use: str, waits: list[float]
) -> None:
    for fault in (*BUSY, RESET):
        proxy.forget()
        waits.clear()
        proxy.decide = first(2, fault)
        USES[use](store, folder)
        assert len(proxy.requests) == 3, fault
        assert len(waits) == 2
        assert all(0 <= wait <= 2**n for n, wait in enumerate(waits))
        if use == "delete":
            proxy.decide = first(0, fault)
            store.write("object", b"some data")


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("fault", [BUSY[1], RESET], ids=["SlowDown", "reset"])
def test_a_lasting_fault_is_an_error_when_the_time_is_over(
    store: S3Store, proxy: Proxy, folder: Path, use: str, fault: Fault, waits: list[float]
) -> None:
    proxy.decide = lambda request: fault
    with pytest.raises(StoreBusy, match=r"\([0-9]+ attempts in 120 s\)") as error:
        USES[use](store, folder)
    assert sum(waits) == pytest.approx(120)
    assert len(proxy.requests) == len(waits) + 1 == error.value.attempts
    assert error.value.transient
    assert not (folder / "copy").exists()


@pytest.mark.parametrize("fault", [LOSE, CUT], ids=["lost", "cut"])
def test_an_incomplete_response_is_requested_again(
    store: S3Store, direct: S3Store, proxy: Proxy, folder: Path, fault: Fault
) -> None:
    for use in ("read", "list", "download", "upload"):
        proxy.forget()
        proxy.decide = first(2, fault)
        USES[use](store, folder)
        assert len(proxy.requests) == (3 if use != "upload" or fault == LOSE else 1), use
    assert (folder / "copy").read_bytes() == b"some data"
    assert direct.read("new") == b"x"


def test_a_truncated_not_found_response_is_requested_again(store: S3Store, proxy: Proxy, folder: Path) -> None:
    proxy.decide = first(2, CUT)
    with pytest.raises(ObjectMissing):
        store.read("nothing")
    assert len(proxy.requests) == 3


def test_a_body_that_is_truncated_each_time_leaves_no_file(store: S3Store, proxy: Proxy, folder: Path) -> None:
    proxy.decide = lambda request: CUT
    with pytest.raises(StoreBusy):
        store.download("object", folder / "copy")
    assert sorted(path.name for path in folder.iterdir()) == ["source"]


def test_a_damaged_body_is_detected_by_its_etag(store: S3Store, proxy: Proxy, folder: Path) -> None:
    proxy.decide = first(1, FLIP)
    assert store.read("object") == b"some data"
    assert len(proxy.requests) == 2


def test_an_etag_that_is_not_an_md5_is_accepted_the_second_time(store: S3Store, proxy: Proxy, folder: Path) -> None:
    proxy.decide = lambda request: FLIP
    assert store.read("object") == b"rome data"
    assert len(proxy.requests) == 2


def test_a_server_that_responds_too_late(
    store: S3Store, proxy: Proxy, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_client, "READ_TIMEOUT", 0.2)
    proxy.decide = first(2, Fault("delay", seconds=0.6))
    assert store.read("object") == b"some data"
    assert len(proxy.requests) == 3


# --- lost answers ---------------------------------------------------------------------------------------------


@pytest.fixture
def conditional(moto_server: Server, aws_environment: pytest.MonkeyPatch) -> Iterator[tuple[S3Store, Proxy]]:
    """A bucket on a server with conditional writes."""
    with proxy_before(moto_server.endpoint) as running:
        for name, value in servers.environment(running.endpoint).items():
            aws_environment.setenv(name, value)
        yield S3Store(f"s3://{moto_server.bucket()}/p"), running


def is_write(request: Request) -> bool:
    return request.method == "PUT"


def test_an_object_whose_creation_was_not_confirmed_is_ours(conditional: tuple[S3Store, Proxy]) -> None:
    store, proxy = conditional
    proxy.decide = first(1, LOSE, is_write)
    info = store.create("object", b"ours")
    assert info is not None
    assert info == store.stat("object")
    assert [request.headers["if-none-match"] for request in proxy.of("PUT")] == ["*", "*"]
    proxy.decide = lambda request: None
    assert store.create("object", b"ours") is None  # it exists


def test_an_object_that_another_writer_created_meanwhile_is_not_ours(conditional: tuple[S3Store, Proxy]) -> None:
    store, proxy = conditional
    other = S3Store(store.url)
    proxy.decide = first(1, RESET, is_write)

    def create_first(seconds: float) -> None:
        other.write("object", b"theirs")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retry, "sleep", create_first)
        assert store.create("object", b"ours") is None
    assert store.read("object") == b"theirs"


def test_every_lost_answer_of_an_upload(store: S3Store, direct: S3Store, proxy: Proxy, tmp_path: Path) -> None:
    """Of its beginning, of each part, and of its end."""
    source = _file(tmp_path, LARGE)
    for number in range(1, 7):
        proxy.forget()
        proxy.decide = lambda request, number=number: LOSE if request.number == number else None
        assert store.upload(source, f"large{number}").size == len(LARGE)
        assert direct.read(f"large{number}") == LARGE
        assert len(proxy.requests) <= 7


def test_an_upload_that_cannot_be_recognised_is_sent_again(
    store: S3Store, direct: S3Store, proxy: Proxy, tmp_path: Path
) -> None:
    """The answer to its end is lost, and the server's ETags are no hashes, as those of encrypted objects."""
    lost = first(1, LOSE, lambda request: request.method == "POST" and "uploadId" in request.query)

    def decide(request: Request) -> Fault | None:
        unknown = Fault("alter", headers={"ETag": '"an-etag-of-its-own"'})
        return unknown if request.method == "HEAD" else lost(request)

    proxy.decide = decide
    store.upload(_file(tmp_path, LARGE), "large")
    assert direct.read("large") == LARGE
    assert len([request for request in proxy.of("POST") if "uploads" in request.query]) == 2


# --- 403 and 404: once ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("AWS_ACCESS_KEY_ID", "WRONGKEY12345678", "does not know AWS_ACCESS_KEY_ID"),
        ("AWS_SECRET_ACCESS_KEY", "WRONGSECRET12345", "AWS_SECRET_ACCESS_KEY does not match"),
    ],
)
def test_wrong_credentials(
    store: S3Store,
    proxy: Proxy,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    variable: str,
    value: str,
    message: str,
) -> None:
    monkeypatch.setenv(variable, value)
    caplog.set_level(logging.DEBUG, "f5_pipeline")
    for name, use in USES.items():
        proxy.forget()
        with pytest.raises(CredentialsRefused, match=message) as error:
            use(S3Store(store.url), folder)
        assert len(proxy.requests) == (2 if name == "stat" else 1)  # the response to a HEAD has no reason
        assert proxy.endpoint in str(error.value)
        assert value not in str(error.value)
        assert servers.SECRET_KEY not in str(error.value) + caplog.text


def test_a_key_without_list_permission(store: S3Store, proxy: Proxy, folder: Path) -> None:
    def decide(request: Request) -> Fault | None:
        missing = request.method in ("HEAD", "GET") and not request.path.endswith("/object")
        return Fault("answer", 403, "AccessDenied") if request.is_listing or missing else None

    proxy.decide = decide
    assert store.read("object") == b"some data"
    uses = (lambda: store.stat("missing"), lambda: store.read("missing"), lambda: list(store.list("voices/")))
    for use, requests in zip(uses, (2, 1, 1), strict=True):  # a HEAD is asked again in a form that has a reason
        proxy.forget()
        with pytest.raises(AccessRefused, match=r"may not list the bucket \(s3:ListBucket\)") as error:
            use()
        assert len(proxy.requests) == requests
        assert not error.value.transient


@pytest.mark.parametrize("code", ["RequestTimeTooSkewed", "AccessDenied"])
def test_a_wrong_clock(store: S3Store, proxy: Proxy, folder: Path, code: str) -> None:
    date = {"Date": formatdate(time.time() + 40 * 60, usegmt=True)}
    proxy.decide = first(2, Fault("answer", 403, code, headers=date))
    assert store.read("object") == b"some data"  # the clock was corrected in between
    proxy.forget()
    proxy.decide = lambda request: Fault("answer", 403, code, headers=date)
    for use in (lambda: store.read("object"), lambda: store.stat("object")):
        proxy.forget()
        with pytest.raises(ClockWrong, match="clock of this machine is 40 minutes off"):
            use()
        assert len(proxy.requests) in (3, 6)  # told soon; a HEAD is asked again in a form that has a reason


def test_a_refusal_with_a_clock_that_is_slightly_wrong_is_another(store: S3Store, proxy: Proxy) -> None:
    date = {"Date": formatdate(time.time() + 10 * 60, usegmt=True)}
    proxy.decide = lambda request: Fault("answer", 403, "AccessDenied", headers=date)
    with pytest.raises(AccessRefused, match="lack s3:GetObject"):
        store.read("object")
    assert len(proxy.requests) == 1


def test_a_missing_object_is_requested_once(store: S3Store, proxy: Proxy, folder: Path) -> None:
    for use in (lambda: store.read("nothing"), lambda: store.download("nothing", folder / "copy")):
        proxy.forget()
        with pytest.raises(ObjectMissing):
            use()
        assert len(proxy.requests) == 1
    proxy.forget()
    assert store.stat("nothing") is None
    assert len(proxy.requests) == 1


def test_a_missing_bucket(store: S3Store, proxy: Proxy) -> None:
    nowhere = S3Store("s3://no-such-bucket")
    for use in (lambda: list(nowhere.list()), lambda: nowhere.write("x", b"x")):
        with pytest.raises(StoreUnusable, match=r"no such bucket.*Check F5_STORE"):
            use()


def test_no_credentials(store: S3Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(StoreUnusable, match=r"no credentials.*AWS_ACCESS_KEY_ID"):
        S3Store(store.url).read("object")


def test_an_unreachable_endpoint_is_named(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = f"http://127.0.0.1:{servers.free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(StoreBusy, match=endpoint):
        S3Store(store.url).read("object")


# --- large files ----------------------------------------------------------------------------------------------


def test_each_part_is_retried_on_its_own(store: S3Store, direct: S3Store, proxy: Proxy, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(LARGE)
    proxy.decide = first(2, RESET, lambda request: request.method == "PUT")
    store.upload(tmp_path / "large", "large")
    assert len(proxy.of("PUT")) == 3 + 2
    assert direct.read("large") == LARGE
    proxy.forget()
    proxy.decide = first(2, CUT, lambda request: request.method == "GET")
    store.download("large", tmp_path / "copy")
    assert len(proxy.of("GET")) == 3 + 2
    assert (tmp_path / "copy").read_bytes() == LARGE


def test_a_failed_upload_is_aborted(store: S3Store, direct: S3Store, proxy: Proxy, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(LARGE)
    proxy.decide = lambda request: BUSY[0] if request.query.get("partNumber") == ["2"] else None
    with pytest.raises(StoreBusy):
        store.upload(tmp_path / "large", "large")
    assert [request.query.keys() for request in proxy.of("DELETE")] == [{"uploadId"}]
    assert direct.stat("large") is None


def test_the_last_response_of_an_upload_is_lost(store: S3Store, direct: S3Store, proxy: Proxy, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(LARGE)
    proxy.decide = first(1, LOSE, lambda request: request.method == "POST" and "uploadId" in request.query)
    info = store.upload(tmp_path / "large", "large")
    assert info.size == len(LARGE)
    assert direct.read("large") == LARGE


def test_a_download_restarts_if_its_object_is_replaced(
    store: S3Store, direct: S3Store, proxy: Proxy, tmp_path: Path
) -> None:
    direct.upload(_file(tmp_path, LARGE), "large")
    newer, replaced = LARGE[::-1], threading.Event()

    def replace(request: Request) -> None:
        if request.method == "GET" and not replaced.is_set():
            replaced.set()
            direct.upload(_file(tmp_path, newer), "large")

    proxy.meanwhile = replace
    info = store.download("large", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == newer
    assert info.size == len(newer)


def test_a_download_ends_if_its_object_keeps_changing(
    store: S3Store, direct: S3Store, proxy: Proxy, tmp_path: Path
) -> None:
    old, count = direct.upload(_file(tmp_path, LARGE), "large"), iter(range(100))

    def replace(request: Request) -> None:
        if request.method == "GET":
            direct.write("large", LARGE + b"%d" % next(count))

    proxy.meanwhile = replace
    with pytest.raises(KeepsChanging):
        store.download("large", tmp_path / "copy")
    with pytest.raises(ObjectChanged):
        store.download("large", tmp_path / "copy", old.etag)
    assert not (tmp_path / "copy").exists()


def _file(folder: Path, data: bytes) -> Path:
    path = folder / "source"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("seeds", [range(12), pytest.param(range(12, 1000), marks=SOAK)], ids=["quick", "soak"])
def test_with_a_third_of_all_requests_failing_all_files_are_complete(
    store: S3Store, direct: S3Store, proxy: Proxy, tmp_path: Path, seeds: range
) -> None:
    """A file of three parts is transferred many times, and each time it is complete."""
    source = _file(tmp_path, LARGE)
    for seed in seeds:
        proxy.decide = sometimes(0.3, [*BUSY, RESET, LOSE, CUT], seed)
        key, copy = f"large{seed}", tmp_path / f"copy{seed}"
        store.upload(source, key)
        assert direct.read(key) == LARGE
        store.download(key, copy)
        assert copy.read_bytes() == LARGE
    assert not list(tmp_path.glob(".part-*"))
