"""Files of the hub and of its mirrors, on a real server that behaves as they do."""

from __future__ import annotations

import hashlib
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from f5_pipeline.errors import AnswerRefused, BadSetting, DownloadFailed, DownloadRefused, FileAltered
from f5_pipeline.models.files import bytes_to_fetch, fetch
from f5_pipeline.models.spec import SourceFile
from f5_pipeline.storage import retry
from f5_pipeline.storage.answers import retry_after
from f5_pipeline.storage.download_progress import DownloadProgress, observe_downloads
from f5_pipeline.storage.pinned import PinnedFile
from tests.models.hub_server import COMMIT, Hub, hub

CONTENT = random.Random(2).randbytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER = CONTENT[::-1]
SOURCE, PATH = "hf://me/demo@main/sub/model.bin", "/me/demo/resolve/main/sub/model.bin"
PINNED, UNPINNED = SourceFile(SOURCE, SHA256, len(CONTENT)), SourceFile(SOURCE)
BOTH = pytest.mark.parametrize("file", [PINNED, UNPINNED], ids=["pinned", "unpinned"])


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The home of the hub's library, without a token and a cache."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(retry, "sleep", lambda seconds: None)
    return tmp_path / "home"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub({"sub/model.bin": CONTENT}) as server:
        monkeypatch.setenv("HF_ENDPOINT", f"{server.url}/")
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def get(file: SourceFile, cache: Path) -> PinnedFile:
    return fetch("m", "checkpoint", file, cache, None)


def refusal(file: SourceFile, cache: Path) -> DownloadFailed:
    with pytest.raises(DownloadFailed) as caught:
        get(file, cache)
    assert not isinstance(caught.value, AnswerRefused)  # in the words of the hub
    return caught.value


def leftovers(cache: Path) -> list[str]:
    return [path.name for path in cache.rglob("*") if ".part-" in path.name or path.name.endswith(".download")]


# --- mirrors ------------------------------------------------------------------------------------------------------

MODES = ["", "nocommit", "nolength", "nohead", "noranges", "noetag", "gzip", "xet", "nocommit noetag nohead"]


@BOTH
@pytest.mark.parametrize("mode", MODES)
def test_a_mirror_needs_nothing_but_get(server: Hub, cache: Path, mode: str, file: SourceFile) -> None:
    server.mode = set(mode.split())
    assert get(file, cache).path.read_bytes() == CONTENT
    assert [(request.method, request.path) for request in server.requests] == [("GET", PATH)]
    assert leftovers(cache) == []


@BOTH
@pytest.mark.parametrize("mode", ["", "noranges", "gzip", "wrongrange", "noetag"])
def test_a_connection_that_breaks(server: Hub, cache: Path, mode: str, file: SourceFile) -> None:
    server.mode, server.cuts = set(mode.split()), [100_000]
    assert get(file, cache).path.read_bytes() == CONTENT
    assert leftovers(cache) == []


@BOTH
def test_progress_is_not_a_failed_attempt(server: Hub, cache: Path, file: SourceFile) -> None:
    """A connection that breaks more often than there are attempts; hardly a byte is sent twice."""
    server.cuts = [30_000] * 9
    done = get(file, cache)
    assert done.path.read_bytes() == CONTENT
    assert done.bytes_downloaded <= len(CONTENT) + 20
    assert server.starts[0] is None
    assert server.starts[1:] == sorted(start for start in server.starts if start)


@pytest.mark.parametrize("cut", [0, 1, 100])
def test_a_server_that_sends_hardly_anything_is_given_up(
    server: Hub, cache: Path, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("F5_RETRY_SECONDS", "0")
    server.cuts = [cut] * 1000
    assert refusal(PINNED, cache).transient
    assert len(server.requests) == retry.ATTEMPTS


@BOTH
def test_a_part_that_is_longer_than_the_file(server: Hub, cache: Path, file: SourceFile) -> None:
    server.files["sub/model.bin"], server.cuts = CONTENT * 2, [400_000]
    server.answers = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retry, "sleep", lambda seconds: server.files.update({"sub/model.bin": CONTENT}))
        assert get(SourceFile(file.source, file.sha256), cache).path.read_bytes() == CONTENT
    assert server.starts == [None, 399_999, None]


def test_other_etags_of_the_same_file_do_not_matter_if_it_is_pinned(server: Hub, cache: Path) -> None:
    server.cuts, server.etags = [100_000, 100_000], ["a", "b", "c"]
    assert get(PINNED, cache).bytes_downloaded < len(CONTENT) + 10


