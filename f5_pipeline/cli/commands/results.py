"""``results``, ``fetch`` and ``report``: show a batch's clips, copy its files, share its listening page.

``results`` and ``fetch`` only read the store. None of the three can start a synthesis.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path

from f5_pipeline.cli.terminal import plural
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectStore


def results(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> int:
    """Show status, quality and location of each utterance: as a table, as JSON or as links."""
    from f5_pipeline.cli.results_table import print_rows
    from f5_pipeline.results.lookup import batch_results, manifest_has_changed, share_clips

    found = batch_results(store, arguments.batch, arguments.id)
    if found.spoken and manifest_has_changed(store, found.batch):
        print(
            f"The manifest has changed since the batch was last spoken; run: f5-pipeline run {found.batch}",
            file=sys.stderr,
        )
    links = share_clips(store, found, arguments.links) if arguments.links else {}
    if arguments.json:
        document = found.as_json()
        for row in document["utterances"]:
            row.update({"link": links[row["id"]]} if row["id"] in links else {})
        print(json.dumps(document, ensure_ascii=False, indent=2))
    elif links:
        for id, link in links.items():
            print(f"{id}\t{link}")
    elif not found.spoken:
        print(f"Batch {found.batch!r} has not been spoken yet. Speak it with: f5-pipeline run {found.batch}")
    else:
        print_rows(found.rows, store)
        counts = ", ".join(f"{count} {status}" for status, count in found.counts.items())
        print(f"{plural(len(found.rows), 'utterance')} ({counts}), {found.audio_seconds:.1f} s of audio")
        print_delivery(store, found.batch)
    return 0


def fetch(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> int:
    """Copy the delivered files to a local folder."""
    from f5_pipeline.results.lookup import fetch_delivered

    report = fetch_delivered(store, arguments.batch, arguments.folder)
    print(f"{plural(report.copied, 'file')} copied to {report.folder}, {report.unchanged} already up to date.")
    return 0


def report(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> int:
    """Make a listening page whose audio links need no credentials."""
    from f5_pipeline.delivery.shared_page import publish_page, save_page

    if arguments.publish:
        page = publish_page(store, arguments.batch, arguments.links)
    else:
        page = save_page(store, arguments.batch, arguments.links, arguments.file or Path(f"{arguments.batch}.html"))
    print(page.location)
    if page.expires is not None:
        expires = datetime.fromtimestamp(page.expires).astimezone()
        print(
            f"Anyone who has it can play the batch until {expires:%Y-%m-%d %H:%M %Z}: treat it as a secret.",
            file=sys.stderr,
        )
    return 0


def print_delivery(store: ObjectStore, batch: str) -> None:
    """Print where the delivered files are; nothing if the batch was never delivered."""
    page = layout.report_object(batch)
    if store.stat(page) is None:
        return
    print(f"Audio:  {store.location(layout.audio_folder(batch))}")
    print(f"Listen: {store.location(page)}")
    if store.url.startswith("s3://"):
        print(f"        f5-pipeline report {batch}   makes a page that plays from a private bucket")
