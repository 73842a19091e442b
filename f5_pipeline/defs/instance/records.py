"""Failures of Dagster's records (its databases and files) in the user's words: culprit, reason, fix.

Dagster raises what its database driver raises, in many places. Every use of an instance outside a run's own steps is
inside ``readable_records``; ``failures`` does the same for the steps.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import disk_usage

import dagster as dg
import yaml
from sqlalchemy.exc import SQLAlchemyError

from f5_pipeline.errors import F5PipelineError, RecordsUnusable
from f5_pipeline.storage.filesystem import explain_os_error

_FULL = 1_000_000  # bytes; SQLite needs this much to work
_DISK_FULL = ("the disk is full", "Free some space on it, or set DAGSTER_HOME to a folder on another disk.")
_NOT_WRITABLE = (
    "they cannot be written",
    "Give this user write access to them, or set DAGSTER_HOME to another folder.",
)
_OLD = ("they are incomplete, or of another version of Dagster", "Run: dagster instance migrate")
_DAMAGED = (
    "a database is damaged",
    "Move the folder away: clips and results are in the store, so only the history of runs is lost.",
)
#: Fragments of the messages of SQLite and of Dagster, and what they mean.
_MEANINGS = {
    "database is locked": (
        "another program has locked a database",
        "End that program (a backup, a database browser), or wait until it is done, and try again.",
    ),
    "disk is full": _DISK_FULL,
    "readonly database": _NOT_WRITABLE,
    "unable to open database file": _NOT_WRITABLE,
    "disk I/O error": ("the disk reports an input/output error", "Check the disk, and that it is not full."),
    "is not a database": _DAMAGED,
    "is malformed": _DAMAGED,
    "dagster instance migrate": _OLD,
    "no such table": _OLD,
    "no such column": _OLD,
}


@contextmanager
def readable_records(location: str) -> Iterator[None]:
    """Raise the failures of the records as ``RecordsUnusable``. Other errors pass unchanged.

    ``location``: the folder of the records, for the message.
    """
    try:
        yield
    except (F5PipelineError, BrokenPipeError):  # a pipe is not a record
        raise
    except Exception as error:
        if (unusable := records_error(error, location)) is None:
            raise
        raise unusable from error


def records_error(error: BaseException, location: str) -> RecordsUnusable | None:
    """Our error for a failure of the records that is the cause of ``error``; None if there is none."""
    cause: BaseException | None = error
    while cause is not None:
        if (meaning := _meaning(cause, location)) is not None:
            return RecordsUnusable(location, *meaning, transient=meaning == _MEANINGS["database is locked"])
        cause = cause.__cause__ or cause.__context__
    return None


def _meaning(error: BaseException, location: str) -> tuple[str, str] | None:
    """The reason and the fix; None if the error is not about the records."""
    text = str(error)
    if isinstance(error, (dg.DagsterInvalidConfigError, yaml.YAMLError)):
        return f"dagster.yaml is not valid: {_short(text)}", "Correct it, or move it away."
    if isinstance(error, OSError):
        reason, fix = explain_os_error(error)
        return reason.rstrip("."), fix
    if not isinstance(error, (SQLAlchemyError, sqlite3.Error, dg.DagsterError)):
        return None
    for fragment, meaning in _MEANINGS.items():
        if fragment in text:
            return _DISK_FULL if fragment == "disk I/O error" and _is_full(location) else meaning
    if isinstance(error, dg.DagsterError):
        return None
    return f"the database failed: {_short(text)}", "Check the database, and the storage that dagster.yaml names."


def _is_full(location: str) -> bool:
    try:
        return disk_usage(location).free < _FULL
    except OSError:
        return False


def _short(text: str) -> str:
    """The first lines of a message; after them come statements and addresses of documentation."""
    return " ".join(text.partition("[SQL")[0].partition("(Background")[0].split())[:200].rstrip(".")
