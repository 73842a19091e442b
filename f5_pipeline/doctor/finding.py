"""What a check has found, and how all are asked: side by side, each within its time, none able to harm another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from f5_pipeline.errors import F5PipelineError

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str  # stable, for monitoring: "store_write"
    status: Status  # "warn": it works, but not as one may expect; "fail": a batch would fail
    found: str  # a sentence
    fix: str = ""  # what to do; "" if there is nothing to do


@dataclass(frozen=True)
class Check:
    """Something to look at. ``look`` answers with a finding for each of the names, in whatever way it ends."""

    names: tuple[str, ...]
    look: Callable[[], Iterable[Finding]]
    seconds: float = 30.0  # after which nobody waits for it any longer


def ok(name: str, found: str) -> Finding:
    return Finding(name, "ok", found)


def warn(name: str, found: str, fix: str = "") -> Finding:
    return Finding(name, "warn", found, fix)


def fail(name: str, found: str, fix: str = "") -> Finding:
    return Finding(name, "fail", found, fix)


def of_error(name: str, error: F5PipelineError, status: Status = "fail") -> Finding:
    """What one of our own errors says."""
    return Finding(name, status, str(error).removesuffix(error.fix).strip(), error.fix)


def skipped(name: str, because_of: str) -> Finding:
    """Something that cannot be looked at before something else is mended."""
    return warn(name, f"Not looked at, because of {because_of}.")


def usable(findings: Iterable[Finding]) -> bool:
    """Whether batches can be spoken."""
    return all(finding.status != "fail" for finding in findings)


def ask_all(checks: Sequence[Check]) -> list[Finding]:
    """Every check's findings, in the order of the checks. Takes as long as the slowest, and that is bounded.

    A check that crashes, or does not end in its time, is a failed finding for each of its names.
    """
    started = time.monotonic()
    asked = [_Asked(check) for check in checks]
    for one in asked:
        one.start()
    return [finding for one in asked for finding in one.answer(started)]


class _Asked(threading.Thread):
    """A check in a thread of its own, which is left behind (and ends with the process) if it does not come back."""

    def __init__(self, check: Check) -> None:
        super().__init__(name=f"doctor-{check.names[0]}", daemon=True)
        self._check, self._findings = check, list[Finding]()

    def run(self) -> None:
        try:
            self._findings = list(self._check.look())
        except F5PipelineError as error:
            self._findings = [of_error(name, error) for name in self._check.names]
        except BaseException as error:  # noqa: BLE001 - whatever it is, the other checks go on
            said = f"This check itself failed: {type(error).__name__}: {error}".strip()[:300]
            self._findings = [fail(name, said, "Please report this as a bug.") for name in self._check.names]

    def answer(self, started: float) -> list[Finding]:
        self.join(max(0.0, started + self._check.seconds - time.monotonic()))
        if self.is_alive():
            late = f"There was no answer within {self._check.seconds:.0f} s."
            return [fail(name, late, "Look for a disk or server that hangs.") for name in self._check.names]
        return self._findings
