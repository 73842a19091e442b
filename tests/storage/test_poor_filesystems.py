"""File systems without locks, hard links, flushing or times: FUSE, CIFS, Azure files, NFS without lockd.

Everything works there, and nothing rests on the locks.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from f5_pipeline.errors import StoreUnusable
from f5_pipeline.results import lookup
from f5_pipeline.storage import locks
from f5_pipeline.storage.filesystem import explain_os_error
from f5_pipeline.storage.liveness import advertise, is_alive
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.locks import hold, hold_if_free
from f5_pipeline.storage.partial import TargetExists, atomic_write, partial_files
from tests.material import put_voices

UNSUPPORTED = ["ENOSYS", "ENOTSUP", "ENOLCK", "EINVAL", "ENOTTY"]
HOLDER = """
import errno, fcntl, os, sys, time
from pathlib import Path
def flock(*_):
    raise OSError(getattr(errno, sys.argv[2]), "no locks")
fcntl.flock = flock
from f5_pipeline.storage import locks
locks.is_network_filesystem = lambda folder: False
with locks.hold(Path(sys.argv[1]), "testing"):
    print("held", flush=True)
    time.sleep(600)
"""


def refuse(code: str, monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> list[tuple[object, ...]]:
    """Make a system call answer an error; returns its calls."""
    number, calls = getattr(errno, code), []

    def answer(*arguments: object, **_: object) -> NoReturn:
        calls.append(arguments)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module, name, answer)
    return calls


@pytest.fixture(params=UNSUPPORTED)
def without_flock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The error of flock, on what looks like a local disk."""
    monkeypatch.setattr(locks, "is_network_filesystem", lambda folder: False)
    refuse(request.param, monkeypatch, fcntl, "flock")
    return str(request.param)


def test_a_lock_without_flock_excludes_others(tmp_path: Path, without_flock: str) -> None:
    path, inside, counts = tmp_path / "one", [], []

    def work() -> None:
        with hold(path, "my work"):
            inside.append(1)
            counts.append(len(inside))
            inside.pop()

    with hold(path, "my work"):
        threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        with hold_if_free(path) as free:
            assert not free
        assert counts == []
    for thread in threads:
        thread.join(60)
    assert counts == [1, 1, 1]
    with hold_if_free(path) as free:
        assert free


def test_a_lock_without_flock_ends_with_its_holder(tmp_path: Path, without_flock: str) -> None:
    path = tmp_path / "one"
    command = [sys.executable, "-c", HOLDER, str(path), without_flock]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with hold_if_free(path) as free:
            assert not free
        process.kill()
    with hold(path, "my work"), hold_if_free(path) as free:
        assert not free


