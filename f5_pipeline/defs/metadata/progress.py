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

    def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None:
        self._started = self._said = time.monotonic()
        self._missing, self._expected = missing, audio_seconds
        if missing:
            self._log.info(f"{lines} lines; {missing} clips to speak, about {audio_seconds:.0f} s of audio")
        elif waiting:
            self._log.info(f"{lines} lines, all of them spoken before; {waiting} clips are still to be judged")
        elif lines:
            self._log.info(f"{lines} lines, all of them spoken before: nothing to speak")
        else:
            self._log.info("no line to speak")

    def advance(self, audio_seconds: float) -> None:
        self._done += 1
        self._seconds += audio_seconds
        now = time.monotonic()
        if now - self._said >= _EVERY_SECONDS or self._done == self._missing:
            self._said = now
            self._log.info(self._sentence(now - self._started))

    def _sentence(self, elapsed: float) -> str:
        speed = self._seconds / elapsed if elapsed else 0.0
        done = f"{self._seconds:.0f} s of audio, {speed:.1f} times real time"
        if not self._missing:  # takes of what was spoken before and was not right: how many nobody knows
            return f"{self._done} clips, {done}"
        left = max(0.0, self._expected - self._seconds) / speed if speed else 0.0
        return f"{self._done} of {self._missing} clips, {done}, about {left:.0f} s left"
