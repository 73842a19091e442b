"""What ``submit --dry-run`` shows to people. What it knows is ``speech.preview``'s business."""

from __future__ import annotations

import sys

from rich.table import Table
from rich.text import Text

from f5_pipeline.cli.terminal import counted, plain, shortened, wide_console
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.synthesis.preview import Preview

_ON_A_TERMINAL = 40  # lines, and rejected rows; into a file or a pipe go all
_LONGEST = 300  # characters of a text


def print_preview(found: Preview) -> None:
    """What each line would say, the rows that would be rejected and why, and the sums. Warnings go to stderr."""
    most = _ON_A_TERMINAL if sys.stdout.isatty() else None
    table = Table("row", "id", "voice", "seconds", "said", box=None, pad_edge=False)
    for line in found.lines[:most]:
        u = line.utterance
        table.add_row(str(u.row), Text(u.id), plain(u.voice), f"{line.seconds:.1f}", _said(u))
    console = wide_console()
    if found.lines:
        console.print(table)
    _print_more(len(found.lines) - len(found.lines[:most]), "lines")
    for row in found.rejected[:most]:
        reason = shortened(row.reason, 2 * _LONGEST)
        console.print(Text(f"row {row.row}", "red"), plain(f"({row.id}) is rejected: {reason}"))
    _print_more(len(found.rejected) - len(found.rejected[:most]), "rejected rows")
    for warning in found.warnings:
        print(f"  {plain(warning)}", file=sys.stderr)
    print(f"{_sums(found)} Nothing was submitted.")


def _sums(found: Preview) -> str:
    seconds = found.audio_seconds
    length = f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.1f} minutes"
    before = "" if found.cached is None else f", {found.cached} of them spoken already"
    return f"{counted(len(found.lines), 'line')}, about {length} of audio{before}; {len(found.rejected)} rejected."


def _print_more(count: int, things: str) -> None:
    if count:
        print(f"… and {count} more {things}: all of them with --json")


def _said(utterance: Utterance) -> Text:
    """What would be said, words that are not in the manifest set off; below it what is written, if it differs."""
    written, shown = utterance.text.split(), shortened(utterance.shown_text, _LONGEST).split()
    known = set(map(_bare, written))
    said = Text(" ").join(plain(word, "" if _bare(word) in known else "bold yellow") for word in shown)
    if list(map(_bare, written)) != list(map(_bare, utterance.shown_text.split())):
        said.append("\n").append_text(plain(f"written: {shortened(utterance.text, _LONGEST)}", "dim"))
    return said


def _bare(word: str) -> str:
    """A word without its case and the marks around it."""
    return word.casefold().strip(".,;:!?…\"'()“”‘’")
