"""Failures as Dagster shows them: our errors become one readable paragraph, and only transient ones are retried.

Three independent mechanisms retry: ``storage.retry`` retries a request, the ``RetryPolicy`` of an asset retries a step
that ended with a transient error, and ``run_retries`` of the instance retries a run whose process died.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import dagster as dg

from f5_pipeline.errors import F5PipelineError
from f5_pipeline.storage.object_store import check_slug

RETRY_TRANSIENT = dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


class Interrupted(dg.DagsterError, dg.DagsterExecutionInterruptedError):
    """A person or the system stops the run.

    A ``RetryPolicy`` treats a bare interrupt as a failure and starts the step again. It does not retry a
    ``DagsterError``, so the run ends.
    """


@contextmanager
def readable_failures() -> Iterator[None]:
    """Turn our errors into a ``dagster.Failure`` with culprit, reason and fix. The error stays its cause.

    Raises:
        Interrupted: on Ctrl-C, SIGTERM or *Terminate* in the UI; never retried.
    """
    try:
        yield
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as interrupt:
        _report_cancellation()
        raise Interrupted("Interrupted. Finished clips are kept.") from interrupt
    except F5PipelineError as error:
        raise dg.Failure(str(error), allow_retries=error.transient) from error


def _report_cancellation() -> None:
    """Record an interrupted run as canceled if a person started it in a terminal.

    Dagster would record a failure, because the instance received no request to stop it. That is right for a run that
    the daemon started: its worker was killed from outside, and the run has to be retried.
    """
    with suppress(dg.DagsterInvariantViolationError):  # there is no run: the asset was called directly
        context = dg.OpExecutionContext.get()
        if context.run.remote_job_origin is None:
            context.instance.report_run_canceling(context.run, "Interrupted.")


def batch_name(context: dg.AssetExecutionContext) -> str:
    """The batch of this run: its partition key, which is untrusted input.

    Raises:
        UnsafeName: the partition key is not a slug.
    """
    return check_slug("batch", context.partition_key)
