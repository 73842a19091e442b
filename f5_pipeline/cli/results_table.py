"""What ``results`` shows to people. What it knows is ``results.lookup``'s business."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from f5_pipeline.cli.terminal import plain, shortened, wide_console
from f5_pipeline.results.index import IndexRow
from f5_pipeline.storage.object_store import ObjectStore

_STYLES = {"ok": "green", "suspect": "yellow", "rejected": "red", "failed": "bold red"}
_SHORTEST, _LONGEST = 20, 60  # characters of a text
_GAP = 2  # between columns


def print_rows(rows: Sequence[IndexRow], store: ObjectStore) -> None:
    """A line for each utterance. On a terminal, where its clip is only if there is room: a path cut short is none."""
    columns = {
        "id": [Text(row.id) for row in rows],
        "status": [Text(row.status, _STYLES[row.status]) for row in rows],
        "seconds": [Text("" if row.audio_seconds is None else f"{row.audio_seconds:.1f}") for row in rows],
        "quality": [Text(quality_of(row)) for row in rows],
        "voice": [plain(row.voice) for row in rows],
    }
    clips = [Text(store.location(row.clip) if row.clip else "") for row in rows]
    before = sum(_GAP + max(len(name), _widest(cells)) for name, cells in columns.items())
    with_text = before + _LONGEST + _GAP
    console = wide_console(with_text + _widest(clips))
    room = not sys.stdout.isatty() or console.width >= with_text + _widest(clips)
    width = min(_LONGEST, max(_SHORTEST, console.width - before))
    columns["text"] = [plain(shortened(_text(row), width)) for row in rows]
    columns |= {"clip": clips} if room else {}
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=True)
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*cells)
    console.print(table)
    if len(rows) == 1 and not room:
        print(f"Clip:   {clips[0]}" if clips[0] else f"Reason: {plain(rows[0].reason)}")


def quality_of(row: IndexRow) -> str:
    """The measure that tells most: the share of right words if somebody listened, else how long it is for its text."""
    wrong, length = row.quality.get("word_error_rate"), row.quality.get("duration_ratio")
    if isinstance(wrong, (int, float)):
        return f"words {max(0.0, 1 - wrong):.0%}"
    return f"length {length:.0%}" if isinstance(length, (int, float)) else ""


def _text(row: IndexRow) -> str:
    """What was said; or, if that is not all right, why."""
    return row.spoken_text or row.text if row.status == "ok" else row.reason


def _widest(cells: Iterable[Text]) -> int:
    return max((cell.cell_len for cell in cells), default=0)