@pytest.mark.parametrize("code", ["ENOSPC", "EDQUOT", "EROFS", "EIO"])
def test_other_errors_of_a_lock_are_no_missing_locks(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(code, monkeypatch, fcntl, "flock")
    monkeypatch.setattr(locks, "is_network_filesystem", lambda folder: False)
    with (
        pytest.raises(Exception, match=explain_os_error(OSError(getattr(errno, code), ""))[0]),
        hold(tmp_path / "x", "it"),
    ):
        pass
    with hold_if_free(tmp_path / "x") as free:
        assert not free


def test_heartbeats_without_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write changes the modification time, which is what waiters look at."""
    monkeypatch.setattr(locks, "is_network_filesystem", lambda folder: True)
    monkeypatch.setattr(locks, "HEARTBEAT_INTERVAL", 0.01)
    calls = refuse("EPERM", monkeypatch, os, "utime")
    holder = tmp_path / "one.holder"
    with hold(tmp_path / "one", "my work"):
        before = holder.stat().st_mtime_ns
        for _ in range(6000):
            if holder.stat().st_mtime_ns != before:
                break
            threading.Event().wait(0.01)
        assert holder.stat().st_mtime_ns != before
    assert calls


@pytest.mark.parametrize("code", UNSUPPORTED)
@pytest.mark.parametrize("replace", [True, False])
def test_files_are_written_without_flush_locks_and_links(
    code: str, replace: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((fcntl, "flock"), (os, "fsync"), (os, "link")):
        refuse(code, monkeypatch, module, name)
    with atomic_write(tmp_path / "target", replace=replace) as file:
        file.write(b"all")
        assert [partial.dead for partial in partial_files(tmp_path)] == [False]
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"all"]
    if not replace:
        with pytest.raises(TargetExists), atomic_write(tmp_path / "target", replace=False) as file:
            file.write(b"more")


@pytest.mark.parametrize("code", ["ENOSPC", "EDQUOT", "EIO", "ESTALE"])
def test_a_file_that_cannot_be_flushed_does_not_appear(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(code, monkeypatch, os, "fsync")
    with pytest.raises(StoreUnusable, match=explain_os_error(OSError(getattr(errno, code), ""))[0]):
        LocalStore(tmp_path).write("clips/00/a.flac", b"data")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("code", ["EBUSY", "ETXTBSY", "EACCES"])
def test_a_server_that_renames_no_open_file(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.replace
    open_files = []

    def rename_closed(self: Path, target: Path) -> Path:
        if not open_files[0].closed:
            raise OSError(getattr(errno, code), "busy")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", rename_closed)
    with atomic_write(tmp_path / "target") as file:
        open_files.append(file)
        file.write(b"all")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"all"]


@pytest.mark.parametrize("code", ["EPERM", "ENOTSUP", "EMLINK"])
def test_a_process_is_advertised_without_hard_links(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(code, monkeypatch, os, "link")
    with advertise(tmp_path, "run"):
        assert is_alive(tmp_path, "run") is True
        with advertise(tmp_path, "run"):  # the name is taken
            assert is_alive(tmp_path, "run") is True
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", UNSUPPORTED)
def test_nothing_is_known_of_a_process_without_locks(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(code, monkeypatch, fcntl, "flock")
    with advertise(tmp_path, "run"):
        assert is_alive(tmp_path, "run") is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_another_machine_replaces_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFS answers ESTALE for the old file. A volume that is gone answers it every time."""
    store = LocalStore(tmp_path)
    store.write("manifests/a.csv", b"text")
    opened, stale = Path.open, [1]

    def open_stale(self: Path, *arguments: str) -> object:
        if stale and stale.pop():
            raise OSError(errno.ESTALE, "stale")
        return opened(self, *arguments)

    monkeypatch.setattr(Path, "open", open_stale)
    assert store.read("manifests/a.csv") == b"text"
    stale.extend([1, 1])
    with pytest.raises(StoreUnusable, match=r"lost this file.*Mount the volume again"):
        store.read("manifests/a.csv")


class Failing(io.FileIO):
    """A file whose content cannot be read: its volume answers an error."""

    code = errno.ESTALE

    def read(self, *_: object) -> bytes:
        raise OSError(self.code, os.strerror(self.code))


def test_a_copy_of_a_file_that_another_machine_replaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stale file is opened again. Another error is one of the store, not of the copy."""
    store = LocalStore(tmp_path / "store")
    store.write("voices/a.wav", b"sound")
    opened, failures = Path.open, [1]

    def open_failing(self: Path, *arguments: str, **named: str) -> object:
        if self.name == "a.wav" and failures and failures.pop():
            return Failing(self)
        return opened(self, *arguments, **named)

    monkeypatch.setattr(Path, "open", open_failing)
    assert store.download("voices/a.wav", tmp_path / "copy").size == 5
    assert (tmp_path / "copy").read_bytes() == b"sound"
    failures.append(1)
    monkeypatch.setattr(Failing, "code", errno.EIO)
    with pytest.raises(StoreUnusable, match=r"store/voices/a\.wav: .*input/output error"):
        store.download("voices/a.wav", tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "store"]


def test_a_fetched_file_may_have_a_rounded_time(tmp_path: Path) -> None:
    """FAT rounds to even seconds."""
    (path := tmp_path / "a").write_bytes(b"x")
    store = LocalStore(tmp_path)
    info = store.stat("a")
    assert info is not None
    os.utime(path, (info.modified.timestamp() - 1.5,) * 2)
    assert lookup._is_up_to_date(path, info)
    os.utime(path, (info.modified.timestamp() - 3,) * 2)
    assert not lookup._is_up_to_date(path, info)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("code", "kind"), [("ENOSYS", "fuse.mfs")])
def test_a_week_on_a_volume_without_anything(code: str, kind: str, tmp_path: Path, cache: Path) -> None:
    """Every command works, twice, with at most one sentence about the volume."""
    store = LocalStore(tmp_path / "store")
    put_voices(store, "f2")
    (manifest := tmp_path / "letters.csv").write_text("text,voice\nThe river has a lamp.,f2\n")
    commands = (
        f"submit {manifest}", "voices", "run letters", "run letters", "results letters",
        f"fetch letters {tmp_path / 'out'}", f"fetch letters {tmp_path / 'out'}", "verify letters", "clean", "doctor",
    )  # fmt: skip
    words = [word for command in commands for word in (*command.split(), ";")]
    environment = {**os.environ, "F5_STORE": store.url, "F5_CACHE": str(tmp_path / "cache"), "DAGSTER_HOME": ""}
    del environment["DAGSTER_HOME"]
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-m", "tests.storage.poor_filesystem", code, kind, *words],
        capture_output=True,
        text=True,
        env={**environment, "PYTHONPATH": str(Path.cwd())},
        cwd=tmp_path,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "Traceback" not in said
    assert "1 ok, 0 suspect" in said
    assert (tmp_path / "out" / "audio").is_dir()
    assert sum("lock" in line for line in said.splitlines()) <= 1
    assert not list(tmp_path.rglob(".part-*"))
