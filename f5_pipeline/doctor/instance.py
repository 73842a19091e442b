"""Where Dagster keeps its records: ``DAGSTER_HOME``, its ``dagster.yaml``, and what crashed commands left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

from f5_pipeline.doctor.disk import judge_folder, see_writing
from f5_pipeline.doctor.finding import Finding, fail, warn
from f5_pipeline.settings.dagster_home import configured_storage, user_home
from f5_pipeline.storage.filesystem import is_network_filesystem

NAMES = ("instance", "instance_leftovers")
_TEMPORARY = ".tmp_dagster_home_*"  # of a "dagster dev" that was started without a home, and of crashed ones


@dataclass(frozen=True)
class Instance:
    """What is known of the instance that the commands would use from a folder."""

    folder: Path
    by: str  # "DAGSTER_HOME", "dagster.yaml" of the working folder, or "": the user's own
    given: str = ""  # DAGSTER_HOME as it is set
    config_error: str = ""  # why its dagster.yaml cannot be read
    write_error: OSError | None = None
    database: bool = True  # whether its records are files in the folder
    network: bool = False  # whether the folder is on a network volume
    leftovers: tuple[str, ...] = ()


def see_instance(here: Path, environment: Mapping[str, str] = os.environ) -> Instance:
    """The instance of commands that are started in ``here``."""
    given = environment.get("DAGSTER_HOME", "")
    configured = "" if "DAGSTER_HOME" in environment else configured_storage(here)
    folder = here / configured if configured else Path(given) if given else user_home()
    config, error = _read_config(here if configured else folder)
    return Instance(
        folder=folder,
        by="DAGSTER_HOME" if given else "dagster.yaml" if configured else "",
        given=given,
        config_error=error,
        write_error=see_writing(folder),
        database="sqlite" in (config.get("storage") or {"sqlite": {}}),
        network=is_network_filesystem(folder),
        leftovers=_leftovers(here),
    )


def _leftovers(here: Path) -> tuple[str, ...]:
    """Temporary homes in a folder, unless a "dagster dev" runs there, one of which is then its own."""
    found = tuple(sorted(str(path) for path in here.glob(_TEMPORARY)))
    return () if found and any(_is_dev(process, here) for process in psutil.process_iter()) else found


def _is_dev(process: psutil.Process, here: Path) -> bool:
    try:
        command = [Path(part).name for part in process.cmdline()]
        return "dev" in command and "dagster" in command and Path(process.cwd()) == here
    except psutil.Error:  # it has ended, or is another user's
        return False


def _read_config(folder: Path) -> tuple[dict[str, dict[str, object]], str]:
    try:
        config = yaml.safe_load((folder / "dagster.yaml").read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        return {}, ""
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return {}, " ".join(str(error).split())[:200]
    return (config, "") if isinstance(config, dict) else ({}, "it is not a list of settings")


def judge_instance(instance: Instance) -> Iterator[Finding]:
    """Whether runs can be recorded, and whether there is something to sweep up."""
    yield _judge_home(instance)
    if instance.leftovers:
        said = f"{len(instance.leftovers)} temporary instances of Dagster are in this folder: {instance.leftovers[0]}"
        yield warn(NAMES[1], f"{said}, ….", "Delete them: no 'dagster dev' runs here.")
    else:
        yield Finding(NAMES[1], "ok", "No temporary instances of Dagster lie about.")


def _judge_home(instance: Instance) -> Finding:
    name = NAMES[0]
    if instance.by == "DAGSTER_HOME" and not Path(instance.given).is_absolute():
        return fail(name, f"DAGSTER_HOME is {instance.given!r}, not an absolute path.", "Set it to a full path.")
    if instance.by == "DAGSTER_HOME" and not instance.folder.is_dir():
        return fail(name, f"DAGSTER_HOME is {instance.given}, which is no folder.", f"mkdir -p {instance.given}")
    if instance.config_error:
        return fail(name, f"Its dagster.yaml cannot be read: {instance.config_error}.", "Mend it, or move it away.")
    found = judge_folder(name, instance.folder, instance.write_error, "DAGSTER_HOME")
    if found.status == "ok" and instance.database and instance.network:
        said = (
            f"{instance.folder} is on a network volume, where Dagster's SQLite databases are damaged sooner or later."
        )
        return warn(name, said, "Set DAGSTER_HOME to a local folder, or keep the records in PostgreSQL.")
    return found
