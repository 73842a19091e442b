"""Killed processes and full disks: the next run succeeds and produces the bytes of an undisturbed run."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from f5_pipeline.errors import F5PipelineError, FileUnusable, StoreUnusable
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.results.index import read_index
from f5_pipeline.storage.fetch import fetch
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore
from tests.results.batch import contents, key_of, outcome, run_batch
from tests.storage import processes

LINES = [f"line {number}" for number in range(6)]
VOICE = {"voices/anna.wav": b"RIFF" * 100_000, "voices/anna.txt": b"hello"}
SOAK = [pytest.mark.soak, pytest.mark.timeout(7200)]


def full_run(store: ObjectStore, scratch: Path) -> None:
    """All file operations of a run: fetch, store clips, write an index, upload."""
    copies = fetch(store, list(store.list("voices/")), scratch / "cache")
    assert {copy.info.key: copy.path.read_bytes() for copy in copies} == VOICE
    run_batch(store, "demo", LINES)
    for number in range(3):
        store.upload(copies[1].path, f"batches/demo/audio/{number}.wav")


def _run_repeatedly(root: Path, started: Event) -> None:
    """Runs in fresh stores, one after the other, so that a kill can hit any moment of a run."""
    for number in range(1000):
        store = prepared(root / str(number))
        started.set()
        full_run(store, root / "scratch" / str(number))


def prepared(root: Path) -> LocalStore:
    store = LocalStore(root)
    for key, data in VOICE.items():
        store.write(key, data)
    return store


def assert_usable(store: LocalStore) -> None:
    """Every object in the store is complete."""
    clips = ClipStore(store)
    for line in LINES:
        if clips.existing([key_of(line)]):
            clips.load(key_of(line))
    assert read_index(store, "demo") is None or len(read_index(store, "demo") or []) == len(LINES)
    for key, data in contents(store).items():
        assert not key.startswith("batches/demo/audio/") or data == VOICE["voices/anna.wav"]


@pytest.mark.parametrize("kills", [pytest.param(100, marks=pytest.mark.slow), pytest.param(3000, marks=SOAK)])
def test_a_run_killed_at_a_random_moment_can_be_repeated(tmp_path: Path, kills: int) -> None:
    undisturbed = prepared(tmp_path / "undisturbed")
    full_run(undisturbed, tmp_path / "scratch")
    expected, generator = outcome(undisturbed), random.Random(4)
    context = processes.context()
    interrupted = 0
    for kill in range(kills):
        root = tmp_path / f"kill{kill}"
        root.mkdir()
        started = context.Event()
        process = context.Process(target=_run_repeatedly, args=(root, started))
        process.start()
        assert started.wait(60)
        process.join(timeout=generator.random() * 0.1)
        process.kill()
        process.join()
        for path in sorted(root.glob("[0-9]*")):
            store = prepared(path)
            unfinished = outcome(store) != expected
            interrupted += unfinished
            assert_usable(store)
            if unfinished or kill % 10 == 0:
                full_run(store, root / "scratch" / path.name)
            assert outcome(store) == expected
            clean(store, [root])
        assert not list(root.rglob(".part-*"))
    assert interrupted > kills // 2  # otherwise the kills came too early or too late to test anything


#: C functions that may change the state of the disk.
_DISK_FUNCTIONS = {
    "open",
    "write",
    "flush",
    "close",
    "fsync",
    "rename",
    "replace",
    "link",
    "unlink",
    "mkdir",
    "flock",
}


def _die_before(number: int, root: Path, counts) -> None:
    """Run ``short_run`` and die before the ``number``-th disk operation; 0: count the operations."""
    store, seen = prepared(root / "store"), 0

    def watch(frame: object, event: str, function: object) -> None:
        nonlocal seen
        if event == "c_call" and getattr(function, "__name__", "") in _DISK_FUNCTIONS:
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)
    short_run(store, root / "cache")
    sys.setprofile(None)
    counts.put(seen)


def short_run(store: ObjectStore, scratch: Path) -> None:
    copies = fetch(store, list(store.list("voices/")), scratch)
    run_batch(store, "demo", LINES[:1])
    store.upload(copies[1].path, "batches/demo/audio/0.wav")


@pytest.mark.slow
def test_a_run_killed_before_any_disk_operation_can_be_repeated(tmp_path: Path) -> None:
    undisturbed = prepared(tmp_path / "undisturbed")
    short_run(undisturbed, tmp_path / "scratch")
    expected, context = outcome(undisturbed), processes.context()
    counts = context.Queue()
    counting = context.Process(target=_die_before, args=(0, tmp_path / "counting", counts))
    counting.start()
    steps = counts.get(timeout=60)
    counting.join()
    assert steps > 50
    for number in range(1, steps + 1):
        root = tmp_path / str(number)
        process = context.Process(target=_die_before, args=(number, root, counts))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        store = LocalStore(root / "store")
        for key, data in contents(store).items():
            assert data == expected.get(key, data), f"{key} after step {number}"
        short_run(store, root / "cache")
        assert outcome(store) == expected
        clean(store, [root])
        assert not list(root.rglob(".part-*"))


# --- a full disk ----------------------------------------------------------------------------------------------


@contextmanager
def small_file_system(folder: Path, size: int) -> Iterator[Callable[[], None]]:
    """A file system of ``size`` bytes; the yielded function enlarges it."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        grow = ["mount", "-o", f"remount,size={50 * size}", str(folder)]
        yield lambda: subprocess.run(grow, check=True) and None
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def small_files(folder: Path, size: int) -> Iterator[Callable[[], None]]:
    """Limits files of this process to ``size`` bytes, without privileges; the yielded function removes the limit."""
    folder.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def can_mount(folder: Path) -> bool:
    if os.geteuid() != 0:
        return False
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], capture_output=True, check=False)
    return mounted.returncode == 0 and subprocess.run(["umount", str(folder)], check=False).returncode == 0


