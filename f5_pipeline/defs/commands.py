"""Checks of the commands that run assets in their own process, before the run: mistakes end with one sentence.

``dagster job execute``, ``dagster asset materialize`` and ``dg launch`` load the definitions first. What they ask for
is read from click, with which these commands are written. Without these checks, a run fetches a model before it finds
that its batch does not exist, or Dagster shows where in its own code a check has failed.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import click
import dagster as dg

from f5_pipeline.defs.dagster_internals import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)
from f5_pipeline.defs.instance.instance import instance_location, using_instance
from f5_pipeline.defs.instance.records import records_error
from f5_pipeline.defs.partitions import batches
from f5_pipeline.errors import BadOption, BatchMissing, BatchNotNamed, F5PipelineError
from f5_pipeline.manifests.batch_files import find_manifest, known_batches
from f5_pipeline.settings.environment import load_settings
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.open import open_store

_COMMANDS = (("job", "execute"), ("asset", "materialize"), ("launch",))  # without the program's name
_MODULE = "f5_pipeline.definitions"
_POINTERS = ("module_name", "python_file", "package_name", "attribute", "workspace", "autoload_defs_module_name")
_TAG_OPTION = f"""--tags '{{"{PARTITION_NAME_TAG}": "BATCH"}}'."""
_RANGE_TAGS = (ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG)
_NEEDS_MANIFEST = dg.AssetKey("utterances")  # the other assets read what it has written


def check_command(definitions: dg.Definitions) -> None:
    """End the program with a sentence if its command cannot be carried out.

    Does nothing in other programs, and for definitions of others, which may have more jobs and assets than these.
    """
    context = click.get_current_context(silent=True)
    if context is None or _names(context) not in _COMMANDS or not _loads_this(context.params):
        return
    sys.excepthook = _Explain(instance_location())
    try:
        _check(_Request.of(context.params), definitions)
    except F5PipelineError as error:  # Dagster would show where the definitions raised it
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None


def _names(context: click.Context) -> tuple[str, ...]:
    names: list[str] = []
    while context.parent is not None:
        names.insert(0, str(context.command.name))
        context = context.parent
    return tuple(names)


def _loads_this(params: Mapping[str, Any]) -> bool:
    """True for ``-m f5_pipeline.definitions``; without any such option, in a checkout."""
    given = [params[name] for name in _POINTERS if params.get(name)]
    return given in ([_MODULE], [(_MODULE,)]) or (not given and _checkout_file(params).exists())


def _checkout_file(params: Mapping[str, Any]) -> Path:
    return Path(params.get("target_path") or ".", *_MODULE.split(".")).with_suffix(".py")


@dataclass(frozen=True)
class _Request:
    """What a command asks for: a job or a selection of assets."""

    job: str
    select: str
    partition: str
    is_range: bool  # a range of partitions, by option
    range_ends: tuple[str, ...]  # the first and the last batch of a range, by tags
    is_tag: bool  # the partition is a tag, which Dagster does not check

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> "_Request":
        tags: dict[str, str] = json.loads(params.get("tags") or "{}")  # Dagster has parsed it before
        return cls(
            job=params.get("job_name") or params.get("job") or "",
            select=params.get("select") or params.get("assets") or "",
            partition=str(params.get("partition") or tags.get(PARTITION_NAME_TAG) or ""),
            is_range=bool(params.get("partition_range")),
            range_ends=tuple(tags[name] for name in _RANGE_TAGS if name in tags),
            is_tag="tags" in params,
        )

    @property
    def what(self) -> str:
        return f"The job {self.job}" if self.job else f"The selection {self.select!r}"


def _check(request: _Request, definitions: dg.Definitions) -> None:
    assets = _selected(request, definitions)
    if not assets:
        return
    if request.is_range or request.range_ends:
        _check_range(request)
        return
    graph = definitions.resolve_asset_graph()
    if not any(graph.get(key).is_partitioned for key in assets):
        if request.partition and not request.is_tag:
            raise BadOption(
                "--partition",
                f"does not fit: {request.what[0].lower()}{request.what[1:]} has no batches.",
                "Leave it out.",
            )
        return
    store = open_store(load_settings().store)
    if not request.partition:
        option = _TAG_OPTION if request.is_tag else "--partition BATCH."
        raise BatchNotNamed(request.what, option, known_batches(store))
    _check_batch(request, store, needs_manifest=_NEEDS_MANIFEST in assets)


def _check_range(request: _Request) -> None:
    """Dagster's commands refuse a range that needs the daemon, and a batch that is no partition, with a traceback."""
    if request.is_range and request.select:
        raise BadOption(
            "--partition-range",
            "cannot be used: Dagster makes several runs of a range of batches, with the daemon only.",
            "Launch a backfill in the UI, or run the batches here: f5-pipeline run BATCH...",
        )
    for batch in request.range_ends:
        if not _is_registered(batch):
            fix = "A range goes from one registered batch to another: f5-pipeline submit registers a batch."
            raise BadOption(
                f"The range {' … '.join(request.range_ends)}", f"needs {batch!r}, which is no partition.", fix
            )


def _selected(request: _Request, definitions: dg.Definitions) -> frozenset[dg.AssetKey]:
    """The assets of the run; none for jobs without assets, and where Dagster itself asks for a job or selection."""
    if request.select:
        try:
            selection = dg.AssetSelection.from_coercible(request.select.split(","))
            found = frozenset(selection.resolve(definitions.resolve_asset_graph()))
        except dg.DagsterError as error:
            reason = f"is no selection: {str(error).strip().splitlines()[0][:300]}"
            raise BadOption(repr(request.select), reason, "List the assets: dagster asset list") from None
        if not found:
            raise BadOption(
                repr(request.select), "is no selection: it selects no asset.", "List the assets: dagster asset list"
            )
        return found
    jobs = {job.name: job for job in definitions.resolve_all_job_defs()}
    if request.job and request.job not in jobs:
        known = ", ".join(sorted(name for name in jobs if not name.startswith("__")))
        raise BadOption(f"The job {request.job!r}", "does not exist.", f"There are: {known}.")
    return frozenset(jobs[request.job].asset_layer.executable_asset_keys) if request.job else frozenset()


def _check_batch(request: _Request, store: ObjectStore, needs_manifest: bool) -> None:
    """Find the batch, and register its partition where Dagster requires that."""
    try:
        find_manifest(store, request.partition)
    except BatchMissing:
        if needs_manifest or not _is_registered(request.partition):
            raise
        return
    if not request.is_tag:
        with using_instance() as instance:
            instance.add_dynamic_partitions(str(batches.name), [request.partition])


def _is_registered(batch: str) -> bool:
    with using_instance() as instance:
        return instance.has_dynamic_partition(str(batches.name), batch)


@dataclass(frozen=True)
class _Explain:
    """The program's last word: a sentence for failures of Dagster's records, and the traceback of anything else."""

    location: str

    def __call__(self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if (unusable := records_error(error, self.location)) is None:
            sys.__excepthook__(kind, error, traceback)
        else:
            print(unusable, file=sys.stderr)
