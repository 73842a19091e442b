"""``submit``: put a manifest into the store and register its partition, or preview it with ``--dry-run``."""

from __future__ import annotations

from pathlib import Path

import click

from f5_pipeline.cli.command import command, in_store
from f5_pipeline.cli.terminal import print_json, print_line
from f5_pipeline.display.characters import visible
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore


@command(
    "submit",
    "put a manifest into the store; speaks nothing",
    examples=["submit chapter1.csv", "submit chapter1.csv --dry-run", "submit lines.xlsx --batch quests"],
)
@click.argument("manifest", type=click.Path(path_type=Path))
@click.option("--batch", metavar="NAME", help="The name of the batch (default: the name of the file).")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Only show the lines to speak and the rejected rows; the exit code is 1 if a row is rejected.",
)
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: print the complete preview as JSON.")
@in_store
def submit(
    settings: Settings, store: ObjectStore, manifest: Path, batch: str | None, dry_run: bool, as_json: bool
) -> int:
    """Put a manifest into the store and register its partition; speak nothing.

    MANIFEST is a table (.csv, .xlsx, .json, …), a .txt or .md file or subtitles (.srt, .vtt). Settings in a file of the
    same name (.toml) go with it.
    """
    if dry_run:
        return _preview(settings, store, manifest, batch, as_json)
    if as_json:
        raise click.UsageError("--json works only together with --dry-run.")
    from f5_pipeline.cli.progress_bar import working
    from f5_pipeline.defs.instance.instance import register_batch
    from f5_pipeline.manifests.batch_files import submit_manifest

    with working(f"reading and storing {visible(manifest.name)}"):
        name = submit_manifest(store, manifest, batch)
    instance = register_batch(name)
    print_line(f"Batch {name!r} is in the store {store.url}; its partition is registered in {instance}.")
    print_line(f"Speak it with: f5-pipeline run {name}")
    return 0


def _preview(settings: Settings, store: ObjectStore, manifest: Path, batch: str | None, as_json: bool) -> int:
    """Show the preview of a manifest; returns 1 if a row is rejected."""
    from f5_pipeline.cli.preview_table import print_preview
    from f5_pipeline.cli.progress_bar import working
    from f5_pipeline.manifests.batch_files import local_files
    from f5_pipeline.models.catalogue import load_catalogue
    from f5_pipeline.synthesis.preview import preview

    with working(f"reading {visible(manifest.name)}"):
        shown = preview(local_files(manifest, batch), store, settings, load_catalogue(settings))
    if as_json:
        print_json(shown.as_json())
    else:
        print_preview(shown)
    return 1 if shown.rejected else 0
