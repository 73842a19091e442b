"""Where Dagster keeps its records when nobody said where: one place for every command, so that they see each other.

``DAGSTER_HOME`` wins. Else a ``dagster.yaml`` in the working folder that says where its storage is (this project's own
does). Else a folder of the user's. The ``dagster`` command itself knows only the first two and would keep its records
in a folder that it deletes at the end; ``use_lasting_home`` sends it to the third.
"""

import atexit
import os
import sys
from importlib.resources import files
from pathlib import Path

import dagster as dg
from dagster._core.instance import InstanceRef

from f5_pipeline.defs.instance.pools import prepare_pool
from f5_pipeline.defs.partitions import batches
from f5_pipeline.errors import FileUnusable
from f5_pipeline.settings.dagster_home import configured_storage, user_home
from f5_pipeline.storage.locks import hold
from f5_pipeline.storage.object_store import check_slug

_LOCK = "f5-pipeline.lock"
_DEFAULT_CONFIG = files("f5_pipeline.defs").joinpath("dagster.yaml")


def open_instance() -> dg.DagsterInstance:
    """The instance that the ``dagster`` command would use from this folder, made if it is not there.

    By one process, while others wait: Dagster's databases cannot be made by two at once.

    Raises:
        FileUnusable: it cannot be made.
    """
    if "DAGSTER_HOME" not in os.environ and (storage := _configured_here()):
        with hold(Path(storage) / _LOCK, "opening Dagster's records"):
            # What the command does too: the configuration is the folder's, and says where everything is kept.
            return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(Path.cwd()), config_dir=str(Path.cwd())))
    home = _home()
    os.environ["DAGSTER_HOME"] = str(home)
    with hold(home / _LOCK, "opening Dagster's records"):
        return dg.DagsterInstance.get()


def instance_place() -> str:
    """Where the records are kept, for people."""
    return str(Path.cwd() / _configured_here() if "DAGSTER_HOME" not in os.environ and _configured_here() else _home())


def register_batch(batch: str) -> str:
    """Make a batch a partition, if it is not; returns where the instance is kept.

    Raises:
        UnsafeName: ``batch`` is not a slug.
    """
    with open_instance() as instance:
        instance.add_dynamic_partitions(str(batches.name), [check_slug("batch", batch)])
        prepare_pool(instance)
    return instance_place()


def use_lasting_home() -> None:
    """Start the ``dagster`` command again under the user's own home, if it runs a job with nowhere to keep it.

    Called when our definitions are loaded, which is before the run begins. Other programs are left alone.
    """
    program = Path(sys.argv[0])  # "…/bin/dagster", or "…/dagster/__main__.py" of python -m dagster
    command = [program.parent.name if program.name == "__main__.py" else program.name, *sys.argv[1:2]]
    if command not in (["dagster", "job"], ["dagster", "asset"]):
        return
    if "DAGSTER_HOME" in os.environ or _configured_here():
        return
    home = _home()
    open_instance().dispose()  # and sets DAGSTER_HOME
    print(f"DAGSTER_HOME is not set: the instance is kept in {home}", file=sys.stderr, flush=True)
    # The command is left as any program is, and so removes the temporary folder that it has made; then it begins again.
    atexit.register(_begin_again, {**os.environ, "DAGSTER_HOME": str(home)})
    raise SystemExit


def _begin_again(environment: dict[str, str]) -> None:
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def _home() -> Path:
    """``DAGSTER_HOME``, or the user's own; a new one is configured for runs that nobody watches.

    Raises:
        FileUnusable: it cannot be made.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or user_home()).absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
        if "DAGSTER_HOME" not in os.environ and not (home / "dagster.yaml").exists():
            (home / "dagster.yaml").write_text(_DEFAULT_CONFIG.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        reason = f"cannot hold Dagster's records: {error.strerror or error}."
        raise FileUnusable(str(home), reason, "Name a folder that you may write in DAGSTER_HOME.") from None
    return home


def _configured_here() -> str:
    return configured_storage(Path.cwd())
