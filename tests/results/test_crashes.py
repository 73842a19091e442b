"""kill -9 at any moment, and a full disk: the next run succeeds, and ends with the bytes of an undisturbed one."""

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


def work(store: ObjectStore, scratch: Path) -> None:
    """What a run does to a store and to this machine: fetch, store clips, write an index, upload."""
    copies = fetch(store, list(store.list("voices/")), scratch / "cache")
    assert {copy.info.key: copy.path.read_bytes() for copy in copies} == VOICE
    run_batch(store, "demo", LINES)
    for number in range(3):
        store.upload(copies[1].path, f"batches/demo/audio/{number}.wav")


def _work_again_and_again(root: Path, begun: Event) -> None:
    """In each round a store of its own, so that a kill may hit any moment of a run."""
    for number in range(1000):
        store = prepared(root / str(number))
        begun.set()
        work(store, root / "scratch" / str(number))


def prepared(root: Path) -> LocalStore:
    store = LocalStore(root)
    for key, data in VOICE.items():
        store.write(key, data)
    return store


def assert_whole(store: LocalStore) -> None:
    """Whatever there is can be used."""
    clips = ClipStore(store)
    for line in LINES:
        if clips.existing([key_of(line)]):
            clips.load(key_of(line))
    assert read_index(store, "demo") is None or len(read_index(store, "demo") or []) == len(LINES)
    for key, data in contents(store).items():
        assert not key.startswith("batches/demo/audio/") or data == VOICE["voices/anna.wav"]


@pytest.mark.parametrize("kills", [100, pytest.param(3000, marks=SOAK)])
def test_kill_9_at_random_moments(tmp_path: Path, kills: int) -> None:
    undisturbed = prepared(tmp_path / "undisturbed")
    work(undisturbed, tmp_path / "scratch")
    expected, generator = outcome(undisturbed), random.Random(4)
    context = processes.context()
    interrupted = 0
    for kill in range(kills):
        root = tmp_path / f"kill{kill}"
        root.mkdir()
        begun = context.Event()
        process = context.Process(target=_work_again_and_again, args=(root, begun))
        process.start()
        assert begun.wait(60)
        process.join(timeout=generator.random() * 0.1)
        process.kill()
        process.join()
        for path in sorted(root.glob("[0-9]*")):
            store = prepared(path)
            unfinished = outcome(store) != expected
            interrupted += unfinished
            assert_whole(store)
            if unfinished or kill % 10 == 0:
                work(store, root / "scratch" / path.name)
            assert outcome(store) == expected
            clean(store, [root])
        assert not list(root.rglob(".part-*"))
    assert interrupted > kills // 2  # else the kills came too early or too late to prove anything


#: C functions around which the state of the disk changes, or seems to.
_TOUCHING_THE_DISK = {
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


def _die_before(number: int, root: Path, counted) -> None:
    """Do a little of everything, and die at once before the ``number``-th step that touches the disk."""
    store, seen = prepared(root / "store"), 0

    def watch(frame: object, event: str, function: object) -> None:
        nonlocal seen
        if event == "c_call" and getattr(function, "__name__", "") in _TOUCHING_THE_DISK:
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)
    a_little_of_everything(store, root / "cache")
    sys.setprofile(None)
    counted.put(seen)


def a_little_of_everything(store: ObjectStore, scratch: Path) -> None:
    copies = fetch(store, list(store.list("voices/")), scratch)
    run_batch(store, "demo", LINES[:1])
    store.upload(copies[1].path, "batches/demo/audio/0.wav")


def test_kill_9_before_every_single_step(tmp_path: Path) -> None:
    undisturbed = prepared(tmp_path / "undisturbed")
    a_little_of_everything(undisturbed, tmp_path / "scratch")
    expected, context = outcome(undisturbed), processes.context()
    counted = context.Queue()
    everything = context.Process(target=_die_before, args=(0, tmp_path / "counting", counted))
    everything.start()
    steps = counted.get(timeout=60)
    everything.join()
    assert steps > 50
    for number in range(1, steps + 1):
        root = tmp_path / str(number)
        process = context.Process(target=_die_before, args=(number, root, counted))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        store = LocalStore(root / "store")
        for key, data in contents(store).items():
            assert data == expected.get(key, data), f"{key} after step {number}"
        a_little_of_everything(store, root / "cache")
        assert outcome(store) == expected
        clean(store, [root])
        assert not list(root.rglob(".part-*"))


# --- a full disk ----------------------------------------------------------------------------------------------


@contextmanager
def small_file_system(folder: Path, size: int) -> Iterator[Callable[[], None]]:
    """A disk with room for so many bytes; what it gives makes it larger."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        grow = ["mount", "-o", f"remount,size={50 * size}", str(folder)]
        yield lambda: subprocess.run(grow, check=True) and None
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def small_files(folder: Path, size: int) -> Iterator[Callable[[], None]]:
    """A process that may not write files of more than so many bytes; needs no rights."""
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
    """Makes a folder that soon is full. Where nothing can be mounted, the limit is the stand-in for the disk too."""
    if request.param == "disk" and can_mount(tmp_path / "probe"):
        return small_file_system, 40_000, "disk is full"
    return small_files, 2_000, "larger than this process"


def test_a_full_disk_while_clips_are_stored(full, tmp_path: Path) -> None:
    make, size, says = full
    with make(tmp_path / "small", size) as grow:
        store, spoken = LocalStore(tmp_path / "small" / "store"), list[str]()
        lines = [f"line {number}" for number in range(30)]
        with pytest.raises(StoreUnusable, match=says):
            run_batch(store, "demo", lines, spoken)
        whole = contents(store)
        assert not list((tmp_path / "small").rglob(".part-*"))
        for line in spoken:
            ClipStore(store).load(key_of(line))
        grow()
        more: list[str] = []
        run_batch(store, "demo", lines, more)
        assert set(spoken).isdisjoint(more)
        assert len(spoken) + len(more) == 30
        clips = {key: data for key, data in whole.items() if key.startswith("clips/")}
        assert clips.items() <= contents(store).items()


def test_a_full_disk_while_fetching_and_indexing(full, tmp_path: Path) -> None:
    make, size, says = full
    store = prepared(tmp_path / "store")
    run_batch(store, "demo", LINES)
    with make(tmp_path / "small", size) as grow:
        cache = tmp_path / "small" / "cache"
        for _ in range(2):
            with pytest.raises(FileUnusable, match=says):
                fetch(store, list(store.list("voices/")), cache)
        assert not [path for path in cache.rglob("*") if path.name.startswith((".part-", "anna.wav"))
                    and path.is_file()]  # fmt: skip
        small = LocalStore(tmp_path / "small" / "store")
        with pytest.raises(F5PipelineError, match=says):
            small.write("batches/demo/index.parquet", b"x" * 60_000)
        assert list(small.list()) == []
        grow()
        assert [copy.path.read_bytes() for copy in fetch(store, list(store.list("voices/")), cache)] == [
            VOICE[key] for key in sorted(VOICE)
        ]
