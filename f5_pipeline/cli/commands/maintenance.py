"""``clean``, ``verify`` and ``mirror``: free space in the store, find damaged clips, copy a model's files into it."""

from __future__ import annotations

from datetime import timedelta

import click

from f5_pipeline.cli.command import command, complete_batch, in_store
from f5_pipeline.cli.terminal import print_line
from f5_pipeline.display.units import plural, readable_duration, readable_size
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import clip_object
from f5_pipeline.storage.object_store import ObjectStore

_MAX_NAMED = 10  # batches in a message


@command("clean", "remove partial files, and clips that no batch names", examples=["clean --dry-run", "clean"])
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@in_store
def clean(settings: Settings, store: ObjectStore, dry_run: bool) -> int:
    """Remove partial files of dead processes, and old clips that no batch names."""
    from f5_pipeline.results.garbage_collection import clean as collect_garbage

    grace = timedelta(days=settings.clean_days)
    report = collect_garbage(store, [settings.cache], grace=grace, dry_run=dry_run)
    verb = "Would remove" if report.dry_run else "Removed"
    for partial in report.partial_files:
        print_line(f"{verb} {partial.path}")
    print_line(
        f"{verb} {plural(len(report.partial_files), 'partial file')} of dead processes and "
        f"{plural(report.clips, 'clip')} that no batch names ({readable_duration(report.clip_seconds)} of speech): "
        f"{readable_size(report.bytes_freed)}. "
        f"Partial files kept, since their processes may be alive: {len(report.kept_partial_files)}."
    )
    if report.unindexed:
        batches = ", ".join(report.unindexed[:_MAX_NAMED]) + (", …" if len(report.unindexed) > _MAX_NAMED else "")
        print_line(
            f"No clip is removed while a batch has a manifest and no results, since its clips are unknown: {batches}. "
            "Run it, or delete its manifest."
        )
    elif report.recent_clips:
        kept = f"{plural(report.recent_clips, 'clip')} that no batch names"
        print_line(f"Kept: {kept}, less than {settings.clean_days:g} days old (F5_CLEAN_DAYS).")
    for key, begun in report.unfinished_uploads:
        print_line(
            f"The upload of {key} has been unfinished since {begun:%Y-%m-%d %H:%M}; a lifecycle rule can remove it."
        )
    return 0


@command("verify", "read all clips and find damaged ones", examples=["verify", "verify chapter1 --repair"])
@click.argument("batch", required=False, shell_complete=complete_batch)
@click.option("--repair", is_flag=True, help="Delete damaged clips, so that the next run of their batches speaks them.")
@in_store
def verify(settings: Settings, store: ObjectStore, batch: str | None, repair: bool) -> int:
    """Read all clips, or those of BATCH, and find damaged ones; the exit code is 1 if there are any."""
    from f5_pipeline.cli.progress_bar import working
    from f5_pipeline.results.verification import verify_clips

    with working("verifying") as work:
        report = verify_clips(store, batch, repair=repair, progress=lambda checked: work.note(plural(checked, "clip")))
    for key, reason in report.damaged.items():
        print_line(f"{store.location(clip_object(key))}: {reason}")
    for key in report.missing:
        print_line(f"{store.location(clip_object(key))}: missing")
    for problem in report.damaged_indexes.values():
        print_line(problem)
    found = f"damaged: {len(report.damaged)}, missing: {len(report.missing)}"
    print_line(f"{plural(report.checked, 'clip')} verified; {found}.")
    if report.batches and report.repaired:
        print_line(f"Run {', '.join(sorted(report.batches))} again: what is damaged or missing is spoken again.")
    elif report.batches:
        print_line(
            f"Named by: {', '.join(sorted(report.batches))}. With --repair, their next runs speak these clips again."
        )
    elif report.damaged and not report.repaired:
        print_line("No batch names them. With --repair they are deleted.")
    return 0 if report.intact else 1


@command("mirror", "copy a model's files into the store", examples=["mirror F5TTS_v1_Base"])
@click.argument("model")
@in_store
def mirror(settings: Settings, store: ObjectStore, model: str) -> int:
    """Copy a model's files into the store, for machines that cannot reach a model hub.

    MODEL is a name in the model catalogue.
    """
    from f5_pipeline.cli.progress_bar import working
    from f5_pipeline.models.catalogue import model_named
    from f5_pipeline.models.weights import mirror as copy_to_mirror
    from f5_pipeline.storage.download_progress import observe_downloads

    with working("copying") as work, observe_downloads(work.download):
        copied = copy_to_mirror(model_named(settings, model), settings.cache, store)
    for file in copied:
        print_line(f"{file.location} ({readable_size(file.size)}{'' if file.uploaded else ', was there already'})")
    if not copied:
        print_line(f"Model {model!r} needs no mirror: its files are part of a package, or local files.")
    return 0
