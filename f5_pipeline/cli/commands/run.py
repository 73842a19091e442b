"""``run``: speak and deliver batches in this process, one after the other, with a progress bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

import click
from rich.console import Console

from f5_pipeline.cli.command import command, complete_batch, in_store
from f5_pipeline.cli.commands.results import print_delivery
from f5_pipeline.cli.interruption import stop_on_signals
from f5_pipeline.cli.terminal import direct_stderr, print_line, print_to_stderr
from f5_pipeline.display.units import plural
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore

if TYPE_CHECKING:
    from f5_pipeline.defs.resources import LoadEngine

_MAX_REASONS = 5  # rows that are listed with their reason; ``results`` lists all


@command(
    "run",
    "speak and deliver batches, with a progress bar",
    examples=["run chapter1", "run chapter1 chapter2", "run 'chapter*'"],
)
@click.argument("batches", nargs=-1, required=True, metavar="BATCH...", shell_complete=complete_batch)
@in_store
def run(settings: Settings, store: ObjectStore, batches: tuple[str, ...]) -> int:
    """Speak and deliver batches, with a progress bar: the job speech_batch in this process.

    BATCH is a name, or a quoted pattern such as 'chapter*'. The model is loaded once. What is spoken already is not
    spoken again, so an interrupted run continues when it is started again.
    """
    return run_batches(store, batches)


def run_batches(store: ObjectStore, names: Sequence[str]) -> int:
    """Run the job ``speech_batch`` for each batch; returns the exit code: 1 if one of them failed."""
    run_ids: list[str] = []  # the last one is in progress
    # Before the imports below, which start threads.
    with direct_stderr() as stderr, stop_on_signals(lambda: _cancel(run_ids)):
        return _run_all(names, store, run_ids, Console(file=stderr))


def _cancel(run_ids: Sequence[str]) -> None:
    from f5_pipeline.defs.run import cancel_run

    if run_ids:
        cancel_run(run_ids[-1])


def _run_all(names: Sequence[str], store: ObjectStore, run_ids: list[str], console: Console) -> int:
    from f5_pipeline.defs.instance.instance import instance_location
    from f5_pipeline.defs.run import load_once
    from f5_pipeline.manifests.batch_files import find_manifests

    batches, load_engine = find_manifests(store, names), load_once()
    print_to_stderr(f"Dagster instance: {instance_location()}")
    failed = []
    for batch in batches:
        run_ids.append(str(uuid4()))
        if len(batches) > 1:
            print_to_stderr(f"Batch {batch} ({len(run_ids)} of {len(batches)})")
        if _run(batch, store, run_ids[-1], load_engine, console):
            failed.append(batch)
    if failed and len(batches) > 1:
        print_to_stderr(f"{len(failed)} of {len(batches)} batches failed: {', '.join(failed)}.")
    return 1 if failed else 0


def _run(batch: str, store: ObjectStore, run_id: str, load_engine: LoadEngine, console: Console) -> int:
    from f5_pipeline.cli.progress_bar import BarProgress
    from f5_pipeline.defs.run import run_batch

    with BarProgress(console) as progress:
        outcome = run_batch(batch, progress, print_to_stderr, run_id, load_engine)
    if counts := outcome.metadata:  # present once the index is written, even if a later step failed
        print_line(
            f"{counts['ok']} ok, {counts['suspect']} suspect, {counts['failed']} failed, {counts['rejected']} rejected;"
            f" {plural(counts['clips_spoken'], 'clip')} spoken, {plural(counts['cache_hits'], 'line')} reused."
        )
        _print_remarks(store, batch)
    if not outcome.succeeded:
        print_to_stderr(outcome.error)
        return 1
    print_delivery(store, batch)
    return 0


def _print_remarks(store: ObjectStore, batch: str) -> None:
    """Print the manifest's warnings and the first rows that are not ok, with their reasons, to stderr."""
    from f5_pipeline.manifests.utterance_file import load_utterances
    from f5_pipeline.results.index import read_index

    remarks = list(load_utterances(store, batch).warnings)
    not_ok = [row for row in read_index(store, batch) or [] if row.status != "ok"]
    remarks += [f"{row.id} ({row.status}): {row.reason}" for row in not_ok[:_MAX_REASONS]]
    if len(not_ok) > _MAX_REASONS:
        remarks.append(f"{len(not_ok) - _MAX_REASONS} more; list all with: f5-pipeline results {batch}")
    for remark in remarks:
        print_to_stderr(f"  {remark}")
