"""Failures as Dagster shows them: our own errors become one readable paragraph, and only transient ones are retried.

Three mechanisms retry, and none reaches what another does: ``storage.retry`` a single request, the ``RetryPolicy`` of
an asset a step that ended with a transient error, and the instance's ``run_retries`` a run whose process died.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import dagster as dg
from dagster._core.errors import (
    DagsterError,
    DagsterExecutionInterruptedError,
    DagsterInvariantViolationError,
)

from f5_pipeline.errors import F5PipelineError
from f5_pipeline.storage.object_store import check_slug

TRANSIENT = dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


class Interrupted(DagsterError, DagsterExecutionInterruptedError):
    """Somebody stops the run. A ``RetryPolicy`` would take the interrupt itself for a failure and begin the step again;
    a ``DagsterError`` it leaves alone, and the run ends.
    """


@contextmanager
def readable() -> Iterator[None]:
    """Turn our errors into a ``dagster.Failure`` that says culprit, reason and fix, without hiding the cause.

    Raises:
        Interrupted: on Ctrl-C, SIGTERM or *Terminate* in the UI; never retried.
    """
    try:
        yield
    except (KeyboardInterrupt, DagsterExecutionInterruptedError) as interrupt:
        _say_canceled()
        raise Interrupted("Interrupted; what is finished is kept.") from interrupt
    except F5PipelineError as error:
        raise dg.Failure(str(error), allow_retries=error.transient) from error


def _say_canceled() -> None:
    """A run that somebody started by hand is canceled when it is interrupted.

    Dagster would record a failure, as nobody asked the instance to stop it. For a run that the daemon started this is
    right: unless it was stopped in the UI its worker was ended from outside, and the run is to be tried again.
    """
    with suppress(DagsterInvariantViolationError):  # called directly, without a run
        context = dg.OpExecutionContext.get()
        if context.run.remote_job_origin is None:
            context.instance.report_run_canceling(context.run, "Interrupted.")


def batch_of(context: dg.AssetExecutionContext) -> str:
    """The batch of this run: its partition key, which is a name from outside.

    Raises:
        UnsafeName: it is not a slug.
    """
    return check_slug("batch", context.partition_key)
