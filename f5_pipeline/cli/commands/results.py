"""``results``, ``fetch`` and ``report``: show a batch's clips, copy its files, share its listening page.

``results`` and ``fetch`` only read the store. None of the three can start a synthesis.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from f5_pipeline.cli.command import batch_argument, command, in_store, json_option, link_seconds
from f5_pipeline.cli.terminal import print_json, print_line, print_links, print_to_stderr
from f5_pipeline.display.units import plural
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectStore


@command(
    "results",
    "show status, quality and location of each clip; read-only",
    examples=["results chapter1", "results chapter1 --id greeting", "results chapter1 --links 3600"],
)
@batch_argument
@click.option("--id", metavar="ID", help="Show one utterance only.")
@json_option
@click.option(
    "--links",
    type=link_seconds,
    metavar="SECONDS",
    help="Print URLs that open the clips without credentials and expire after SECONDS (at most a week).",
)
@in_store
def results(
    settings: Settings, store: ObjectStore, batch: str, id: str | None, as_json: bool, links: int | None
) -> int:
    """Show status, duration, quality and location of each clip; read-only."""
    from f5_pipeline.cli.results_table import print_rows
    from f5_pipeline.results.lookup import batch_results, manifest_has_changed, share_clips

    found = batch_results(store, batch, id)
    if found.spoken and manifest_has_changed(store, found.batch):
        print_to_stderr(
            f"The manifest has changed since the batch was last spoken; run: f5-pipeline run {found.batch}",
        )
    urls = share_clips(store, found, links) if links else {}
    if as_json:
        document = found.as_json()
        for row in document["utterances"]:
            row.update({"link": urls[row["id"]]} if row["id"] in urls else {})
        print_json(document)
    elif links:
        for name, url in urls.items():
            print_links(name, url)
    elif not found.spoken:
        print_line(f"Batch {found.batch!r} has not been spoken yet. Speak it with: f5-pipeline run {found.batch}")
    else:
        print_rows(found.rows, store)
        counts = ", ".join(f"{count} {status}" for status, count in found.counts.items())
        print_line(f"{plural(len(found.rows), 'utterance')} ({counts}), {found.audio_seconds:.1f} s of audio")
        print_delivery(store, found.batch)
    return 0


@command("fetch", "copy the delivered files to a local folder; read-only", examples=["fetch chapter1 out"])
@batch_argument
@click.argument("folder", type=click.Path(path_type=Path))
@in_store
def fetch(settings: Settings, store: ObjectStore, batch: str, folder: Path) -> int:
    """Copy the delivered files to a local folder, which is created if it does not exist; read-only."""
    from f5_pipeline.cli.progress_bar import working
    from f5_pipeline.results.lookup import fetch_delivered

    with working("copying") as work:
        report = fetch_delivered(store, batch, folder, lambda done, total: work.count(done, total, "files"))
    print_line(f"{plural(report.copied, 'file')} copied to {report.folder}, {report.unchanged} already up to date.")
    return 0


@command(
    "report",
    "make a listening page that plays from a private bucket",
    examples=["report chapter1", "report chapter1 page.html", "report chapter1 --publish --links 3600"],
)
@batch_argument
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--publish", is_flag=True, help="Store the page in the bucket and print a link to it.")
@click.option(
    "--links",
    type=link_seconds,
    metavar="SECONDS",
    default=86_400,
    help="The lifetime of the links (default: a day; maximum: a week).",
)
@in_store
def report(settings: Settings, store: ObjectStore, batch: str, file: Path | None, publish: bool, links: int) -> int:
    """Make a listening page that plays from a private bucket, through links that expire.

    FILE is the page to write (default: BATCH.html in this folder).
    """
    if publish and file is not None:
        raise click.UsageError("FILE and --publish exclude each other.")
    from f5_pipeline.delivery.shared_page import publish_page, save_page

    if publish:
        page = publish_page(store, batch, links)
    else:
        page = save_page(store, batch, links, file or Path(f"{batch}.html"))
    print_links(page.location)
    if page.expires is not None:
        expires = datetime.fromtimestamp(page.expires).astimezone()
        print_to_stderr(
            f"Anyone who has it can play the batch until {expires:%Y-%m-%d %H:%M %Z}: treat it as a secret.",
        )
    return 0


def print_delivery(store: ObjectStore, batch: str) -> None:
    """Print where the delivered files are; nothing if the batch was never delivered."""
    page = layout.report_object(batch)
    if store.stat(page) is None:
        return
    print_line(f"Audio:  {store.location(layout.audio_folder(batch))}")
    print_line(f"Listen: {store.location(page)}")
    if store.url.startswith("s3://"):
        print_line(f"        f5-pipeline report {batch}   makes a page that plays from a private bucket")
