"""Terminal helpers: the only place that prints. Safe rendering of untrusted text, the width of the output."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from f5_pipeline.display.characters import to_json, visible
from f5_pipeline.display.secrets import redact

PROGRAM = "f5-pipeline"
COMMANDS = (
    *("demo", "submit", "run", "list", "results", "evaluate", "report", "decide", "fetch"),
    *("ui", "files", "voices", "doctor", "clean", "verify", "mirror", "completion"),
)
_HINT = re.compile(rf"(?<![\w/.-]){PROGRAM}(?= (?:{'|'.join(COMMANDS)})\b)")
_MIN_PIPE_WIDTH = 400  # columns
_direct: TextIO | None = None  # the stream of ``direct_stderr``, while it is in use


def print_line(text: object) -> None:
    """Print a line on stdout. Nothing in it can begin another line."""
    print(as_started(visible(redact(str(text)))))


def print_text(text: str) -> None:
    """Print several lines of our own on stdout: help, or a script."""
    print(text)


def print_links(*columns: str) -> None:
    """Print links that open the store without credentials, which the user asked for, and their names."""
    print("\t".join(map(visible, columns)))


def print_to_stderr(sentence: object) -> None:
    """Print a line on stderr: an error, a warning, or a message that is not part of the result."""
    print(as_started(visible(redact(str(sentence)))), file=_direct or sys.stderr, flush=True)


@contextmanager
def direct_stderr() -> Iterator[TextIO]:
    """The present stderr, which messages of this process reach until the end of the block.

    While a step runs, Dagster points descriptor 2 to a file, which a process copies to the terminal line by line. There
    a progress bar cannot move, and a message is lost if that process is killed first. A duplicate of the descriptor,
    taken before, is the terminal itself.
    """
    global _direct
    try:
        descriptor = os.dup(sys.stderr.fileno())
    except (OSError, AttributeError):  # stderr is closed, or no file
        yield sys.stderr
        return
    with os.fdopen(descriptor, "w", encoding=sys.stderr.encoding, errors="backslashreplace") as stream:
        before, _direct = _direct, stream
        try:
            yield stream
        finally:
            _direct = before


def show_cursor() -> None:
    """Show the cursor again, which a progress bar hides, before the process ends at once."""
    stream = _direct or sys.stderr
    if stream.isatty():
        print("\x1b[?25h", end="", file=stream, flush=True)


def print_json(document: Any) -> None:
    """Print a value as JSON on stdout."""
    print(to_json(document))


def as_started(text: str) -> str:
    """The text with our commands in the form in which this process was started, so that they can be copied."""
    return _HINT.sub(lambda _: invocation(), text)


@lru_cache(maxsize=1)
def invocation() -> str:
    """The command that started this process: a name on the path, a path, or a module of a Python."""
    started = Path(sys.argv[0])
    if started.parent.name == "cli":  # python -m f5_pipeline.cli
        return f"{_typed(sys.executable, 'python')} -m f5_pipeline.cli"
    return _typed(sys.argv[0], PROGRAM) if started.name == PROGRAM else PROGRAM


def _typed(path: str, name: str) -> str:
    """A program's name if the shell finds this one by it, else its path, from the working folder if it is inside."""
    found = shutil.which(name)
    if found is not None and Path(found).absolute() == Path(path).absolute():
        return name
    absolute, folder = Path(path).absolute(), Path.cwd()
    return shlex.quote(str(absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute))


def safe_text(text: str, style: str = "") -> Text:
    """Untrusted text for tables: on one line, without markup and control characters."""
    return Text(visible(text), style)


def truncate(text: str, width: int) -> str:
    """The text on one line, cut to at most ``width`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def output_console(min_width: int = 0) -> Console:
    """The console for tables on stdout: as wide as the terminal; in a pipe or file, wide enough to cut nothing."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=max(_MIN_PIPE_WIDTH, min_width))
