"""Failures as Dagster sees them: of our errors, other errors and interrupts."""

from __future__ import annotations

import dagster as dg
import pytest

from f5_pipeline.defs.failures import RETRY_TRANSIENT, Interrupted, readable_failures
from f5_pipeline.errors import BadWeights, F5PipelineError, StoreBusy


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
