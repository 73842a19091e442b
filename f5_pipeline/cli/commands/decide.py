"""``decide``: put a listener's decisions into the store. ``run`` carries them out."""

from __future__ import annotations

from pathlib import Path

import click

from f5_pipeline.cli.command import batch_argument, command, in_store
from f5_pipeline.cli.terminal import print_line
from f5_pipeline.display.units import plural
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore


@command(
    "decide",
    "put a listener's decisions into the store, for the next run to carry out",
    examples=["decide chapter1 chapter1.decisions.csv"],
)
@batch_argument
@click.argument("file", type=click.Path(path_type=Path))
@in_store
def decide(settings: Settings, store: ObjectStore, batch: str, file: Path) -> int:
    """Put a listener's decisions into the store, for the next run to carry out.

    FILE is exported by the listening page, or a table with the columns id and decision.
    """
    from f5_pipeline.manifests.decide import add_decisions, read_decisions_file

    report = add_decisions(store, batch, read_decisions_file(file), str(file))
    counts = {
        "accepted": report.accepted,
        "to be spoken again": report.respoken,
        "with a new text": report.edited,
        "with a note": report.noted,
        "withdrawn": report.withdrawn,
    }
    asked = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing to decide"
    print_line(f"Lines of {batch!r}: {asked}. Decisions in the store: on {plural(report.in_force, 'line')}.")
    print_line(f"Carry them out with: f5-pipeline run {batch}")
    return 0
