"""Checks are asked side by side; one that crashes or hangs is a finding, and the others answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from f5_pipeline.doctor.finding import Check, Finding, ask_all, fail, ok, usable, warn
from f5_pipeline.errors import StoreUnusable


def test_the_answers_come_in_the_order_of_the_checks() -> None:
    second_is_done = threading.Event()

    def first() -> Iterator[Finding]:
        assert second_is_done.wait(10)
        yield ok("first", "waited for the second")

    def second() -> Iterator[Finding]:
        second_is_done.set()
        yield ok("second", "did not wait")

    findings = ask_all([Check(("first",), first), Check(("second",), second)])
    assert [finding.name for finding in findings] == ["first", "second"]
    assert usable(findings)


@pytest.mark.parametrize("error", [ZeroDivisionError("by zero"), SystemExit(3), RecursionError()])
def test_a_check_that_crashes_is_a_failed_finding_for_each_of_its_names(error: BaseException) -> None:
    def crash() -> Iterator[Finding]:
        yield ok("a", "well so far")
        raise error

    findings = ask_all([Check(("a", "b"), crash), Check(("c",), lambda: [ok("c", "well")])])
    assert [(finding.name, finding.status) for finding in findings] == [("a", "fail"), ("b", "fail"), ("c", "ok")]
    assert findings[1].found.startswith(f"This check itself failed: {type(error).__name__}")


def test_our_own_errors_say_what_they_always_say() -> None:
    def refuse() -> list[Finding]:
        raise StoreUnusable("s3://b", "cannot be read.", "Mend it.")

    assert ask_all([Check(("store",), refuse)]) == [fail("store", "Store s3://b cannot be read.", "Mend it.")]


def test_a_check_that_hangs_is_not_waited_for() -> None:
    never = threading.Event()
    hangs = Check(("disk",), lambda: [ok("disk", str(never.wait()))], seconds=0.05)
    (finding,) = ask_all([hangs])
    never.set()
    assert (finding.name, finding.status) == ("disk", "fail")
    assert "no answer within" in finding.found


def test_doubts_do_not_make_a_machine_unusable() -> None:
    assert usable([ok("a", ""), warn("b", "")])
    assert not usable([ok("a", ""), fail("b", "")])
