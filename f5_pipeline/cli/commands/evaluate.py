"""``evaluate``: word error rate, speaker similarity and MOS of batches by voice and model; read-only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.table import Table

from f5_pipeline.cli.command import batch_argument, command, complete_batch, in_store, json_option
from f5_pipeline.cli.terminal import output_console, print_json, safe_text
from f5_pipeline.display.units import plural
from f5_pipeline.errors import NotSpokenYet
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore

if TYPE_CHECKING:
    from f5_pipeline.quality.evaluation import Estimate, Evaluation
    from f5_pipeline.results.index import IndexRow

_HEADINGS = {"word_error_rate": "word errors", "speaker_similarity": "similarity", "mos": "MOS"}


@command(
    "evaluate",
    "word error rate, speaker similarity and MOS by voice and model; read-only",
    examples=["evaluate chapter1", "evaluate chapter1 chapter1-fast", "evaluate chapter1 --json"],
)
@batch_argument
@click.argument("other", required=False, shell_complete=complete_batch)
@json_option
@in_store
def evaluate(settings: Settings, store: ObjectStore, batch: str, other: str | None, as_json: bool) -> int:
    """Word error rate, speaker similarity and MOS by voice and model, with 95 % confidence intervals; read-only.

    Of the measures in the index: it needs a recogniser and the extra quality when the batch is spoken. OTHER is a
    second batch; then the differences of the lines that both have, with the same id and text, are shown, too.
    """
    from f5_pipeline.quality import evaluation

    batches = {name: _rows(store, name) for name in (batch, other) if name is not None}
    found = {name: evaluation.evaluate(rows) for name, rows in batches.items()}
    differences = evaluation.compare(batches[batch], batches[other]) if other is not None else []
    if as_json:
        document = {"batches": {name: [asdict(each) for each in groups] for name, groups in found.items()}}
        print_json({**document, "differences": [asdict(each) for each in differences]})
        return 0
    table = Table("batch", "voice", "model", "clips", *_HEADINGS.values(), box=None, pad_edge=False)
    for name, groups in found.items():
        _add(table, name, groups, signed=False)
    _add(table, f"{other} − {batch}", differences, signed=True)
    output_console().print(table)
    known = {name for groups in found.values() for group in groups for name in group.measures}
    if missing := [heading for name, heading in _HEADINGS.items() if name not in known]:
        click.echo(f"No clip has {', '.join(missing)}: they need a recogniser and the extra quality during a run.")
    if other is not None:
        alike, lines = (groups[-1].clips if groups else 0 for groups in (differences, found[other]))
        if alike < lines:
            click.echo(f"{alike} of {plural(lines, 'line')} of {other} have the id and text of a line of {batch}.")
    return 0


def _rows(store: ObjectStore, batch: str) -> Sequence[IndexRow]:
    from f5_pipeline.results.lookup import batch_results

    found = batch_results(store, batch)
    if not found.spoken:
        raise NotSpokenYet(batch, "results")
    return found.rows


def _add(table: Table, batch: str, groups: Sequence[Evaluation], *, signed: bool) -> None:
    for group in groups:
        cells = [_cell(group, name, signed) for name in _HEADINGS]
        names = (safe_text(name) for name in (batch, group.voice, group.model))
        table.add_row(*names, str(group.clips), *cells)


def _cell(group: Evaluation, name: str, signed: bool) -> str:
    """A measure with its interval, "12.5 % (10.1 … 15.0)"; one line has no interval. "" if no line has the measure."""
    if (estimate := group.measures.get(name)) is None:
        return ""
    share = name == "word_error_rate"
    digits, scale = (1, 100) if share else (2, 1)
    value, low, high = (f"{number * scale:{'+' if signed else ''}.{digits}f}" for number in _numbers(estimate))
    return f"{value}{' %' if share else ''}" + (f" ({low} … {high})" if estimate.lines > 1 else "")


def _numbers(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high
