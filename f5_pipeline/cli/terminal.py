"""Terminal helpers: safe rendering of untrusted text, truncation, plurals and the width of the output."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.text import Text

_JOINERS = "\u200c\u200d"  # required by Persian and Indic scripts
_MIN_PIPE_WIDTH = 400  # columns


def safe_text(text: str, style: str = "") -> Text:
    """Untrusted text without markup; control characters and changes of text direction become U+FFFD."""
    return Text("".join(c if c.isprintable() or c in _JOINERS else "\ufffd" for c in text), style)


def truncate(text: str, width: int) -> str:
    """The text on one line, cut to at most ``width`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def plural(count: int, noun: str) -> str:
    """A count with its noun: "1 clip", "2 clips"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def output_console(min_width: int = 0) -> Console:
    """The console for tables on stdout: as wide as the terminal; in a pipe or file, wide enough to cut nothing."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=max(_MIN_PIPE_WIDTH, min_width))
