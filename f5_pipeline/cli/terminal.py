"""Texts from outside on a terminal: nothing in them is obeyed, nothing is wider than it may be."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.text import Text

_JOINERS = "\u200c\u200d"  # shape Persian and Indic words


def plain(text: str, style: str = "") -> Text:
    """Text from outside: no markup, and nothing that a terminal would obey (escape sequences, changes of direction)."""
    return Text("".join(c if c.isprintable() or c in _JOINERS else "\ufffd" for c in text), style)


def shortened(text: str, width: int) -> str:
    """On one line, and at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def counted(count: int, thing: str) -> str:
    """ "1 clip", "2 clips"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def wide_console(least: int = 0) -> Console:
    """Into a pipe or a file, tables are not cut to the width of a terminal; there they have at least so much room."""
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=max(400, least))
