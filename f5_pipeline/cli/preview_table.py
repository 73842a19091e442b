"""The table of ``submit --dry-run``. Its content comes from ``synthesis.preview``."""

from __future__ import annotations

import sys

from rich.table import Table
from rich.text import Text

from f5_pipeline.cli.terminal import output_console, print_line, print_to_stderr, safe_text, truncate
from f5_pipeline.display.units import plural
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.synthesis.preview import Preview

_TERMINAL_ROWS = 40  # lines, and rejected rows, on a terminal; a file or a pipe gets all of them
_MAX_TEXT = 300  # characters


def print_preview(preview: Preview) -> None:
    """Print the lines to speak, the rejected rows with their reasons, and the totals; warnings go to stderr."""
    limit = _TERMINAL_ROWS if sys.stdout.isatty() else None
    table = Table("row", "id", "voice", "language", "seconds", "spoken text", box=None, pad_edge=False)
    for line in preview.lines[:limit]:
        u = line.utterance
        table.add_row(str(u.row), Text(u.id), safe_text(u.voice), u.language, f"{line.seconds:.1f}", _spoken_text(u))
    console = output_console()
    if preview.lines:
        console.print(table)
    _print_omitted(len(preview.lines) - len(preview.lines[:limit]), "lines")
    for row in preview.rejected[:limit]:
        reason = truncate(row.reason, 2 * _MAX_TEXT)
        console.print(Text(f"row {row.row}", "red"), safe_text(f"({row.id}) is rejected: {reason}"))
    _print_omitted(len(preview.rejected) - len(preview.rejected[:limit]), "rejected rows")
    for warning in preview.warnings:
        print_to_stderr(f"  {warning}")
    if preview.lines:
        noted = sum(bool(line.utterance.notes) for line in preview.lines)
        print_line(f"Languages: {preview.languages}.{f' Lines with notes: {noted}.' if noted else ''}")
    print_line(f"{_totals(preview)} Nothing was submitted.")


def _totals(preview: Preview) -> str:
    seconds = preview.audio_seconds
    length = plural(round(seconds), "second") if seconds < 90 else f"{seconds / 60:.1f} minutes"
    cached = "" if preview.cached is None else f", {preview.cached} of them spoken already"
    audio = f", about {length} of audio{cached}" if preview.lines else ""
    return f"{plural(len(preview.lines), 'line')}{audio}; {len(preview.rejected)} rejected."


def _print_omitted(count: int, noun: str) -> None:
    if count:
        print_line(f"… and {count} more {noun}: all of them with --json")


def _spoken_text(utterance: Utterance) -> Text:
    """The spoken text, with words that are not in the manifest highlighted; below it the manifest's text if it
    differs, and the notes."""
    written, shown = utterance.text.split(), truncate(utterance.shown_text, _MAX_TEXT).split()
    written_words = set(map(_bare_word, written))
    text = Text(" ").join(safe_text(word, "" if _bare_word(word) in written_words else "bold yellow") for word in shown)
    if list(map(_bare_word, written)) != list(map(_bare_word, utterance.shown_text.split())):
        text.append("\n").append_text(safe_text(f"written: {truncate(utterance.text, _MAX_TEXT)}", "dim"))
    for note in utterance.notes:
        text.append("\n").append_text(safe_text(f"note: {note}", "cyan"))
    return text


def _bare_word(word: str) -> str:
    """A word in lower case, without punctuation around it."""
    return word.casefold().strip(".,;:!?…\"'()“”‘’")
