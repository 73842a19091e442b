"""The web server for delivered files, over HTTP: what it sends, what it refuses, and the one thing that it writes."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Barrier, Thread

import pytest
import requests

from f5_pipeline.errors import AddressUnusable
from f5_pipeline.manifests.decisions import read_decisions
from f5_pipeline.results.index import IndexRow, write_index
from f5_pipeline.server import app as app_module
from f5_pipeline.server.app import files_app
from f5_pipeline.server.files import PublicFiles
from f5_pipeline.server.listen import bind, serving
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.s3 import S3Store
from tests.storage.servers import Server, environment, moto

KEY = "ab" * 32
AUDIO = bytes(range(256)) * 40
PAGE = "<!doctype html><html><head><title>b</title></head><body></body></html>"
FILES = {
    "batches/b/audio/one.mp3": (AUDIO, "audio/mpeg"),
    "batches/b/audio/one.wav": (AUDIO, "audio/wav"),
    "batches/b/takes/one.2.flac": (AUDIO, "audio/flac"),
    "batches/b/references/f2.wav": (AUDIO, "audio/wav"),
    "batches/b/all.m4b": (AUDIO, "audio/mp4"),
    "batches/b/all.srt": (b"1\n", "application/x-subrip; charset=utf-8"),
    "batches/b/all.vtt": (b"WEBVTT\n", "text/vtt; charset=utf-8"),
    "batches/b/index.csv": (b"id\none\n", "text/csv; charset=utf-8"),
    f"clips/ab/{KEY}.flac": (AUDIO, "audio/flac"),
}
PRIVATE = [
    *("batches/b/utterances.jsonl", "batches/b/provenance.json", "batches/b/delivery.json"),
    *("batches/b/lease-0123456789abcdef.bin", "batches/b/report.links.html", "batches/b/Delivery.json"),
    *("batches/b/.hidden", "batches/b/.partial/x.wav", ".env", "pronunciations.csv", "clips/ab/other.flac"),
    *("manifests/b.csv", "manifests/b.toml", "voices/f2.wav", "models/demo/model.bin", f"clips/ab/{KEY}.whisper.json"),
]


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    store.write("manifests/b.csv", b"id,voice,text\none,f2,It rained.\n")
    write_index(store, "b", [IndexRow("one", "It rained.", key=KEY, attempts=1)])
    for key, (data, _) in FILES.items():
        store.write(key, data)
    store.write("batches/b/report.html", PAGE.encode())
    return store


@pytest.fixture
def address(store: LocalStore, tmp_path: Path) -> Iterator[str]:
    yield from _serve(store, tmp_path)


def _serve(store: LocalStore | S3Store, folder: Path) -> Iterator[str]:
    downloads = folder / "downloads"
    downloads.mkdir()
    with bind("127.0.0.1", 0, "--port") as bound, serving(files_app(store, downloads), bound):
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def _get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=30)


@pytest.mark.parametrize("key", FILES)
def test_delivered_files_are_sent_with_their_types(address: str, key: str) -> None:
    data, kind = FILES[key]
    answer = _get(f"{address}/{key}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if key != "batches/b/index.csv":  # written by the index
        assert answer.content == data
    head = requests.head(f"{address}/{key}", timeout=30)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(answer.content))


@pytest.mark.parametrize(
    ("asked", "status", "sent"),
    [
        ("bytes=0-", 206, AUDIO),
        ("bytes=100-199", 206, AUDIO[100:200]),
        ("bytes=10000-", 206, AUDIO[10000:]),
        ("bytes=-5", 206, AUDIO[-5:]),
        ("bytes=99999-", 416, b""),
    ],
)
def test_a_player_can_seek(address: str, asked: str, status: int, sent: bytes) -> None:
    answer = _get(f"{address}/batches/b/audio/one.mp3", Range=asked)
    assert answer.status_code == status
    if status == 206:
        assert answer.content == sent
        assert answer.headers["Content-Range"].endswith(f"/{len(AUDIO)}")
    assert _get(f"{address}/batches/b/audio/one.mp3").headers["Accept-Ranges"] == "bytes"


def test_an_unchanged_file_is_not_sent_again(address: str, store: LocalStore) -> None:
    url = f"{address}/batches/b/audio/one.mp3"
    etag = _get(url).headers["ETag"]
    assert _get(url, **{"If-None-Match": etag}).status_code == 304
    store.write("batches/b/audio/one.mp3", b"another delivery")
    assert _get(url, **{"If-None-Match": etag}).content == b"another delivery"


@pytest.mark.parametrize("key", PRIVATE)
def test_other_files_of_the_store_are_not_sent(address: str, store: LocalStore, key: str) -> None:
    path = Path(store.url, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"private")
    answer = _get(f"{address}/{key}")
    assert answer.status_code == 404
    assert b"private" not in answer.content


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.wav",
        "/batches/../../secret.wav",
        "/batches/b/../../../secret.wav",
        "/batches/b/..%2f..%2f..%2fsecret.wav",
        "/batches/b/%2e%2e/%2e%2e/%2e%2e/secret.wav",
        "/batches/b/..%5c..%5c..%5csecret.wav",
        "//secret.wav",
        "/batches//b/audio/one.mp3",
        "/batches/b/audio/one.mp3%00.html",
        "/batches/b/audio",
        "/batches/b/audio/",
    ],
)
def test_no_path_leaves_the_store(address: str, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.wav").write_bytes(b"private")
    connection = http.client.HTTPConnection(address.removeprefix("http://"))  # requests would normalize the path
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 404
    assert b"private" not in answer.read()


def test_no_link_leaves_the_store(address: str, store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(b"private")
    Path(store.url, "batches/b/audio/link.wav").symlink_to(tmp_path / "secret.wav")
    Path(store.url, "batches/linked").symlink_to(tmp_path)
    for key in ("batches/b/audio/link.wav", "batches/linked/secret.wav", "batches/linked/report.html"):
        assert _get(f"{address}/{key}").status_code == 404


def test_no_other_page_can_run_scripts(address: str, store: LocalStore) -> None:
    store.write("batches/b/other.html", b"<script>alert(1)</script>")
    store.write("batches/b/other.svg", b"<svg/>")
    for name in ("other.html", "other.svg"):
        answer = _get(f"{address}/batches/b/{name}")
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"] == "attachment"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_written(address: str, store: LocalStore, method: str) -> None:
    before = {info.key: info.etag for info in store.list()}
    for key in (*FILES, "batches/b/new.wav", "manifests/new.csv", "batches/b/report.html"):
        answer = requests.request(method, f"{address}/{key}", data=b"x", timeout=30)
        assert answer.status_code == 405
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert {info.key: info.etag for info in store.list()} == before


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3001", "127.0.0.1.evil.example", "", "10.0.0.1"])
def test_other_names_of_this_server_are_refused(address: str, host: str) -> None:
    """A name that an attacker points to this machine (DNS rebinding)."""
    answer = _get(f"{address}/batches/b/report.html", Host=host)
    assert answer.status_code == 400
    assert "decisions" not in answer.text


def test_the_listening_pages_are_listed(address: str, store: LocalStore) -> None:
    store.write("manifests/never-spoken.csv", b"text\n")
    answer = _get(address)
    assert re.findall(r'href="([^"]*)"', answer.text) == ["/batches/b/report.html"]
    assert "script" not in answer.headers["Content-Security-Policy"]


# --- decisions ------------------------------------------------------------------------------------------------

DECISIONS = b"id,decision\none,respeak\n"


def _place(address: str) -> str:
    """The URL to which the page sends decisions."""
    page = _get(f"{address}/batches/b/report.html")
    place = re.search('<meta name="f5-decisions" content="([^"]+)">', page.text)
    assert place is not None
    assert page.text.replace(place[0], "") == PAGE
    return f"{address}/batches/b/{place[1]}"


def _put(url: str, data: bytes = DECISIONS, **headers: str) -> requests.Response:
    sent: Mapping[str, str] = {"Content-Type": "text/csv", "Origin": url.partition("/batches")[0], **headers}
    return requests.put(url, data=data, headers=sent, timeout=30)


def test_the_page_saves_decisions_in_the_store(address: str, store: LocalStore) -> None:
    assert _put(_place(address)).status_code == 204
    decision = read_decisions(store, "b")["one"]
    assert (decision.decision, decision.take) == ("respeak", 1)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost", ""])
def test_another_site_cannot_write_decisions(address: str, store: LocalStore, origin: str) -> None:
    assert _put(_place(address), Origin=origin).status_code == 403
    assert read_decisions(store, "b") == {}


def test_decisions_need_the_token_of_the_page(address: str, store: LocalStore) -> None:
    place = _place(address)
    for url in (place.partition("?")[0], place + "x", place.partition("=")[0] + "=é"):
        assert _put(url).status_code == 403
    assert read_decisions(store, "b") == {}


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"id,decision\nnobody,accept\n", "nobody"), (b"\xff\xfe\x00", "decisions.csv"), (b"", "decisions.csv")],
)
def test_wrong_decisions_are_explained_to_the_listener(
    address: str, store: LocalStore, data: bytes, reason: str
) -> None:
    answer = _put(_place(address), data)
    assert answer.status_code == 400
    assert reason in answer.text
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert read_decisions(store, "b") == {}


def test_too_many_decisions_are_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "MAX_BYTES", 10)
    assert _put(_place(address)).status_code == 413


def test_a_form_cannot_send_decisions(address: str, store: LocalStore) -> None:
    assert _put(_place(address), **{"Content-Type": "text/plain"}).status_code == 415
    assert read_decisions(store, "b") == {}


def test_decisions_that_arrive_at_once_are_all_kept(address: str, store: LocalStore) -> None:
    write_index(store, "b", [IndexRow(f"line-{n}", "It rained.", key=KEY, attempts=1) for n in range(8)])
    place, together = _place(address), Barrier(8)

    def put(number: int) -> None:
        together.wait()
        assert _put(place, f"id,decision\nline-{number},respeak\n".encode()).status_code == 204

    threads = [Thread(target=put, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_decisions(store, "b")) == 8


# --- buckets --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto() as server:
        yield server


@pytest.fixture
def bucket(server: Server, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    for name, value in environment(server.endpoint).items():
        monkeypatch.setenv(name, value)
    return S3Store(f"s3://{server.bucket()}/files")


def test_a_bucket_is_served_like_a_folder(bucket: S3Store, store: LocalStore, tmp_path: Path) -> None:
    for info in store.list():
        bucket.write(info.key, store.read(info.key))
    for address in _serve(bucket, tmp_path):
        answer = _get(f"{address}/batches/b/audio/one.mp3", Range="bytes=100-199")
        assert (answer.status_code, answer.content) == (206, AUDIO[100:200])
        assert answer.headers["Content-Type"] == "audio/mpeg"
        assert _put(_place(address)).status_code == 204
        assert _get(f"{address}/batches/b/audio/none.mp3").status_code == 404
        assert _get(f"{address}/manifests/b.csv").status_code == 404
        assert "/batches/b/report.html" in _get(address).text
        bucket.write("batches/b/audio/one.mp3", b"another delivery")
        assert _get(f"{address}/batches/b/audio/one.mp3").content == b"another delivery"
    assert read_decisions(bucket, "b")["one"].decision == "respeak"


def test_downloads_are_kept_up_to_a_limit(bucket: S3Store, tmp_path: Path) -> None:
    files = PublicFiles(bucket, tmp_path, max_bytes=250)
    for number in range(4):
        bucket.write(f"batches/b/audio/{number}.wav", bytes(100))
    paths = [files.path_of(f"batches/b/audio/{number}.wav") for number in (0, 1, 0, 2, 3)]
    assert paths[0] == paths[2]
    assert [path.exists() for path in paths[1:]] == [False, False, True, True]


# --- addresses ------------------------------------------------------------------------------------------------


def test_a_port_in_use_is_one_sentence_with_the_fix() -> None:
    with bind("127.0.0.1", 0, "--port") as first:
        port = first.getsockname()[1]
        with pytest.raises(AddressUnusable, match=f"127.0.0.1:{port} is used by another program.*--files-port"):
            bind("127.0.0.1", port, "--files-port")


@pytest.mark.parametrize("host", ["not-a-host.invalid", "203.0.113.7"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(AddressUnusable, match="cannot be used"):
        bind(host, 0, "--port")
