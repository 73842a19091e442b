"""Downloading wheels from a server, a folder or a bucket; measured first, verified against their sha256."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from f5_pipeline.environment import download
from f5_pipeline.environment.download import fetch_wheel, measure_wheel
from f5_pipeline.environment.wheels import Wheel
from f5_pipeline.errors import BadSetting, DownloadFailed, DownloadRefused, FileAltered, FileUnusable, ObjectMissing
from f5_pipeline.storage import retry, web_route
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore
from tests.environment.scratch import NAME, build_wheel
from tests.file_server import FileServer, serving

CONTENT = build_wheel(library=bytes(100_000))


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "sleep", lambda seconds: None)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving({f"/{NAME}": CONTENT}) as server:
        yield server


def wheel_from(source: str, sha256: str | None = None) -> Wheel:
    return Wheel(NAME, source, "2.8.3", sha256, wheel_bytes=7, unpacked_bytes=9)


def unpacked(tmp_path: Path) -> int:
    (tmp_path / "w.whl").write_bytes(CONTENT)
    with zipfile.ZipFile(tmp_path / "w.whl") as archive:
        return sum(info.file_size for info in archive.infolist())


def test_a_wheel_is_measured_without_downloading_it(server: FileServer, tmp_path: Path) -> None:
    wheel = wheel_from(f"{server.url}/{NAME}")
    assert measure_wheel(wheel, tmp_path / "cache") == (len(CONTENT), unpacked(tmp_path))
    assert all(span.startswith("bytes=-") for _, span in server.gets)
    fetch_wheel(wheel, tmp_path / "cache")
    assert measure_wheel(wheel, tmp_path / "cache") == (0, unpacked(tmp_path))


def test_without_ranges_the_sizes_are_estimates(server: FileServer, tmp_path: Path) -> None:
    server.ranges = False
    assert measure_wheel(wheel_from(f"{server.url}/{NAME}"), tmp_path) == (7, 9)


def test_a_response_that_is_not_a_wheel(server: FileServer, tmp_path: Path) -> None:
    server.files[f"/{NAME}"] = b"<html>Not found, but with status 200</html>"
    with pytest.raises(DownloadFailed, match="not a wheel"):
        measure_wheel(wheel_from(f"{server.url}/{NAME}"), tmp_path)


def test_later_downloads_must_equal_the_first(server: FileServer, tmp_path: Path) -> None:
    wheel = wheel_from(f"{server.url}/{NAME}")
    first = fetch_wheel(wheel, tmp_path)
    assert (first.sha256, first.bytes_downloaded) == (hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    first.path.unlink()
    server.files[f"/{NAME}"] = build_wheel()
    with pytest.raises(FileAltered):
        fetch_wheel(wheel, tmp_path)
    assert not first.path.exists()


def test_a_pinned_wheel_with_other_content(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(FileAltered):
        fetch_wheel(wheel_from(f"{server.url}/{NAME}", "0" * 64), tmp_path)


def test_plain_http_from_the_internet_needs_a_hash(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here this machine's own address counts as public."""
    monkeypatch.setattr(web_route, "is_public", lambda address: True)
    url = f"{server.url}/{NAME}"
    for call in (measure_wheel, fetch_wheel):
        with pytest.raises(DownloadRefused, match="plain http"):
            call(wheel_from(url), tmp_path)
    wheel = wheel_from(url, hashlib.sha256(CONTENT).hexdigest())
    assert measure_wheel(wheel, tmp_path)[0] == len(CONTENT)
    assert fetch_wheel(wheel, tmp_path).path.read_bytes() == CONTENT


def test_a_server_that_sends_more_than_a_wheel(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_LARGEST", len(CONTENT) - 1)
    with pytest.raises(DownloadRefused, match="larger"):
        fetch_wheel(wheel_from(f"{server.url}/{NAME}"), tmp_path)


def test_a_wheel_in_a_folder(tmp_path: Path) -> None:
    wheel = wheel_from(str(tmp_path / "mirror" / NAME))
    for call in (measure_wheel, fetch_wheel):
        with pytest.raises(DownloadFailed, match="no such file"):
            call(wheel, tmp_path / "cache")
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / NAME).write_bytes(CONTENT)
    assert measure_wheel(wheel, tmp_path / "cache") == (len(CONTENT), unpacked(tmp_path))
    done = fetch_wheel(wheel, tmp_path / "cache")
    assert (done.path.read_bytes(), done.bytes_downloaded) == (CONTENT, 0)


def test_a_wheel_of_an_unknown_user(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="home folder of an unknown user"):
        measure_wheel(wheel_from(f"~no-such-user/{NAME}"), tmp_path)


def test_a_file_that_is_not_a_wheel(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"not a zip")
    with pytest.raises(FileUnusable, match="not a wheel"):
        measure_wheel(wheel_from(str(tmp_path / NAME)), tmp_path / "cache")


def test_a_wheel_in_a_real_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:{1}".format(*server.get_host_and_port()))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ACCESSKEY1234567")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRETKEY1234567")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        client = boto3.client("s3")
        client.create_bucket(Bucket="wheels")
        wheel = wheel_from(f"s3://wheels/mirror/{NAME}")
        with pytest.raises(ObjectMissing, match="with _ for its"):
            measure_wheel(wheel, tmp_path)
        client.put_object(Bucket="wheels", Key=f"mirror/{NAME.replace('+', '_')}", Body=CONTENT)
        assert measure_wheel(wheel, tmp_path) == (len(CONTENT), 9)
        assert fetch_wheel(wheel, tmp_path).path.read_bytes() == CONTENT
        assert measure_wheel(wheel, tmp_path) == (0, unpacked(tmp_path))
    finally:
        server.stop()


def test_a_wheel_in_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the bucket is a folder behind the same interface."""
    opened: list[str] = []

    def open_store(url: str) -> ObjectStore:
        opened.append(url)
        return LocalStore(tmp_path / "bucket")

    monkeypatch.setattr(download, "open_store", open_store)
    wheel = wheel_from(f"s3://bucket/wheels/{NAME}")
    with pytest.raises(BadSetting):
        measure_wheel(replace(wheel, source=f"s3://{NAME}"), tmp_path)
    for call in (measure_wheel, fetch_wheel):
        with pytest.raises(ObjectMissing):
            call(wheel, tmp_path / "cache")
    LocalStore(tmp_path / "bucket").write(f"wheels/{NAME.replace('+', '_')}", CONTENT)
    assert measure_wheel(wheel, tmp_path / "cache") == (len(CONTENT), 9)
    done = fetch_wheel(wheel, tmp_path / "cache")
    assert (done.path.name, done.bytes_downloaded) == (NAME, len(CONTENT))
    assert set(opened) == {"s3://bucket"}
