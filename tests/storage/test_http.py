"""Downloads from a real HTTP server: retried, resumed, and never mixed from two versions."""

from __future__ import annotations

import io
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from f5_pipeline.errors import DownloadFailed
from f5_pipeline.storage import http, retry
from f5_pipeline.storage.part_file import open_part
from tests.file_server import FileServer, serving

CONTENT = random.Random(1).randbytes(1_500_000)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "sleep", lambda seconds: None)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving({"/file": CONTENT}) as server:
        yield server


def test_a_file_is_downloaded(server: FileServer, tmp_path: Path) -> None:
    done = http.download(f"{server.url}/file", tmp_path / "parts")
    assert done.path.read_bytes() == CONTENT
    assert done.bytes_received == len(CONTENT)
    assert server.gets == [("/file", "")]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_two_transient_failures_are_retried(server: FileServer, tmp_path: Path, status: int) -> None:
    server.statuses = [status, status]
    assert http.download(f"{server.url}/file", tmp_path).path.read_bytes() == CONTENT
    assert server.count("/file") == 3


def test_lasting_transient_failures_are_an_error(server: FileServer, tmp_path: Path) -> None:
    server.statuses = [503] * 1000
    with pytest.raises(DownloadFailed, match=r"503 .*attempts in 120 s") as caught:
        http.download(f"{server.url}/file", tmp_path)
    assert caught.value.transient
    assert server.count("/file") == caught.value.attempts >= 3


def test_a_download_that_breaks_often_ends_complete(server: FileServer, tmp_path: Path) -> None:
    """Each byte that arrives begins the time anew: a large file takes longer than one request may."""
    server.cut_after = [100_000] * 60  # more attempts than one request gets
    assert http.download(f"{server.url}/file", tmp_path).path.read_bytes() == CONTENT


def test_a_download_that_breaks_at_the_same_byte_ends(server: FileServer, tmp_path: Path) -> None:
    server.ranges, server.cut_after = False, [700_000] * 1000
    with pytest.raises(DownloadFailed, match="attempts in 120 s"):
        http.download(f"{server.url}/file", tmp_path)
    assert server.count("/file") < 100


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_permanent_failure_is_not_retried(server: FileServer, tmp_path: Path, status: int) -> None:
    server.statuses = [status]
    with pytest.raises(DownloadFailed, match=str(status)) as caught:
        http.download(f"{server.url}/file", tmp_path)
    assert not caught.value.transient
    assert server.count("/file") == 1


def test_an_unreachable_server_is_transient(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed) as caught:
        http.download("http://127.0.0.1:9/file", tmp_path)
    assert caught.value.transient


def test_a_truncated_response_is_resumed(server: FileServer, tmp_path: Path) -> None:
    server.cut_after = [700_000, 300_000]
    done = http.download(f"{server.url}/file", tmp_path)
    assert done.path.read_bytes() == CONTENT
    starts = [int(span.strip("bytes=-") or 0) for _, span in server.gets]
    assert 0 == starts[0] < 600_000 < starts[1] < starts[2] < len(CONTENT)
    assert len(list(tmp_path.glob(".part-*-????????????????"))) == 1


def test_without_ranges_the_download_restarts(server: FileServer, tmp_path: Path) -> None:
    server.ranges, server.cut_after = False, [700_000]
    assert http.download(f"{server.url}/file", tmp_path).path.read_bytes() == CONTENT


def test_a_changed_object_is_not_appended_to_the_old_one(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = bytes(reversed(CONTENT))
    server.cut_after = [700_000]
    monkeypatch.setattr(retry, "sleep", lambda seconds: server.files.update({"/file": other}))
    assert http.download(f"{server.url}/file", tmp_path).path.read_bytes() == other
    assert [bool(span) for _, span in server.gets] == [False, True, False]


@pytest.mark.parametrize("pinned", [True, False])
def test_without_versions_only_a_pinned_file_is_resumed(server: FileServer, tmp_path: Path, pinned: bool) -> None:
    server.versions, server.cut_after = False, [700_000]
    assert http.download(f"{server.url}/file", tmp_path, pinned=pinned).path.read_bytes() == CONTENT
    assert bool(server.gets[1][1]) is pinned


def test_a_killed_download_is_resumed_by_the_next_process(server: FileServer, tmp_path: Path) -> None:
    server.delay = 0.05
    code = f"from f5_pipeline.storage.http import *; download({server.url + '/file'!r}, Path({str(tmp_path)!r}))"
    process = subprocess.Popen([sys.executable, "-c", code])
    while server.sent < 500_000:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    server.delay = 0.0
    done = http.download(f"{server.url}/file", tmp_path)
    assert done.path.read_bytes() == CONTENT
    assert 0 < done.bytes_received < len(CONTENT)
    assert server.gets[1][1].startswith("bytes=")


def test_a_complete_part_costs_one_byte(server: FileServer, tmp_path: Path) -> None:
    first = http.download(f"{server.url}/file", tmp_path)
    again = http.download(f"{server.url}/file", tmp_path)
    assert (again.path, again.bytes_received) == (first.path, 1)


def test_two_downloads_do_not_share_a_part(server: FileServer, tmp_path: Path) -> None:
    with open_part(tmp_path) as taken:
        assert http.download(f"{server.url}/file", tmp_path).path != taken.path


def test_the_error_contains_no_secrets_of_the_url(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed) as caught:
        http.download("http://user:secret@127.0.0.1:9/file?token=secret", tmp_path)
    assert "secret" not in str(caught.value)
    assert "127.0.0.1:9/file" in str(caught.value)


def test_the_directory_of_a_zip_is_read_without_the_rest(server: FileServer) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("big", CONTENT)
        archive.writestr("small", b"x" * 10)
    server.files["/zip"] = buffer.getvalue()
    reader = http.open_ranges(f"{server.url}/zip")
    assert reader is not None
    with zipfile.ZipFile(reader) as archive:
        assert sum(info.file_size for info in archive.infolist()) == len(CONTENT) + 10
        sent = server.sent
        assert sent < 100_000
        assert archive.read("small") == b"x" * 10


def test_a_server_without_ranges(server: FileServer) -> None:
    server.ranges = False
    assert http.open_ranges(f"{server.url}/file") is None


def test_redirects_are_followed(server: FileServer, tmp_path: Path) -> None:
    server.redirect["/redirect"] = f"{server.url}/file"
    assert http.download(f"{server.url}/redirect", tmp_path).path.read_bytes() == CONTENT
