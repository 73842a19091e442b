"""The result of a check: ``Finding``, and short functions that make one. Running checks is in ``runner``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from f5_pipeline.display.characters import visible
from f5_pipeline.display.secrets import redact
from f5_pipeline.errors import F5PipelineError

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """The result of one check. The field names are the keys of ``doctor --json``."""

    name: str  # stable, for monitoring: "store_write"
    status: Status  # "warn": works, but not as expected; "fail": a batch would fail
    found: str  # a sentence
    fix: str = ""  # what to do; "" if nothing needs to be done

    def __post_init__(self) -> None:
        for name in ("found", "fix"):  # may quote anything of the machine
            object.__setattr__(self, name, visible(redact(getattr(self, name))))


def ok(name: str, found: str) -> Finding:
    return Finding(name, "ok", found)


def warn(name: str, found: str, fix: str = "") -> Finding:
    return Finding(name, "warn", found, fix)


def fail(name: str, found: str, fix: str = "") -> Finding:
    return Finding(name, "fail", found, fix)


def from_error(name: str, error: F5PipelineError) -> Finding:
    """A failed check, in the words of one of this package's errors."""
    return fail(name, str(error).removesuffix(error.fix).strip(), error.fix)


def skipped(name: str, blocker: str) -> Finding:
    """A check that was not run because the check ``blocker`` failed."""
    return warn(name, f"Skipped, because {blocker} failed.")


def usable(findings: Iterable[Finding]) -> bool:
    """True if batches can be spoken: no check failed."""
    return all(finding.status != "fail" for finding in findings)
