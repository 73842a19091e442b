"""What Dagster is told of our errors, and of others."""

from __future__ import annotations

import dagster as dg
import pytest

from f5_pipeline.defs.failures import TRANSIENT, Interrupted, readable
from f5_pipeline.errors import BadWeights, F5PipelineError, StoreBusy


@pytest.mark.parametrize(
    ("error", "again"),
    [(StoreBusy("s3://b", "listing", "timeout"), True), (BadWeights("demo", "are altered.", "Fetch them."), False)],
)
def test_our_errors_become_one_paragraph(error: F5PipelineError, again: bool) -> None:
    with pytest.raises(dg.Failure) as failure, readable():
        raise error
    assert failure.value.description == str(error)
    assert failure.value.allow_retries is again
    assert failure.value.__cause__ is error


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ZeroDivisionError), readable():
        _ = 1 / 0


def test_interruptions_pass() -> None:
    with pytest.raises(Interrupted), readable():
        raise KeyboardInterrupt


@pytest.mark.parametrize(("error", "attempts"), [(StoreBusy("s3://b", "listing", "timeout"), 3), (ValueError("x"), 3)])
def test_a_step_is_tried_three_times_if_that_may_help(error: Exception, attempts: int) -> None:
    assert _attempts(error) == attempts


def test_what_cannot_heal_is_tried_once() -> None:
    assert _attempts(BadWeights("demo", "are altered.", "Fetch them.")) == 1


def _attempts(error: Exception) -> int:
    tried = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=TRANSIENT.max_retries, delay=0))
    def fails() -> None:
        with readable():
            tried.append(1)
            raise error

    with dg.DagsterInstance.ephemeral() as instance:
        assert not dg.materialize([fails], instance=instance, raise_on_error=False).success
    return len(tried)


def test_attempts_are_spread_out() -> None:
    delays = [TRANSIENT.calculate_delay(attempt) for attempt in (1, 2)]
    assert 0 < delays[0] <= 20
    assert 20 <= delays[1] <= 40 or delays[1] > delays[0] / 2
    assert TRANSIENT.jitter is not None
    assert TRANSIENT.backoff is dg.Backoff.EXPONENTIAL


def test_an_interrupt_stops_the_run_and_is_not_retried() -> None:
    """Dagster's retry policies take interrupts for failures: a person could not stop a run."""
    tries = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=2))
    def stopped() -> None:
        with readable():
            tries.append(1)
            raise KeyboardInterrupt

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([stopped], instance=instance, raise_on_error=False)
        assert tries == [1]
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        assert run.status is dg.DagsterRunStatus.CANCELED  # a person did that; it did not fail
