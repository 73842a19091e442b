"""``submit``: put a manifest into the store and register its partition, or preview it with ``--dry-run``."""

from __future__ import annotations

import argparse
import json
import sys

from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore


def submit(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> int:
    """Submit the manifest; with ``--dry-run``, only show the lines to speak and the rejected rows."""
    if arguments.dry_run:
        return _preview(arguments, settings, store)
    if arguments.json:
        print("--json works only together with --dry-run.", file=sys.stderr)
        return 2
    from f5_pipeline.defs.instance.instance import register_batch
    from f5_pipeline.manifests.batch_files import submit_manifest

    batch = submit_manifest(store, arguments.manifest, arguments.batch)
    instance = register_batch(batch)
    print(f"Batch {batch!r} is in the store {store.url}; its partition is registered in {instance}.")
    print(f"Speak it with: f5-pipeline run {batch}")
    return 0


def _preview(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> int:
    """Show the preview of a manifest; returns 1 if a row is rejected."""
    from f5_pipeline.cli.preview_table import print_preview
    from f5_pipeline.manifests.batch_files import local_files
    from f5_pipeline.models.catalogue import load_catalogue
    from f5_pipeline.synthesis.preview import preview

    shown = preview(local_files(arguments.manifest, arguments.batch), store, settings, load_catalogue(settings))
    if arguments.json:
        print(json.dumps(shown.as_json(), ensure_ascii=False, indent=2))
    else:
        print_preview(shown)
    return 1 if shown.rejected else 0
