"""Fetching from the store: once per machine, only changed objects, and pairs of one version."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import botocore.loaders
import botocore.session
import pytest

from f5_pipeline.errors import KeepsChanging, ObjectMissing, StoreBusy
from f5_pipeline.storage import retry
from f5_pipeline.storage.fetch import LocalCopy, fetch
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore
from f5_pipeline.storage.open import open_store
from f5_pipeline.storage.parallel import in_parallel
from tests.storage import processes, servers
from tests.storage.proxy import BUSY, CUT, RESET, Proxy, proxy_before, sometimes
from tests.storage.servers import Server


class RecordingStore(LocalStore):
    """A store that records its downloads and applies ``changes``, one after each download."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.downloads: list[str] = []
        self.changes: Iterator[dict[str, bytes]] = iter(())

    def download(self, key: str, path: Path, etag: str | None = None) -> ObjectInfo:
        info = super().download(key, path, etag)
        self.downloads.append(key)
        for other, data in next(self.changes, {}).items():
            self.write(other, data) if data else self.delete(other)
        return info


@pytest.fixture
def store(tmp_path: Path) -> RecordingStore:
    store = RecordingStore(tmp_path / "store")
    store.write("voices/anna.txt", b"text 1")
    store.write("voices/anna.wav", b"audio 1")
    return store


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def fetch_groups(store: ObjectStore, groups: list[list[ObjectInfo]], cache: Path) -> list[list[LocalCopy]]:
    return in_parallel(lambda group: fetch(store, group, cache), groups)


def listed(store: ObjectStore) -> list[ObjectInfo]:
    return list(store.list("voices/"))


def contents(store: ObjectStore, wanted: list[ObjectInfo], cache: Path) -> list[bytes]:
    return [copy.path.read_bytes() for copy in fetch(store, wanted, cache)]


def test_only_changed_objects_are_fetched(store: RecordingStore, cache: Path) -> None:
    assert contents(store, listed(store), cache) == [b"text 1", b"audio 1"]
    assert contents(store, listed(store), cache) == [b"text 1", b"audio 1"]
    assert store.downloads == ["voices/anna.txt", "voices/anna.wav"]
    old = fetch(store, listed(store), cache)
    store.write("voices/anna.txt", b"text 2")
    assert contents(store, listed(store), cache) == [b"text 2", b"audio 1"]
    assert store.downloads[2:] == ["voices/anna.txt"]
    assert old[0].path.read_bytes() == b"text 1"  # a reader of the old version keeps it
    assert old[0].path.name == "anna.txt"


def test_a_pair_is_from_one_moment(store: RecordingStore, cache: Path) -> None:
    """Both are replaced after the first was copied: the old text must not be paired with the new audio."""
    store.changes = iter([{"voices/anna.txt": b"text 2", "voices/anna.wav": b"audio 2"}])
    copies = fetch(store, listed(store), cache)
    assert [copy.path.read_bytes() for copy in copies] == [b"text 2", b"audio 2"]
    assert [copy.info.etag for copy in copies] == [info.etag for info in listed(store)]


def test_an_object_that_was_replaced_since_the_listing(store: RecordingStore, cache: Path) -> None:
    old = listed(store)
    store.write("voices/anna.wav", b"audio 2")
    assert contents(store, old, cache) == [b"text 1", b"audio 2"]


def test_a_pair_that_keeps_changing(store: RecordingStore, cache: Path) -> None:
    store.changes = iter([{"voices/anna.txt": b"text %d" % number} for number in range(100)])
    with pytest.raises(KeepsChanging, match=r"anna.txt and .*anna.wav"):
        fetch(store, listed(store), cache)


def test_a_pair_that_is_replaced_for_a_minute(store: RecordingStore, cache: Path, waits: list[float]) -> None:
    """Three attempts within a moment are not enough: somebody is copying a folder of voices."""

    def replaced() -> Iterator[dict[str, bytes]]:
        while sum(waits) < 60:
            yield {"voices/anna.txt": b"text %d" % len(waits)}

    store.changes = replaced()
    assert contents(store, listed(store), cache) == [store.read("voices/anna.txt"), b"audio 1"]
    assert 60 <= sum(waits) < 120


def test_a_pair_of_which_one_is_deleted(store: RecordingStore, cache: Path) -> None:
    store.changes = iter([{"voices/anna.wav": b""}])
    with pytest.raises(ObjectMissing, match=r"anna.wav is not in the store"):
        fetch(store, listed(store), cache)


