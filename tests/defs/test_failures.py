"""Failures as Dagster sees them: of our errors, other errors and interrupts."""

from __future__ import annotations

import sqlite3
import traceback

import dagster as dg
import pytest
from sqlalchemy.exc import OperationalError

from f5_pipeline.defs.failures import RETRY_TRANSIENT, Interrupted, readable_failures
from f5_pipeline.errors import BadWeights, DownloadFailed, F5PipelineError, StoreBusy


@pytest.mark.parametrize(
    ("error", "retried"),
    [(StoreBusy("s3://b", "listing", "timeout"), True), (BadWeights("demo", "are altered.", "Fetch them."), False)],
)
def test_our_errors_become_one_paragraph(error: F5PipelineError, retried: bool) -> None:
    with pytest.raises(dg.Failure) as failure, readable_failures():
        raise error
    assert failure.value.description == str(error)
    assert failure.value.allow_retries is retried
    assert failure.value.__cause__ is error


@pytest.mark.parametrize(("cause", "retried"), [("database is locked", True), ("database or disk is full", False)])
def test_an_error_of_the_database_of_the_records_is_one_sentence(cause: str, retried: bool) -> None:
    with pytest.raises(dg.Failure, match=r"^Dagster's records in .* cannot be used") as failure, readable_failures():
        raise OperationalError("SELECT 1", None, sqlite3.OperationalError(cause))
    assert failure.value.allow_retries is retried
    assert "SELECT" not in str(failure.value.description)


def test_other_errors_are_not_changed() -> None:
    with pytest.raises(ZeroDivisionError), readable_failures():
        _ = 1 / 0


def test_an_interrupt_becomes_interrupted() -> None:
    with pytest.raises(Interrupted), readable_failures():
        raise KeyboardInterrupt


@pytest.mark.parametrize(("error", "count"), [(StoreBusy("s3://b", "listing", "timeout"), 3), (ValueError("x"), 3)])
def test_a_step_with_a_transient_or_unknown_error_is_tried_three_times(
    error: Exception, count: int, shared_instance: dg.DagsterInstance
) -> None:
    assert _attempts(error, shared_instance) == count


def test_a_step_with_a_permanent_error_is_tried_once(shared_instance: dg.DagsterInstance) -> None:
    assert _attempts(BadWeights("demo", "are altered.", "Fetch them."), shared_instance) == 1


def test_a_step_is_not_tried_again_after_its_request_was_repeated_for_its_time(
    shared_instance: dg.DagsterInstance,
) -> None:
    error = StoreBusy("s3://b", "listing", "timeout")
    error.note_attempts(16, 120.0)
    assert error.transient  # the next run may succeed
    assert _attempts(error, shared_instance) == 1


def _attempts(error: Exception, instance: dg.DagsterInstance) -> int:
    attempts = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=RETRY_TRANSIENT.max_retries, delay=0))
    def fails() -> None:
        with readable_failures():
            attempts.append(1)
            raise error

    assert not dg.materialize([fails], instance=instance, raise_on_error=False).success
    return len(attempts)


def test_retries_wait_longer_each_time() -> None:
    delays = [RETRY_TRANSIENT.calculate_delay(attempt) for attempt in (1, 2)]
    assert 0 < delays[0] <= 20
    assert 20 <= delays[1] <= 40 or delays[1] > delays[0] / 2
    assert RETRY_TRANSIENT.jitter is not None
    assert RETRY_TRANSIENT.backoff is dg.Backoff.EXPONENTIAL


def test_an_interrupt_stops_the_run_and_is_not_retried(shared_instance: dg.DagsterInstance) -> None:
    """Dagster's retry policies treat a bare interrupt as a failure: a person could not stop a run."""
    attempts = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=2))
    def stopped() -> None:
        with readable_failures():
            attempts.append(1)
            raise KeyboardInterrupt

    result = dg.materialize([stopped], instance=shared_instance, raise_on_error=False)
    assert attempts == [1]
    run = shared_instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.CANCELED


@pytest.mark.parametrize("translated", [True, False], ids=["our error", "an unknown error"])
def test_what_dagster_records_of_an_error_has_no_secrets(translated: bool) -> None:
    """Also not the messages of its causes."""
    address = "https://user:S3CRET@host/a?sig=S3CRET"

    def fail() -> None:
        try:
            raise OSError(address)
        except OSError as error:
            if not translated:
                raise
            raise DownloadFailed(address, "it broke") from error

    with pytest.raises((dg.Failure, RuntimeError)) as caught, readable_failures():
        fail()
    recorded = "".join(traceback.format_exception(caught.value))
    assert "OSError: https://host/a" in recorded
    assert "S3CRET" not in recorded
