"""Dagster's records that cannot be used: damaged, locked, read-only, on a full disk. Never a traceback."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from f5_pipeline.defs.instance import records
from f5_pipeline.doctor.instance import check_instance, probe_instance
from tests.cli.command_line import MANIFEST, CommandLine
from tests.synthesis.fake_engine import FakeEngine

DAGSTER_SQLITE = "dagster._core.storage.event_log.sqlite.sqlite_event_log"
RUNS, EVENTS = "history/runs.db", "history/runs/index.db"


def write(name: str, data: bytes) -> Callable[[Path], None]:
    """Replaces a file of the records."""

    def damage(home: Path) -> None:
        (home / name).write_bytes(data)

    return damage


def drop_a_table(home: Path) -> None:
    with closing(sqlite3.connect(home / EVENTS)) as database:
        database.execute("DROP TABLE dynamic_partitions")


# How the records are spoilt, and what the message says.
DAMAGES = [
    (write(RUNS, b"not a database" * 1000), "a database is damaged"),
    (write(EVENTS, b"not a database" * 1000), "a database is damaged"),
    (write("schedules/schedules.db", b"not a database" * 1000), "a database is damaged"),
    (write(EVENTS, b""), "Run: dagster instance migrate"),
    (drop_a_table, "Run: dagster instance migrate"),
    (write("dagster.yaml", b"concurency: 3\n"), 'unexpected config entry "concurency"'),
    (write("dagster.yaml", b"[\n"), "dagster.yaml is not valid: while parsing a flow node"),
]


@pytest.mark.parametrize(("damage", "reason"), DAMAGES)
def test_damaged_records(cli: CommandLine, damage: Callable[[Path], None], reason: str) -> None:
    cli.store.write("manifests/b.csv", MANIFEST.encode())
    damage(cli.folder / "dagster")
    for arguments in (("submit", cli.write("b.csv", MANIFEST)), ("run", "b")):
        assert reason in sentence(cli, *arguments)


def sentence(cli: CommandLine, *arguments: object) -> str:
    """Runs a command that must fail because of the records; returns its message."""
    code, out, err = cli(*arguments)
    assert (code, out) == (1, "")
    announced = f"Dagster instance: {cli.folder / 'dagster'}\n"  # ``run`` says first where the records are
    message = err.removeprefix(announced).strip()
    assert message.startswith(f"Dagster's records in {cli.folder / 'dagster'} cannot be used: ")
    assert len(message.splitlines()) == 1
    return message


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process holds an exclusive lock on a database."""
    code = "import sqlite3, sys\nd = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    code += "d.execute('PRAGMA locking_mode=EXCLUSIVE'); d.execute('BEGIN EXCLUSIVE'); print('locked', flush=True)\n"
    code += "sys.stdin.read()"
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        yield
        process.communicate()


def test_a_locked_database(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{DAGSTER_SQLITE}.SQLITE_BUSY_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr("f5_pipeline.doctor.instance._LOCK_SECONDS", 0.1)
    cli.store.write("manifests/b.csv", MANIFEST.encode())
    with locked(cli.folder / "dagster" / EVENTS):
        assert "another program has locked a database" in sentence(cli, "run", "b")
        home, *_ = check_instance(probe_instance(cli.folder))
        assert (home.status, "has locked a database" in home.found) == ("fail", True)
    assert cli("submit", cli.write("b.csv", MANIFEST))[0] == 0


def test_the_doctor_finds_a_damaged_database(cli: CommandLine) -> None:
    home, *_ = check_instance(probe_instance(cli.folder))
    assert home.status == "ok"
    write(EVENTS, b"not a database" * 1000)(cli.folder / "dagster")
    home, *_ = check_instance(probe_instance(cli.folder))
    assert home.status == "fail"
    assert f"{EVENTS} (file is not a database)" in home.found


@pytest.fixture
def small_disk(cli: CommandLine) -> Iterator[Path]:
    """The records are on a file system of their own."""
    home = cli.folder / "dagster"
    kept = home.rename(cli.folder / "kept")
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(home)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system needs root")
    shutil.copytree(kept, home, dirs_exist_ok=True)
    try:
        yield home
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)


def fill(home: Path, left: int) -> None:
    """Fill a file system except for ``left`` bytes."""
    with (home / "large").open("wb") as file:
        file.truncate(0)
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(home).free - left)


def test_a_full_disk(cli: CommandLine, small_disk: Path) -> None:
    fill(small_disk, 0)
    assert "the disk is full" in sentence(cli, "submit", cli.write("b.csv", MANIFEST))


def test_a_disk_that_is_full_during_a_run(cli: CommandLine, small_disk: Path, engine: FakeEngine) -> None:
    """Dagster itself says so too, for each message that it cannot record."""
    cli.store.write("manifests/b.csv", MANIFEST.encode())
    fill(small_disk, 360_000)
    code, _, err = cli("run", "b")
    last = err.strip().splitlines()[-1]
    assert code == 1
    assert last.startswith(f"Dagster's records in {small_disk} cannot be used: the disk is full.")
    assert "Traceback" not in err


def test_a_read_only_file_system(cli: CommandLine, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    message = cli.fails("submit", cli.write("b.csv", MANIFEST))
    assert str(small_disk) in message
    assert "the file system is read-only" in message


def test_other_errors_are_not_blamed_on_the_records(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), records.readable_records(str(tmp_path)):
        raise ZeroDivisionError