@pytest.fixture(params=["disk", "limit"])
def full(request: pytest.FixtureRequest, tmp_path: Path):
    """A context manager for a small folder, its size, and the message when it is full. Without mounts: a file limit."""
    if request.param == "disk" and can_mount(tmp_path / "probe"):
        return small_file_system, 40_000, "disk is full"
    return small_files, 2_000, "larger than this process"


def test_a_full_disk_during_synthesis(full, tmp_path: Path) -> None:
    make, size, message = full
    with make(tmp_path / "small", size) as grow:
        store, spoken = LocalStore(tmp_path / "small" / "store"), list[str]()
        lines = [f"line {number}" for number in range(30)]
        with pytest.raises(StoreUnusable, match=message):
            run_batch(store, "demo", lines, spoken)
        before = contents(store)
        assert not list((tmp_path / "small").rglob(".part-*"))
        for line in spoken:
            ClipStore(store).load(key_of(line))
        grow()
        more: list[str] = []
        run_batch(store, "demo", lines, more)
        assert set(spoken).isdisjoint(more)
        assert len(spoken) + len(more) == 30
        clips = {key: data for key, data in before.items() if key.startswith("clips/")}
        assert clips.items() <= contents(store).items()


def test_a_full_disk_during_fetch_and_indexing(full, tmp_path: Path) -> None:
    make, size, message = full
    store = prepared(tmp_path / "store")
    run_batch(store, "demo", LINES)
    with make(tmp_path / "small", size) as grow:
        cache = tmp_path / "small" / "cache"
        for _ in range(2):
            with pytest.raises(FileUnusable, match=message):
                fetch(store, list(store.list("voices/")), cache)
        assert not [path for path in cache.rglob("*") if path.name.startswith((".part-", "anna.wav"))
                    and path.is_file()]  # fmt: skip
        small = LocalStore(tmp_path / "small" / "store")
        with pytest.raises(F5PipelineError, match=message):
            small.write("batches/demo/index.parquet", b"x" * 60_000)
        assert list(small.list()) == []
        grow()
        assert [copy.path.read_bytes() for copy in fetch(store, list(store.list("voices/")), cache)] == [
            VOICE[key] for key in sorted(VOICE)
        ]
