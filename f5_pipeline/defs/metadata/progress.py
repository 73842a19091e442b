"""The progress of a run, written to its log every few seconds."""

import time
from collections.abc import Callable

import dagster as dg

_INTERVAL = 10.0  # seconds between two messages


class LogProgress:
    """Implements ``defs.resources.RunProgress`` with the run's logger.

    Args:
        clock: the time in seconds.
    """

    def __init__(self, context: dg.AssetExecutionContext, clock: Callable[[], float] = time.monotonic) -> None:
        self._log, self._clock = context.log, clock
        self._started = self._last_message = clock()
        self._missing, self._done = 0, 0
        self._expected_seconds, self._audio_seconds = 0.0, 0.0

    def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None:
        self._started = self._last_message = self._clock()
        self._missing, self._expected_seconds = missing, audio_seconds
        if missing:
            self._log.info(f"Lines: {lines}. Clips to speak: {missing}, about {audio_seconds:.0f} s of audio.")
        elif waiting:
            self._log.info(f"Lines: {lines}, all spoken before. Clips still to judge: {waiting}.")
        elif lines:
            self._log.info(f"Lines: {lines}, all spoken before. Nothing to speak.")
        else:
            self._log.info("No lines to speak.")

    def advance(self, audio_seconds: float) -> None:
        self._done += 1
        self._audio_seconds += audio_seconds
        now = self._clock()
        if now - self._last_message >= _INTERVAL or self._done == self._missing:
            self._last_message = now
            self._log.info(self._message(now - self._started))

    def deliver(self, done: int, total: int) -> None:
        now = self._clock()
        if now - self._last_message >= _INTERVAL:
            self._last_message = now
            self._log.info(f"Files written: {done} of {total}.")

    def _message(self, elapsed: float) -> str:
        speed = self._audio_seconds / elapsed if elapsed else 0.0
        audio = f"{self._audio_seconds:.0f} s of audio at {speed:.1f} times real time"
        if not self._missing:  # further takes of stored clips that were not good enough: their number is not known
            return f"Clips spoken: {self._done}, {audio}."
        remaining = max(0.0, self._expected_seconds - self._audio_seconds) / speed if speed else 0.0
        return f"Clips spoken: {self._done} of {self._missing}, {audio}, about {remaining:.0f} s left."
