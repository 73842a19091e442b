"""A clock for the waits of ``storage.retry`` and ``storage.rate``."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Time:
    """A clock that only moves during a wait, or when a test moves it."""

    now: float = 1000.0
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
