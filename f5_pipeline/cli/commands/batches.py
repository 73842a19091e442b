"""``list``: all batches of the store with their state; read-only."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from f5_pipeline.cli.command import command, in_store, json_option
from f5_pipeline.cli.terminal import output_console, print_json, print_line, safe_text
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore

if TYPE_CHECKING:
    from f5_pipeline.defs.batch_overview import BatchOverview

_STYLES = {
    **{"spoken": "green", "running": "cyan", "not spoken": "yellow", "out of date": "yellow", "failed": "bold red"},
    "being submitted": "yellow",
}


@command("list", "list the batches with their state; read-only", examples=["list", "list --json"])
@json_option
@in_store
def list_batches(settings: Settings, store: ObjectStore, as_json: bool) -> int:
    """List the batches with their state, lines, seconds of audio and last run; read-only.

    The states: not spoken, spoken, out of date (the last column says why), running, failed, being submitted.
    """
    from f5_pipeline.defs.batch_overview import batch_overviews
    from f5_pipeline.defs.instance.instance import using_instance

    with using_instance() as instance:
        found = batch_overviews(store, settings, instance)
    if as_json:
        print_json({"batches": [_as_json(each) for each in found]})
    elif found:
        _print_table(found)
    else:
        print_line(f"The store {store.url} has no batches yet. Submit one with: f5-pipeline submit MANIFEST")
    return 0


def _as_json(overview: BatchOverview) -> dict[str, object]:
    last_run = overview.last_run and overview.last_run.isoformat(timespec="seconds")
    return {**asdict(overview), "last_run": last_run}


def _print_table(found: list[BatchOverview]) -> None:
    table = Table("batch", "state", box=None, pad_edge=False)
    for name in ("lines", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("last run")
    table.add_column("needs a run because")
    for each in found:
        table.add_row(
            safe_text(each.batch),
            Text(each.state, _STYLES[each.state]),
            "" if each.lines is None else str(each.lines),
            "" if each.audio_seconds is None else f"{each.audio_seconds:.1f}",
            f"{each.last_run.astimezone():%Y-%m-%d %H:%M}" if each.last_run else "",
            safe_text(each.reason),
        )
    output_console().print(table)