@BOTH
def test_a_file_that_changes_is_never_mixed(
    server: Hub, cache: Path, file: SourceFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["sub/model.bin"], server.cuts = OTHER, [100_000]
    monkeypatch.setattr(retry, "sleep", lambda seconds: server.files.update({"sub/model.bin": CONTENT}))
    assert get(file, cache).path.read_bytes() == CONTENT
    assert server.starts == [None, 99_999, None]
    assert leftovers(cache) == []


def test_a_wrong_file_is_named_and_downloaded_once(server: Hub, cache: Path) -> None:
    server.files["sub/model.bin"] = OTHER
    with pytest.raises(FileAltered, match=r"sub/model\.bin has the sha256 .*300,000 bytes arrived"):
        get(PINNED, cache)
    assert server.starts == [None]
    assert leftovers(cache) == []


PAGE, POINTER = b"<!DOCTYPE html><html>Sign in", b"version https://git-lfs.github.com/spec/v1\noid sha256:0"


@pytest.mark.parametrize(("content", "reason"), [(PAGE, "is a web page"), (POINTER, "a pointer of Git LFS")])
def test_a_page_or_a_pointer_instead_of_a_pinned_file(server: Hub, cache: Path, content: bytes, reason: str) -> None:
    server.files["sub/model.bin"], server.content_type = content, "text/html; charset=utf-8"
    with pytest.raises(FileAltered, match=reason):
        get(PINNED, cache)


def test_a_login_page_is_not_recorded_as_the_file(server: Hub, cache: Path) -> None:
    server.files["sub/model.bin"], server.content_type = PAGE, "text/html; charset=utf-8"
    assert "a web page instead of the file" in str(refusal(UNPINNED, cache))
    server.files["sub/model.bin"], server.content_type = CONTENT, "application/octet-stream"
    assert get(UNPINNED, cache).path.read_bytes() == CONTENT


def test_a_larger_file_than_in_the_catalogue_is_refused(server: Hub, cache: Path) -> None:
    with pytest.raises(DownloadRefused, match="larger than 1,000 bytes"):
        get(SourceFile(SOURCE, size=1000), cache)


# --- redirects to another server ------------------------------------------------------------------------------------


@pytest.fixture
def cdn(server: Hub) -> Iterator[Hub]:
    """The server that keeps the contents, at another address."""
    with hub({"sub/model.bin": CONTENT}, signature="sig=first") as cdn:
        server.cdn = cdn
        yield cdn


def test_no_other_server_receives_the_token(
    server: Hub, cdn: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HF_TOKEN", "hf_token")
    assert get(PINNED, cache).path.read_bytes() == CONTENT
    assert [request.token for request in server.requests] == ["Bearer hf_token"]
    assert "hf_token" not in "".join(request.token for request in cdn.requests)


def test_the_token_is_kept_on_the_same_server(server: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_token")
    server.answers = [(307, {"Location": f"/api{PATH}"})]
    assert get(PINNED, cache).path.read_bytes() == CONTENT
    assert [request.token for request in server.requests] == ["Bearer hf_token"] * 2


def test_an_address_that_expires_in_the_middle(server: Hub, cdn: Hub, cache: Path) -> None:
    """The first answer to the resumed download refers to the old address, as a proxy's would that kept it."""
    cdn.cuts, stale = [100_000], f"{cdn.url}{PATH}?sig=first"

    def expire(seconds: float) -> None:
        cdn.signature = "sig=second"
        server.answers = [(302, {"Location": stale})]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retry, "sleep", expire)
        assert get(PINNED, cache).bytes_downloaded == len(CONTENT) + 1
    assert [(request.query, request.start) for request in cdn.requests] == [
        ("sig=first", None),
        ("sig=first", 99_999),
        ("sig=second", 99_999),
    ]


def test_a_server_behind_the_hub_that_refuses_is_named(server: Hub, cdn: Hub, cache: Path) -> None:
    server.answers = [(302, {"Location": f"{cdn.url}{PATH}?wrong"})] * 2
    error = refusal(PINNED, cache)
    assert f"{cdn.url}, to which it redirects, answered 403" in str(error)
    assert not error.transient
    assert len(cdn.requests) == 2


# --- refusals -------------------------------------------------------------------------------------------------------

# Status, X-Error-Code, if a token is set, and what the message has.
REFUSALS = [
    (401, "GatedRepo", False, "is gated, .*Ask for access at .*/me/demo with an account, then set HF_TOKEN"),
    (403, "GatedRepo", True, "is gated, .*Ask for access at .*/me/demo with the account of HF_TOKEN"),
    (401, "RepoNotFound", False, "private, gated or absent.*Log in with HF_TOKEN"),
    (401, "", True, "Check HF_TOKEN"),
    (403, "", True, "Check HF_TOKEN"),
    (403, "DisabledRepo", True, "disabled"),
    (404, "RepoNotFound", False, "no such repository.*HF_TOKEN"),
    (404, "RevisionNotFound", False, "me/demo has no revision main"),
    (404, "EntryNotFound", False, "me/demo has no file sub/model.bin at the revision main"),
    (410, "", False, "the hub answered 410"),
]


@pytest.mark.parametrize(("status", "code", "token", "message"), REFUSALS)
def test_a_refusal_says_what_to_do_and_is_not_repeated(
    server: Hub,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    code: str,
    token: bool,
    message: str,
) -> None:
    if token:
        monkeypatch.setenv("HF_TOKEN", "hf_abcdefghij")
    server.answers = [(status, {"X-Error-Code": code})]
    error = refusal(PINNED, cache)
    assert re.search(message, str(error))
    assert "hf_abcdefghij" not in str(error)
    assert not error.transient
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_hub_says_how_long_to_wait(server: Hub, cache: Path, status: int) -> None:
    server.answers = [(status, {"Retry-After": "7"})] * 2
    assert get(PINNED, cache).path.read_bytes() == CONTENT
    server.answers = [(status, {"Retry-After": "7"})] * 100
    error = refusal(PINNED, cache.with_name("other"))
    assert (error.transient, retry_after(error)) == (True, 7.0)
    assert re.search(r"\(\d+ attempts in \d+ s\)", str(error))
    assert str(status) in str(error)


def test_offline_no_request_is_sent(server: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE is set" in str(refusal(PINNED, cache))
    assert server.requests == []


def test_a_hub_that_cannot_be_reached_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    error = refusal(PINNED, cache)
    assert "the hub http://127.0.0.1:9 cannot be reached" in str(error)
    assert error.transient


def test_an_endpoint_that_is_no_address(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "hf-mirror.com")
    with pytest.raises(BadSetting, match=r"HF_ENDPOINT.*hf-mirror\.com is not a web address"):
        get(PINNED, cache)


# --- the user's cache -------------------------------------------------------------------------------------------------


def put_in_cache(home: Path, content: bytes, commit: str = COMMIT, blob: str = "", ref: str = "main") -> Path:
    """A file as the hub's library stores it. Returns the blob."""
    repository = home / "hub" / "models--me--demo"
    path, target = repository / "snapshots" / commit / "sub/model.bin", repository / "blobs" / (blob or "git-sha1")
    for folder in (path.parent, target.parent, repository / "refs"):
        folder.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    path.symlink_to(target)
    (repository / "refs" / ref).write_text(commit)
    return target


@pytest.mark.parametrize("blob", [SHA256, "git-sha1"])
def test_a_pinned_file_is_taken_from_the_cache_by_its_sha256(
    cache: Path, home: Path, monkeypatch: pytest.MonkeyPatch, blob: str
) -> None:
    """At any revision, and without a hub; it stays when that cache is deleted."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    stored = put_in_cache(home, CONTENT, commit="f" * 40, blob=blob, ref="old")
    done = get(PINNED, cache)
    assert done.bytes_downloaded == 0
    assert done.path.samefile(stored)  # no second copy
    shutil.rmtree(home)
    assert get(PINNED, cache).path.read_bytes() == CONTENT


def test_a_cache_that_cannot_be_linked_is_copied(cache: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", link)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    stored = put_in_cache(home, CONTENT)
    assert get(PINNED, cache).path.read_bytes() == CONTENT
    assert not get(PINNED, cache).path.samefile(stored)


def test_another_or_damaged_file_of_the_cache_is_not_used(server: Hub, cache: Path, home: Path) -> None:
    put_in_cache(home, OTHER, blob=SHA256)
    assert get(PINNED, cache).path.read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_a_commit_is_taken_from_the_cache_without_a_sha256(cache: Path, home: Path, server: Hub) -> None:
    put_in_cache(home, CONTENT)
    assert get(SourceFile(SOURCE.replace("main", COMMIT)), cache).path.read_bytes() == CONTENT
    assert server.requests == []


def test_a_branch_is_taken_from_the_cache_if_the_hub_names_its_commit(cache: Path, home: Path, server: Hub) -> None:
    put_in_cache(home, CONTENT)
    done = get(UNPINNED, cache)
    assert (done.path.read_bytes(), done.bytes_downloaded) == (CONTENT, 0)
    assert server.starts == [0]


@pytest.mark.parametrize("mode", ["", "nocommit"])
def test_a_branch_that_has_moved_is_downloaded(cache: Path, home: Path, server: Hub, mode: str) -> None:
    put_in_cache(home, OTHER, commit="f" * 40)
    server.mode = set(mode.split())
    assert get(UNPINNED, cache).path.read_bytes() == CONTENT
    assert server.starts == [0, None]


@pytest.mark.parametrize("reason", ["HF_HUB_OFFLINE", "unreachable", "busy"])
def test_without_a_hub_a_branch_is_what_it_last_was(
    server: Hub,
    cache: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    reason: str,
) -> None:
    put_in_cache(home, OTHER, commit="f" * 40)
    if reason == "HF_HUB_OFFLINE":
        monkeypatch.setenv(reason, "1")
    elif reason == "unreachable":
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    else:
        server.answers = [(503, {})] * 100
    assert get(UNPINNED, cache).path.read_bytes() == OTHER
    assert "which may be old" in caplog.text
    assert len(server.requests) == (3 if reason == "busy" else 0)


def test_one_busy_answer_does_not_make_a_copy_current(server: Hub, cache: Path, home: Path) -> None:
    put_in_cache(home, OTHER, commit="f" * 40)
    server.answers = [(503, {})] * 2
    assert get(UNPINNED, cache).path.read_bytes() == CONTENT


def test_an_absent_repository_is_not_replaced_by_the_cache(server: Hub, cache: Path, home: Path) -> None:
    put_in_cache(home, OTHER, commit="f" * 40)
    server.answers = [(404, {"X-Error-Code": "RepoNotFound"})]
    assert "no such repository" in str(refusal(UNPINNED, cache))


# --- disk space and progress ------------------------------------------------------------------------------------------


def test_what_is_here_already_needs_no_disk_space(server: Hub, cache: Path, home: Path) -> None:
    assert bytes_to_fetch(PINNED, len(CONTENT), cache) == len(CONTENT)
    server.cuts = [100_000] + [0] * 1000
    refusal(PINNED, cache)
    assert bytes_to_fetch(PINNED, len(CONTENT), cache) == len(CONTENT) - 100_000
    put_in_cache(home, CONTENT, blob=SHA256)
    assert bytes_to_fetch(PINNED, len(CONTENT), cache) == 0


def test_an_observer_sees_a_download(server: Hub, cache: Path) -> None:
    seen: list[DownloadProgress] = []
    server.cuts = [100_000]
    with observe_downloads(seen.append):
        get(PINNED, cache)
    assert {each.size for each in seen} == {len(CONTENT)}
    assert [each.bytes_here for each in seen] == sorted(each.bytes_here for each in seen)
    assert seen[-1].bytes_here == len(CONTENT)
    assert seen[0].address == f"{server.url}{PATH}"
    count = len(seen)
    get(PINNED, cache.with_name("other"))
    assert len(seen) == count


# --- a process that is killed -----------------------------------------------------------------------------------------

_FETCH = """
import sys, time
from pathlib import Path
from f5_pipeline.models.files import fetch
from f5_pipeline.models.spec import SourceFile
from f5_pipeline.storage.download_progress import observe_downloads

def stop(progress):
    if progress.bytes_here >= int(sys.argv[3]):
        print("there", flush=True)
        time.sleep(600)

with observe_downloads(stop):
    fetch("m", "checkpoint", SourceFile(sys.argv[1], sys.argv[2]), Path(sys.argv[4]), None)
"""


@pytest.mark.slow
def test_killed_downloads_are_resumed_and_leave_one_part(server: Hub, cache: Path) -> None:
    for size in (100_000, 200_000):
        command = [sys.executable, "-c", _FETCH, SOURCE, SHA256, str(size), str(cache)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "there\n"
            process.send_signal(signal.SIGKILL)
        assert len([path for path in cache.rglob(".part-*") if path.suffix != ".version"]) == 1
    assert get(PINNED, cache).bytes_downloaded <= 100_001
    assert server.starts[0] is None
    assert 0 < (server.starts[1] or 0) < (server.starts[2] or 0)
    assert leftovers(cache) == []
