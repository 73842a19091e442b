"""The progress of a run in its log: now and then, not for every line."""

import time

import dagster as dg

_EVERY_SECONDS = 10.0


class LogProgress:
    """Implements ``speech.generate.Progress`` with the run's own logger."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._log = context.log
        self._started = self._said = time.monotonic()
        self._missing, self._done = 0, 0
        self._expected, self._seconds = 0.0, 0.0

    def begin(self, lines: int, missing: int, audio_seconds: float) -> None:
        self._started = self._said = time.monotonic()
        self._missing, self._expected = missing, audio_seconds
        self._log.info(
            f"{lines} lines; {missing} clips to speak, about {audio_seconds:.0f} s of audio"
            if missing
            else (f"{lines} lines, all of them spoken before: nothing to speak" if lines else "no line to speak")
        )

    def advance(self, audio_seconds: float) -> None:
        self._done += 1
        self._seconds += audio_seconds
        now = time.monotonic()
        if now - self._said >= _EVERY_SECONDS or self._done == self._missing:
            self._said = now
            self._log.info(self._sentence(now - self._started))

    def _sentence(self, elapsed: float) -> str:
        speed = self._seconds / elapsed if elapsed else 0.0
        left = max(0.0, self._expected - self._seconds) / speed if speed else 0.0
        return (
            f"{self._done} of {self._missing} clips, {self._seconds:.0f} s of audio, "
            f"{speed:.1f} times real time, about {left:.0f} s left"
        )