def test_a_damaged_copy_is_fetched_again(store: RecordingStore, cache: Path) -> None:
    for copy in fetch(store, listed(store), cache):
        copy.path.write_bytes(b"")
    assert contents(store, listed(store), cache) == [b"text 1", b"audio 1"]


def test_two_stores_do_not_share_copies(store: RecordingStore, cache: Path, tmp_path: Path) -> None:
    other = LocalStore(tmp_path / "other")
    other.write("voices/anna.wav", b"AUDIO 1")
    fetch(store, listed(store), cache)
    assert contents(other, listed(other), cache) == [b"AUDIO 1"]


def test_many_threads_fetch_once(store: RecordingStore, cache: Path) -> None:
    for number in range(20):
        store.write(f"voices/v{number}.wav", b"%d" % number)
    groups = [[info] for info in store.list("voices/")]
    threads = [threading.Thread(target=fetch_groups, args=(store, groups, cache)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(store.downloads) == {group[0].key: 1 for group in groups}
    assert [copies[0].path.read_bytes() for copies in fetch_groups(store, groups, cache)][2:] == [
        b"%d" % int(group[0].key[8:-4]) for group in groups[2:]
    ]


# --- many processes, one server -------------------------------------------------------------------------------

PROCESSES, VOICES = 32, 20
_LOADER = botocore.loaders.create_loader()  # shared with the processes that are forked later
_LOADER.load_service_model("s3", "service-2")


def _fetch_all_voices(url: str, environment: dict[str, str], cache: Path, start, answers) -> None:
    os.environ.update(environment)
    retry.sleep = lambda seconds: None
    botocore.session.create_loader = lambda *_: _LOADER
    store = open_store(url)
    start.wait()
    try:
        groups: dict[str, list[ObjectInfo]] = {}
        for info in store.list("voices/"):
            groups.setdefault(info.key.rpartition(".")[0], []).append(info)
        copies = fetch_groups(store, list(groups.values()), cache)
        answers.put({copy.info.key: copy.path.read_bytes() for group in copies for copy in group})
    except Exception as error:  # noqa: BLE001 - the parent checks it
        answers.put(repr(error))


@pytest.fixture
def voices(rclone_server: Server, aws_environment: pytest.MonkeyPatch) -> Iterator[tuple[Proxy, str, dict[str, bytes]]]:
    """A bucket with voices behind a recording proxy: the proxy, the URL of the store, and its content."""
    for name, value in servers.environment(rclone_server.endpoint).items():
        aws_environment.setenv(name, value)
    store = open_store(f"s3://{rclone_server.bucket()}/team")
    keys = [f"voices/v{number}.{kind}" for number in range(VOICES) for kind in ("wav", "txt")]
    data = {key: key.encode() * 999 for key in keys}
    for key, content in data.items():
        store.write(key, content)
    with proxy_before(rclone_server.endpoint) as proxy:
        yield proxy, store.url, data


def _run_processes(count: int, proxy: Proxy, url: str, cache: Path) -> list[object]:
    context = processes.context()
    start, answers = context.Event(), context.Queue()
    arguments = (url, servers.environment(proxy.endpoint), cache, start, answers)
    running = [context.Process(target=_fetch_all_voices, args=arguments) for _ in range(count)]
    for process in running:
        process.start()
    start.set()
    results = [answers.get(timeout=120) for _ in running]
    for process in running:
        process.join()
    return results


@pytest.mark.slow
def test_32_processes_request_each_voice_once(voices: tuple[Proxy, str, dict[str, bytes]], cache: Path) -> None:
    proxy, url, data = voices
    assert _run_processes(PROCESSES, proxy, url, cache) == [data] * PROCESSES
    gets = Counter(request.path.rpartition("/")[2] for request in proxy.of("GET") if not request.is_listing)
    assert gets == {key.rpartition("/")[2]: 1 for key in data}
    assert sum(name.endswith(".wav") for name in gets) == 20
    assert not [path for path in cache.rglob("*") if path.name.startswith(".part-")]


@pytest.mark.slow
def test_processes_on_a_bad_network_get_complete_files_or_a_clear_error(
    voices: tuple[Proxy, str, dict[str, bytes]], cache: Path
) -> None:
    proxy, url, data = voices
    proxy.decide = sometimes(0.3, [*BUSY, RESET, CUT], seed=7)
    results = _run_processes(4, proxy, url, cache)
    assert all(result == data or str(result).startswith(StoreBusy.__name__) for result in results)
    for path in cache.rglob("v*.*"):
        if path.is_file():
            assert path.read_bytes() == data[f"voices/{path.name}"]
    proxy.decide = lambda request: None
    assert _run_processes(1, proxy, url, cache) == [data]
