"""The table of ``results``. Its content comes from ``results.lookup``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from f5_pipeline.cli.terminal import output_console, print_line, safe_text, truncate
from f5_pipeline.results.index import IndexRow
from f5_pipeline.storage.object_store import ObjectStore

_STYLES = {"ok": "green", "suspect": "yellow", "rejected": "red", "failed": "bold red"}
_MIN_TEXT, _MAX_TEXT = 20, 60  # characters
_GAP = 2  # columns between cells


def print_rows(rows: Sequence[IndexRow], store: ObjectStore) -> None:
    """Print a row for each utterance. A terminal shows the clip's path only if it fits: a cut path is useless."""
    columns = {
        "id": [safe_text(row.id) for row in rows],
        "status": [Text(row.status, _STYLES[row.status]) for row in rows],
        "seconds": [Text("" if row.audio_seconds is None else f"{row.audio_seconds:.1f}") for row in rows],
        "quality": [Text(quality_of(row)) for row in rows],
        "voice": [safe_text(row.voice) for row in rows],
    }
    clips = [Text(store.location(row.clip) if row.clip else "") for row in rows]
    used = sum(_GAP + max(len(name), _max_width(cells)) for name, cells in columns.items())
    full_width = used + _MAX_TEXT + _GAP + _max_width(clips)
    console = output_console(full_width)
    clip_fits = not sys.stdout.isatty() or console.width >= full_width
    text_width = min(_MAX_TEXT, max(_MIN_TEXT, console.width - used))
    columns["text"] = [safe_text(truncate(_text(row), text_width)) for row in rows]
    columns |= {"clip": clips} if clip_fits else {}
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=True)
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*cells)
    console.print(table)
    if len(rows) == 1 and not clip_fits:
        print_line(f"Clip:   {clips[0]}" if clips[0] else f"Reason: {rows[0].reason}")


def quality_of(row: IndexRow) -> str:
    """The most informative measures: word accuracy if the clip was transcribed, else its relative duration; speaker
    similarity and MOS if the networks have measured it."""
    names = ("word_error_rate", "duration_ratio", "speaker_similarity", "mos")
    values = [value if isinstance(value := row.quality.get(name), (int, float)) else None for name in names]
    error_rate, duration, similarity, mos = values
    shown = []
    if error_rate is not None:
        shown.append(f"words {max(0.0, 1 - error_rate):.0%}")
    elif duration is not None:
        shown.append(f"length {duration:.0%}")
    if similarity is not None:
        shown.append(f"voice {similarity:.2f}")
    if mos is not None:
        shown.append(f"MOS {mos:.1f}")
    return ", ".join(shown)


def _text(row: IndexRow) -> str:
    """The spoken text of a row that is ok; the reason of any other."""
    return row.spoken_text or row.text if row.status == "ok" else row.reason


def _max_width(cells: Iterable[Text]) -> int:
    return max((cell.cell_len for cell in cells), default=0)
