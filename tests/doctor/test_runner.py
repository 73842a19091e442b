"""Groups of checks run concurrently; one that crashes or hangs gives failed findings, and the others still run."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from f5_pipeline.doctor.finding import Finding, fail, ok, usable, warn
from f5_pipeline.doctor.runner import CheckGroup, run_groups
from f5_pipeline.errors import StoreUnusable


def test_findings_are_in_the_order_of_the_groups() -> None:
    second_is_done = threading.Event()

    def first() -> Iterator[Finding]:
        assert second_is_done.wait(10)
        yield ok("first", "waited for the second")

    def second() -> Iterator[Finding]:
        second_is_done.set()
        yield ok("second", "did not wait")

    findings = run_groups([CheckGroup(("first",), first), CheckGroup(("second",), second)])
    assert [finding.name for finding in findings] == ["first", "second"]
    assert usable(findings)


@pytest.mark.parametrize("error", [ZeroDivisionError("by zero"), SystemExit(3), RecursionError()])
def test_a_group_that_crashes_fails_each_of_its_checks(error: BaseException) -> None:
    def crash() -> Iterator[Finding]:
        yield ok("a", "before the crash")
        raise error

    findings = run_groups([CheckGroup(("a", "b"), crash), CheckGroup(("c",), lambda: [ok("c", "")])])
    assert [(finding.name, finding.status) for finding in findings] == [("a", "fail"), ("b", "fail"), ("c", "ok")]
    assert type(error).__name__ in findings[1].found


def test_a_package_error_becomes_a_finding_with_its_fix() -> None:
    def refuse() -> list[Finding]:
        raise StoreUnusable("s3://b", "cannot be read.", "Repair it.")

    assert run_groups([CheckGroup(("store",), refuse)]) == [fail("store", "Store s3://b cannot be read.", "Repair it.")]


def test_a_group_that_hangs_is_abandoned_after_its_timeout() -> None:
    never = threading.Event()
    hangs = CheckGroup(("disk",), lambda: [ok("disk", str(never.wait()))], timeout_seconds=0.05)
    (finding,) = run_groups([hangs])
    never.set()
    assert (finding.name, finding.status) == ("disk", "fail")
    assert "0 s" in finding.found


def test_warnings_do_not_make_a_machine_unusable() -> None:
    assert usable([ok("a", ""), warn("b", "")])
    assert not usable([ok("a", ""), fail("b", "")])
