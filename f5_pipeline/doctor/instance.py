"""The Dagster instance: ``DAGSTER_HOME``, its ``dagster.yaml``, and temporary homes that crashed commands left."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

from f5_pipeline.doctor.disk import check_folder, probe_write
from f5_pipeline.doctor.finding import Finding, fail, ok, warn
from f5_pipeline.settings.dagster_home import configured_storage, user_home
from f5_pipeline.storage.filesystem import is_network_filesystem

NAMES = ("instance", "instance_leftovers")
#: Dagster's SQLite databases, below the folder.
_DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
_LOCK_SECONDS = 2.0  # after which a database counts as locked; runs lock them for milliseconds
_TEMPORARY_HOMES = ".tmp_dagster_home_*"  # created by a "dagster dev" without DAGSTER_HOME


@dataclass(frozen=True)
class InstanceState:
    """The instance that commands in a working folder use."""

    folder: Path
    source: str  # "DAGSTER_HOME", "dagster.yaml" in the working folder, or "" for the user's default
    dagster_home: str = ""  # the variable's value
    config_error: str = ""  # why its dagster.yaml cannot be read
    write_error: OSError | None = None
    database_error: str = ""  # why one of its databases cannot be read
    sqlite: bool = True  # True if its databases are files in the folder
    on_network_volume: bool = False
    leftovers: tuple[str, ...] = ()  # temporary homes that no process uses


def probe_instance(working_folder: Path, environment: Mapping[str, str] = os.environ) -> InstanceState:
    """The instance of commands that are started in ``working_folder``."""
    dagster_home = environment.get("DAGSTER_HOME", "")
    configured = "" if "DAGSTER_HOME" in environment else configured_storage(working_folder)
    folder = working_folder / configured if configured else Path(dagster_home) if dagster_home else user_home()
    config, error = _read_config(working_folder if configured else folder)
    return InstanceState(
        folder=folder,
        source="DAGSTER_HOME" if dagster_home else "dagster.yaml" if configured else "",
        dagster_home=dagster_home,
        config_error=error,
        write_error=probe_write(folder),
        database_error=_database_error(folder),
        sqlite="sqlite" in (config.get("storage") or {"sqlite": {}}),
        on_network_volume=is_network_filesystem(folder),
        leftovers=_leftovers(working_folder),
    )


def _database_error(folder: Path) -> str:
    """The first SQLite database that cannot be read, and why; "" if all can, or none exists."""
    for path in (folder.absolute() / name for name in _DATABASES):
        if not path.is_file():
            continue
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_LOCK_SECONDS)) as database:
                database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            return f"{path} ({error})"
    return ""


def _leftovers(working_folder: Path) -> tuple[str, ...]:
    """Temporary homes in a folder; none if a "dagster dev" runs there, because one of them is its own."""
    homes = tuple(sorted(str(path) for path in working_folder.glob(_TEMPORARY_HOMES)))
    return () if homes and any(_is_dev(process, working_folder) for process in psutil.process_iter()) else homes


def _is_dev(process: psutil.Process, working_folder: Path) -> bool:
    try:
        command = [Path(part).name for part in process.cmdline()]
        return "dev" in command and "dagster" in command and Path(process.cwd()) == working_folder
    except psutil.Error:  # it has ended, or belongs to another user
        return False


def _read_config(folder: Path) -> tuple[dict[str, dict[str, object]], str]:
    """The content of ``dagster.yaml``, and why it cannot be read."""
    try:
        config = yaml.safe_load((folder / "dagster.yaml").read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        return {}, ""
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return {}, " ".join(str(error).split())[:200]
    return (config, "") if isinstance(config, dict) else ({}, "its top level is not a mapping")


def check_instance(state: InstanceState) -> Iterator[Finding]:
    """A finding for each of ``NAMES``."""
    yield _check_home(state)
    if state.leftovers:
        more = ", …" if len(state.leftovers) > 1 else ""
        found = f"Unused temporary Dagster homes in this folder: {len(state.leftovers)} ({state.leftovers[0]}{more})."
        yield warn(NAMES[1], found, "Delete them: no 'dagster dev' runs here.")
    else:
        yield ok(NAMES[1], "This folder has no unused temporary Dagster homes.")


def _check_home(state: InstanceState) -> Finding:
    name = NAMES[0]
    if state.source == "DAGSTER_HOME" and not Path(state.dagster_home).is_absolute():
        return fail(name, f"DAGSTER_HOME is {state.dagster_home!r}, not an absolute path.", "Set it to a full path.")
    if state.source == "DAGSTER_HOME" and not state.folder.is_dir():
        found = f"DAGSTER_HOME is {state.dagster_home}, which is not a folder."
        return fail(name, found, f"Create it: mkdir -p {state.dagster_home}")
    if state.config_error:
        return fail(name, f"Its dagster.yaml cannot be read: {state.config_error}.", "Correct it, or move it away.")
    finding = check_folder(name, state.folder, state.write_error, "DAGSTER_HOME")
    if finding.status == "ok" and "locked" in state.database_error:
        found = f"Another program has locked a database of Dagster's records: {state.database_error}."
        return fail(name, found, "End that program (a backup, a database browser), or wait until it is done.")
    if finding.status == "ok" and state.database_error:
        found = f"A database of Dagster's records cannot be read: {state.database_error}."
        fix = f"Move {state.folder} away: clips and results are in the store, so only the history of runs is lost."
        return fail(name, found, fix)
    if finding.status == "ok" and state.sqlite and state.on_network_volume:
        found = f"{state.folder} is on a network volume, which damages Dagster's SQLite databases sooner or later."
        return warn(name, found, "Set DAGSTER_HOME to a local folder, or keep the records in PostgreSQL.")
    return finding
