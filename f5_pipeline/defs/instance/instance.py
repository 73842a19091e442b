"""The location of the Dagster instance: the same for every command started in a folder, so that all see the same runs.

``DAGSTER_HOME`` comes first; then a ``dagster.yaml`` in the working folder that names its storage, as this project's
does; then a folder in the user's home. The ``dagster`` command uses only the first two. Without them it keeps its
records in a temporary folder and deletes it at the end; ``ensure_persistent_home`` makes it use the third.
"""

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import dagster as dg

from f5_pipeline.defs.dagster_internals import InstanceRef
from f5_pipeline.defs.instance.pools import prepare_pool
from f5_pipeline.defs.instance.records import readable_records
from f5_pipeline.defs.partitions import batches
from f5_pipeline.errors import F5PipelineError, FileUnusable
from f5_pipeline.settings.dagster_home import configured_storage, user_home
from f5_pipeline.storage.locks import hold
from f5_pipeline.storage.object_store import check_slug

_LOCK = "f5-pipeline.lock"
_DEFAULT_CONFIG = files("f5_pipeline.defs").joinpath("dagster.yaml")


@contextmanager
def using_instance() -> Iterator[dg.DagsterInstance]:
    """The instance that the ``dagster`` command would use from this folder; created if it does not exist.

    Raises:
        FileUnusable: the instance's folder cannot be created.
        RecordsUnusable: its databases or files fail, now or in the block.
    """
    with readable_records(instance_location()), open_instance() as instance:
        yield instance


def open_instance() -> dg.DagsterInstance:
    """The instance as in ``using_instance``, but Dagster's own errors are not translated.

    One process at a time: two processes cannot create Dagster's databases at once.

    Raises:
        FileUnusable: the instance's folder cannot be created.
    """
    if "DAGSTER_HOME" not in os.environ and (storage := _configured_storage()):
        with hold(Path(storage) / _LOCK, "opening Dagster's records"):
            # As the command does: the folder's dagster.yaml says where everything is kept.
            return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(Path.cwd()), config_dir=str(Path.cwd())))
    home = _prepare_home()
    os.environ["DAGSTER_HOME"] = str(home)
    with hold(home / _LOCK, "opening Dagster's records"):
        return dg.DagsterInstance.get()


def instance_location() -> str:
    """The folder of the records, for messages."""
    if "DAGSTER_HOME" not in os.environ and (storage := _configured_storage()):
        return str(Path.cwd() / storage)
    return str(_prepare_home())


def register_batch(batch: str) -> str:
    """Add a batch to the partitions; returns the location of the instance.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        FileUnusable, RecordsUnusable: as in ``using_instance``.
    """
    with using_instance() as instance:
        instance.add_dynamic_partitions(str(batches.name), [check_slug("batch", batch)])
        prepare_pool(instance)
    return instance_location()


def ensure_persistent_home() -> None:
    """Restart the ``dagster`` or ``dg`` command with the user's own home if it would run in a temporary instance.

    Called when the definitions are loaded, which is before the run begins. Does nothing in other programs.
    """
    program = Path(sys.argv[0])  # "…/bin/dagster", or "…/dagster/__main__.py" for python -m dagster
    command = [program.parent.name if program.name == "__main__.py" else program.name, *sys.argv[1:2]]
    if command not in (["dagster", "job"], ["dagster", "asset"], ["dg", "launch"]):
        return
    if "DAGSTER_HOME" in os.environ or _configured_storage():
        return
    try:
        home = _prepare_home()
        with using_instance():
            pass  # it exists now, and DAGSTER_HOME is set
    except F5PipelineError as error:  # Dagster would show where the definitions raised it
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    print(f"DAGSTER_HOME is not set: the instance is kept in {home}", file=sys.stderr, flush=True)
    # The command exits normally first, so that it removes the temporary folder that it has created.
    atexit.register(_restart, {**os.environ, "DAGSTER_HOME": str(home)})
    raise SystemExit


def _restart(environment: dict[str, str]) -> None:
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def _prepare_home() -> Path:
    """``DAGSTER_HOME`` or the folder in the user's home; the latter gets our ``dagster.yaml`` if it has none.

    Raises:
        FileUnusable: the folder cannot be created.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or user_home()).absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
        if "DAGSTER_HOME" not in os.environ and not (home / "dagster.yaml").exists():
            (home / "dagster.yaml").write_text(_DEFAULT_CONFIG.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        reason = f"cannot hold Dagster's records: {error.strerror or error}."
        raise FileUnusable(str(home), reason, "Set DAGSTER_HOME to a folder that you may write to.") from None
    return home


def _configured_storage() -> str:
    """The storage that a ``dagster.yaml`` of the working folder names; "" if there is none."""
    return configured_storage(Path.cwd())
