"""What a command does now, and how far it is, on a terminal; ``run`` also shows clips, audio, speed and time left.

In a pipe or file, only the sentences of ``run`` and the final state of its speaking remain.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from f5_pipeline.display.units import plural
from f5_pipeline.storage.download_progress import DownloadProgress

_STEPS = {
    "flash_attn_environment": "checking the environment",
    "model_weights": "checking the model",
    "voice_files": "checking the voices",
    "utterances": "reading the manifest",
    "generated_audio": "preparing the lines",
    "delivered_audio": "delivering",
}


class _TimeLeft(TimeRemainingColumn):
    def render(self, task: Task) -> Text:
        remaining = super().render(task)
        return Text(f"{remaining} left") if remaining.plain else remaining


class Work:
    """A part of a command that may take long, shown by a task of a display until ``end``."""

    def __init__(self, display: Progress, description: str) -> None:
        self._display, self._description = display, description
        self._task = display.add_task(description, total=None, detail="")

    def note(self, detail: str) -> None:
        """Show how far it is, where the end is not known."""
        self._display.update(self._task, detail=detail)

    def count(self, done: int, total: int, unit: str) -> None:
        """Show that ``done`` of ``total`` are done."""
        self._display.update(self._task, completed=done, total=total, detail=f"{done}/{total} {unit}")

    def download(self, state: DownloadProgress) -> None:
        """Show the state of a download; at the end, the task as it was before."""
        fields: dict[str, Any] = {"description": self._description, "completed": 0, "total": None, "detail": ""}
        if state.bytes_here != state.size:
            detail = f"{state.bytes_here / 1e6:,.0f}" + (f" of {state.size / 1e6:,.0f} MB" if state.size else " MB")
            fields = {
                "description": "downloading",
                "completed": state.bytes_here,
                "total": state.size,
                "detail": detail,
            }
        self._display.update(self._task, **fields)

    def end(self) -> None:
        """Show it no longer."""
        self._display.remove_task(self._task)


@contextmanager
def working(description: str) -> Iterator[Work]:
    """Show on stderr, if it is a terminal, that the command works on something; nothing remains at the end."""
    console = Console(stderr=True)
    display = _new_display(console)
    work = Work(display, description)
    if not console.is_terminal:
        yield work
        return
    with display:
        yield work


def _new_display(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[detail]}", markup=False),
        _TimeLeft(compact=True),
        console=console,
        transient=True,
    )


class BarProgress:
    """Implements ``defs.run.RunDisplay``."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._display = _new_display(console)
        self._phase: Work | None = None  # what the run does now, other than speaking
        self._speaking: TaskID | None = None
        self._takes, self._missing, self._seconds = 0, 0, 0.0
        self._started = time.monotonic()

    def __enter__(self) -> BarProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end_phase()
        if self._display.live.is_started:
            self._display.stop()

    def begin_step(self, name: str) -> None:
        if (description := _STEPS.get(name)) is not None:
            self._begin_phase(description)

    def begin_loading(self) -> None:
        self._begin_phase("loading the model")

    def end_loading(self) -> None:
        self._end_phase()

    def download(self, state: DownloadProgress) -> None:
        if self._phase is not None:
            self._phase.download(state)

    def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None:
        self._end_phase()
        if self._speaking is not None:  # the step is repeated after a failure
            self._display.remove_task(self._speaking)
        self._speaking, self._takes, self._missing, self._seconds = None, 0, 0, 0.0
        self._started = time.monotonic()
        if missing:
            self._print(f"Lines: {lines}; clips to speak: {missing}, about {audio_seconds:.0f} s of audio.")
            self._begin_speaking(missing)
        elif waiting:
            self._print(f"Lines: {lines}, all of them already spoken; clips to judge: {waiting}.")
        else:
            self._print(f"{plural(lines, 'line')}, already spoken: nothing to speak." if lines else "No lines.")

    def advance(self, audio_seconds: float) -> None:
        # Without a number of missing clips, these are new takes of stored clips that were judged suspect.
        speaking = self._begin_speaking(0) if self._speaking is None else self._speaking
        self._takes += 1
        self._seconds += audio_seconds
        self._display.update(speaking, advance=1, detail=self._speed())
        if self._takes == self._missing and self._phase is None:
            self._begin_phase("checking the clips")

    def deliver(self, done: int, total: int) -> None:
        if self._phase is not None:
            self._phase.count(done, total, "files")

    def _begin_speaking(self, missing: int) -> TaskID:
        self._missing = missing
        self._speaking = self._display.add_task("speaking", total=missing or None, detail=self._speed())
        # What remains on the screen at the end.
        self._display.live.transient = False
        self._display.start()
        return self._speaking

    def _speed(self) -> str:
        speed = self._seconds / max(time.monotonic() - self._started, 1e-3)
        return f"{self._takes}/{self._missing or '?'} {self._seconds:.0f} s of audio, {speed:.1f} times real time,"

    def _begin_phase(self, description: str) -> None:
        if not self._console.is_terminal:
            return
        self._end_phase()
        self._phase = Work(self._display, description)
        self._display.start()

    def _end_phase(self) -> None:
        if self._phase is not None:
            self._phase.end()
            self._phase = None

    def _print(self, sentence: str) -> None:
        self._console.print(sentence, highlight=False, soft_wrap=True)
