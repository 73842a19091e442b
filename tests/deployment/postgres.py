"""A private PostgreSQL cluster from Debian's package, configured like the ``postgres`` image."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, of the newest installed version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    path = str(found[-1]) if found else shutil.which("initdb")
    return Path(path).parent if path else None


@contextmanager
def cluster(environment: Mapping[str, str], port: int) -> Iterator[list[str]]:
    """A new cluster with the user, password and database of the image's variables; yields the command of its server."""
    bin = programs()
    assert bin is not None
    with _folder() as folder:
        password = folder / "password"
        password.write_text(environment["POSTGRES_PASSWORD"])
        shutil.chown(password, *_user_names())
        data = str(folder / "data")
        options = ["--username", environment["POSTGRES_USER"], "--pwfile", str(password), "--auth", "scram-sha-256"]
        _run([str(bin / "initdb"), "--pgdata", data, "--no-sync", "--encoding", "UTF8", *options])
        serve = [str(bin / "postgres"), "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", "", "-c", "fsync=off"]
        single = [str(bin / "postgres"), "--single", "-D", data, "postgres"]
        _run(single, input=f'CREATE DATABASE "{environment["POSTGRES_DB"]}"\n')
        yield serve


def user() -> dict[str, Any]:
    """Options of ``subprocess`` for the user: PostgreSQL refuses to run as root."""
    if os.geteuid():
        return {}
    name, group = _user_names()
    return {"user": name, "group": group, "extra_groups": []}


def _user_names() -> tuple[str, int]:
    if os.geteuid():
        return pwd.getpwuid(os.geteuid()).pw_name, os.getegid()
    names = {entry.pw_name for entry in pwd.getpwall()}
    name = "postgres" if "postgres" in names else "nobody"
    return name, pwd.getpwnam(name).pw_gid


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder outside pytest's, which only the user who runs the tests may enter."""
    folder = Path(tempfile.mkdtemp(prefix="f5-postgres-", dir="/tmp"))
    try:
        shutil.chown(folder, *_user_names())
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], **options: Any) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/tmp", **user(), **options)
    assert done.returncode == 0, done.stdout + done.stderr
