"""Answers that are not those of an S3 server, or damaged ones, to every operation: an error of ours, never another one.

Captive portals, proxies and half-broken servers send them, with a status of success.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from f5_pipeline.errors import StoreBusy, StoreUnusable
from f5_pipeline.storage import retry, s3, s3_parts
from f5_pipeline.storage.s3 import S3Store
from tests.storage import servers
from tests.storage.proxy import Fault, Proxy, first, proxy_before
from tests.storage.servers import Server

PART = 64 * 1024
LARGE = bytes(range(256)) * 700  # two parts and a part of a third
HTML = {"Content-Type": "text/html; charset=utf-8"}
XML = b'<?xml version="1.0" encoding="UTF-8"?>'
LISTING = XML + b"<ListBucketResult><Name>b</Name><MaxKeys>1000</MaxKeys>"
ENTRY = b"<Key>p/object</Key><LastModified>2026-01-02T03:04:05Z</LastModified><ETag>x</ETag><Size>9</Size>"


def page(body: bytes, **headers: str) -> Fault:
    return Fault("answer", 200, headers=headers, body=body)


# Answers with the status of success.
ANSWERS = {
    "a web page that asks for a login": Fault("answer", 200, headers=HTML, body=b"<!doctype html><p>Please log in<br>"),
    "the same in XML": Fault("answer", 200, headers=HTML, body=XML + b"<html><body><p>Please log in</p></body></html>"),
    "an error": Fault("answer", 200, "InternalError"),
    "nothing": page(b""),
    "truncated XML": page(LISTING[:-9]),
    "another document": page(XML + b"<Something/>"),
    "JSON": page(b'{"message": "hello"}'),
    "bytes": page(bytes(range(256))),
    "many entities": page(b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10 if n else b"&a;" * 10) for n in range(12)
    ) + b"]><ListBucketResult><Name>&a11;</Name></ListBucketResult>"),
    "deep nesting": page(b"<a>" * 100_000),
    "an entry without a key": page(LISTING + b"<Contents><Size>9</Size></Contents></ListBucketResult>"),
    "a size that is no number": page(
        LISTING + b"<Contents>" + ENTRY.replace(b">9<", b">nine<") + b"</Contents></ListBucketResult>"
    ),
    "a date that is none": page(
        LISTING + b"<Contents>" + ENTRY.replace(b"2026-01", b"yesterday") + b"</Contents></ListBucketResult>"
    ),
    "no token of the next page": page(
        LISTING + b"<IsTruncated>true</IsTruncated><Contents>" + ENTRY + b"</Contents></ListBucketResult>"
    ),
    "the same page for ever": page(
        LISTING + b"<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents>"
        + ENTRY + b"</Contents></ListBucketResult>"
    ),
    "no ETag": Fault("alter", headers={"etag": ""}),
    "no date": Fault("alter", headers={"last-modified": ""}),
    "a wrong date": Fault("alter", headers={"last-modified": "", "Last-Modified": "yesterday"}),
    "a length that is no number": Fault("alter", headers={"content-length": "", "Content-Length": "many"}),
    "too large a length": Fault("alter", headers={"content-length": "", "Content-Length": "99999"}),
    "too small a length": Fault("alter", headers={"content-length": "", "Content-Length": "1"}),
    "a wrong range": Fault("alter", headers={"content-range": "", "Content-Range": "bytes 5-1/²"}),
    "a redirect to nowhere": Fault("answer", 302, body=b""),
    "an unknown status": Fault("answer", 799, body=b""),
}  # fmt: skip

Use = Callable[[S3Store, Path], object]
USES: dict[str, Use] = {
    "read": lambda store, folder: store.read("object"),
    "read the beginning": lambda store, folder: store.read("object", first=2),
    "write": lambda store, folder: store.write("new", b"x"),
    "create": lambda store, folder: store.create("new", b"x"),
    "stat": lambda store, folder: store.stat("object"),
    "stat few": lambda store, folder: store.stat_many(["object", "other"]),
    "stat many": lambda store, folder: store.stat_many(["object", *map("k{}".format, range(70))]),
    "list": lambda store, folder: list(store.list()),
    "download": lambda store, folder: store.download("object", folder / "copy"),
    "download parts": lambda store, folder: store.download("large", folder / "copy"),
    "upload": lambda store, folder: store.upload(folder / "source", "new"),
    "upload parts": lambda store, folder: store.upload(folder / "large", "new"),
    "delete": lambda store, folder: store.delete("object"),
    "unfinished uploads": lambda store, folder: store.unfinished_uploads(),
}


@pytest.fixture
def proxy(rclone_server: Server) -> Iterator[Proxy]:
    with proxy_before(rclone_server.endpoint) as running:
        yield running


@pytest.fixture
def store(proxy: Proxy, rclone_server: Server, tmp_path: Path, aws_environment: pytest.MonkeyPatch) -> S3Store:
    """A store with an object and one of several parts; the same files in ``tmp_path``."""
    for module in (s3, s3_parts):
        aws_environment.setattr(module, "PART_BYTES", PART)
    for name, value in servers.environment(proxy.endpoint).items():
        aws_environment.setenv(name, value)
    store = S3Store(f"s3://{rclone_server.bucket()}/p")
    (tmp_path / "source").write_bytes(b"x")
    (tmp_path / "large").write_bytes(LARGE)
    store.write("object", b"some data")
    store.upload(tmp_path / "large", "large")
    return store


#: Operations whose right answer has no content that could be missing, or is like the answers above.
UNDEMANDING = ("delete", "unfinished uploads")


@pytest.mark.parametrize("use", USES)
def test_a_wrong_answer_is_an_error_of_the_store(
    store: S3Store, proxy: Proxy, tmp_path: Path, use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "ATTEMPTS", 1)
    monkeypatch.setenv("F5_RETRY_SECONDS", "0")
    for name, fault in ANSWERS.items():
        proxy.decide = lambda request, fault=fault: fault  # type: ignore[misc]
        error = error_of(USES[use], store, tmp_path)
        if error is None:
            found_at_once = (use, name) == ("stat many", "the same page for ever")  # it has the last wanted key
            assert fault.kind == "alter" or use in UNDEMANDING or found_at_once, name
        else:
            assert error.transient or fault.status == 799, name
            assert len(str(error)) < 500, name
            assert "\n" not in str(error), name
        assert not list(tmp_path.glob(".part-*"))


def error_of(use: Use, store: S3Store, folder: Path) -> StoreUnusable | None:
    try:
        use(store, folder)
    except StoreUnusable as error:
        return error
    return None


def test_a_login_page_is_not_an_empty_store(store: S3Store, proxy: Proxy) -> None:
    """It would be taken for a list without objects, and for the success of a deletion."""
    proxy.decide = lambda request: ANSWERS["the same in XML"]
    with pytest.raises(StoreBusy, match="its answer is not a list of objects"):
        list(store.list())
    with pytest.raises(StoreBusy, match="its answer is a web page"):
        store.delete("object")


def test_one_wrong_answer_is_requested_again(store: S3Store, proxy: Proxy) -> None:
    proxy.decide = first(2, ANSWERS["the same in XML"])
    assert [info.key for info in store.list()] == ["large", "object"]
    assert len(proxy.of("GET")) == 3
