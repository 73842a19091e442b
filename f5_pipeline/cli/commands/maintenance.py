"""``clean`` and ``mirror``: free space in the store, and copy a model's files into it."""

from __future__ import annotations

import argparse

from f5_pipeline.cli.terminal import plural
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore


def clean(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> int:
    """Remove partial files of dead processes, and clips that no batch names."""
    from f5_pipeline.results.garbage_collection import clean as collect_garbage

    report = collect_garbage(store, [settings.cache], dry_run=arguments.dry_run)
    verb = "Would remove" if report.dry_run else "Removed"
    for partial in report.partial_files:
        print(f"{verb} {partial.path}")
    print(
        f"{verb} {plural(len(report.partial_files), 'partial file')} of dead processes and "
        f"{plural(report.clips, 'clip')} that no batch names: {report.bytes_freed / 1e6:.1f} MB. "
        f"Partial files in use: {len(report.kept_partial_files)}."
    )
    for key, begun in report.unfinished_uploads:
        print(f"The upload of {key} has been unfinished since {begun:%Y-%m-%d %H:%M}; a lifecycle rule can remove it.")
    return 0


def mirror(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> int:
    """Copy a model's files into the store's ``models/``, for machines that cannot reach a hub."""
    from f5_pipeline.models.catalogue import model_named
    from f5_pipeline.models.weights import mirror as copy_to_mirror

    copied = copy_to_mirror(model_named(settings, arguments.model), settings.cache, store)
    for file in copied:
        print(file)
    if not copied:
        print(f"Model {arguments.model!r} needs no mirror: its files are part of a package, or local files.")
    return 0
