"""The progress bar of ``run``: clips, seconds of audio, speed, time left. Plain lines where stderr is no terminal."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from f5_pipeline.cli.terminal import plural


class BarProgress:
    """Implements ``synthesis.executor.Progress``."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("speaking"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[seconds]:.0f} s of audio, {task.fields[speed]:.1f} times real time,"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=console,
        )
        self._seconds = 0.0

    def __enter__(self) -> BarProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar.tasks:
            self._bar.stop()

    def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None:
        self._started = time.monotonic()
        if missing:
            self._print(f"Lines: {lines}; clips to speak: {missing}, about {audio_seconds:.0f} s of audio.")
            self._start_bar(missing)
        elif waiting:
            self._print(f"Lines: {lines}, all of them already spoken; clips to judge: {waiting}.")
        else:
            self._print(f"{plural(lines, 'line')}, already spoken: nothing to speak." if lines else "No lines.")

    def advance(self, audio_seconds: float) -> None:
        if not self._bar.tasks:
            self._start_bar(None)  # new takes of stored clips that were judged suspect: their number is unknown
        self._seconds += audio_seconds
        speed = self._seconds / max(time.monotonic() - self._started, 1e-3)
        self._bar.update(self._task, advance=1, seconds=self._seconds, speed=speed)

    def _start_bar(self, total: int | None) -> None:
        self._task = self._bar.add_task("speaking", total=total, seconds=0.0, speed=0.0)
        self._bar.start()

    def _print(self, sentence: str) -> None:
        self._console.print(sentence, highlight=False, soft_wrap=True)
