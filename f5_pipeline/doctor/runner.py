"""Runs groups of checks concurrently, each within its timeout: one that crashes or hangs does not stop the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from f5_pipeline.doctor.finding import Finding, fail, from_error
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.storage.retry import limited_retries


@dataclass(frozen=True)
class CheckGroup:
    """Checks that run one after the other in a thread of their own. ``run`` gives a finding for each of ``names``."""

    names: tuple[str, ...]
    run: Callable[[], Iterable[Finding]]
    timeout_seconds: float = 30.0


def run_groups(groups: Sequence[CheckGroup]) -> list[Finding]:
    """The findings of all groups, in the order of the groups, after the longest timeout at the latest.

    A group that crashes, or exceeds its timeout, gives a failed finding for each of its names.
    """
    started = time.monotonic()
    threads = [_GroupThread(group) for group in groups]
    for thread in threads:
        thread.start()
    return [finding for thread in threads for finding in thread.result(started)]


class _GroupThread(threading.Thread):
    """Runs a group. A daemon thread: if it hangs, it is abandoned and ends with the process."""

    def __init__(self, group: CheckGroup) -> None:
        super().__init__(name=f"doctor-{group.names[0]}", daemon=True)
        self._group, self._findings = group, list[Finding]()

    def run(self) -> None:
        try:
            with limited_retries(0):  # a user waits for the findings
                self._findings = list(self._group.run())
        except F5PipelineError as error:
            self._findings = [from_error(name, error) for name in self._group.names]
        except BaseException as error:  # noqa: BLE001 - whatever it is, the other groups must go on
            found = f"The check itself crashed: {type(error).__name__}: {error}".strip()[:300]
            self._findings = [fail(name, found, "Please report this as a bug.") for name in self._group.names]

    def result(self, started: float) -> list[Finding]:
        self.join(max(0.0, started + self._group.timeout_seconds - time.monotonic()))
        if self.is_alive():
            found = f"No answer within {self._group.timeout_seconds:.0f} s."
            return [fail(name, found, "Look for a disk or a server that hangs.") for name in self._group.names]
        return self._findings
