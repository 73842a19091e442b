"""``run``: speak and deliver a batch in this process, with a progress bar."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from f5_pipeline.cli.commands.results import print_delivery
from f5_pipeline.cli.terminal import plural, safe_text
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore

_MAX_REASONS = 5  # rows that are listed with their reason; ``results`` lists all


def run(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> int:
    """Run the job ``speech_batch`` for one batch; returns 1 if it failed."""
    from f5_pipeline.cli.progress_bar import BarProgress
    from f5_pipeline.defs.instance.instance import instance_location
    from f5_pipeline.defs.run import run_batch
    from f5_pipeline.manifests.batch_files import find_manifest

    find_manifest(store, arguments.batch)
    print(f"Dagster instance: {instance_location()}", file=sys.stderr)
    with BarProgress(Console(stderr=True)) as progress:
        outcome = run_batch(arguments.batch, progress, lambda warning: print(warning, file=sys.stderr))
    if counts := outcome.metadata:  # present once the index is written, even if a later step failed
        print(
            f"{counts['ok']} ok, {counts['suspect']} suspect, {counts['failed']} failed, {counts['rejected']} rejected;"
            f" {plural(counts['clips_spoken'], 'clip')} spoken, {plural(counts['cache_hits'], 'line')} reused."
        )
        _print_remarks(store, arguments.batch)
    if not outcome.succeeded:
        print(outcome.error, file=sys.stderr)
        return 1
    print_delivery(store, arguments.batch)
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
        print(f"  {safe_text(remark)}", file=sys.stderr)
