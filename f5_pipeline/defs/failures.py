"""Failures as Dagster shows them: our errors become one readable paragraph, and only transient ones are retried.

Three independent mechanisms retry: ``storage.retry`` repeats a request, the ``RetryPolicy`` of an asset retries a step
that ended with a transient error, and ``run_retries`` of the instance retries a run whose process died. They do not
multiply: a step is not retried after a request was repeated for its whole time.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError

from f5_pipeline.defs.dagster_internals import MAX_RETRIES_TAG
from f5_pipeline.defs.instance.instance import instance_location
from f5_pipeline.defs.instance.records import records_error
from f5_pipeline.display.secrets import raise_without_secrets, without_secrets
from f5_pipeline.errors import BatchNotNamed, F5PipelineError, PartitionRemoved
from f5_pipeline.storage.object_store import check_slug
from f5_pipeline.storage.retry import is_transient

RETRY_TRANSIENT = dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


class Interrupted(dg.DagsterError, dg.DagsterExecutionInterruptedError):
    """A person or the system stops the run.

    A ``RetryPolicy`` treats a bare interrupt as a failure and starts the step again. It does not retry a
    ``DagsterError``, so the run ends.
    """


@contextmanager
def readable_failures() -> Iterator[None]:
    """Turn our errors into a ``dagster.Failure`` with culprit, reason and fix. The error stays its cause.

    Includes errors of the database that has Dagster's records, which a step reads and writes too. Dagster records the
    message of every error and of its causes, so those of other errors lose their secrets.

    Raises:
        Interrupted: on Ctrl-C, SIGTERM or *Terminate* in the UI; never retried.
    """
    try:
        with ended_by_interrupts():
            yield
    except Interrupted:
        raise
    except F5PipelineError as error:
        raise dg.Failure(str(error), allow_retries=is_transient(error)) from without_secrets(error)
    except SQLAlchemyError as error:
        if (unusable := records_error(error, instance_location())) is None:
            raise_without_secrets(error)
        raise dg.Failure(str(unusable), allow_retries=unusable.transient) from without_secrets(error)
    except Exception as error:  # noqa: BLE001 - it is raised again
        raise_without_secrets(error)


@contextmanager
def ended_by_interrupts() -> Iterator[None]:
    """Turn an interrupt into ``Interrupted``, so that the step is not started again.

    Raises:
        Interrupted: on Ctrl-C, SIGTERM or *Terminate* in the UI; never retried.
    """
    try:
        yield
    except Interrupted:
        raise
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as interrupt:
        _report_cancellation()
        raise Interrupted("Interrupted. Finished clips are kept.") from interrupt


def _report_cancellation() -> None:
    """Record an interrupted run as canceled if a person started it in a terminal.

    Dagster would record a failure, because the instance received no request to stop it. That is right for a run that
    the daemon started: its worker was killed from outside, and the run has to be retried. A run of the terminal has no
    origin (``dagster job execute``), or allows no retries (``f5-pipeline run``).
    """
    with suppress(dg.DagsterInvariantViolationError):  # there is no run: the asset was called directly
        context = dg.OpExecutionContext.get()
        if context.run.remote_job_origin is None or context.run.tags.get(MAX_RETRIES_TAG) == "0":
            context.instance.report_run_canceling(context.run, "Interrupted.")


def batch_names(context: dg.AssetExecutionContext) -> list[str]:
    """The batches of this run: its partition keys, which are untrusted input.

    Raises:
        BatchNotNamed: the run has no partition.
        UnsafeName: a partition key is not a slug.
        PartitionRemoved: the first or the last batch of a range is no partition any more.
    """
    if context.has_partition_key:
        return [check_slug("batch", context.partition_key)]
    if not context.has_partition_key_range:
        raise BatchNotNamed(f"The asset {context.asset_key.to_user_string()}", "start the run for a partition.")
    try:
        return [check_slug("batch", key) for key in context.partition_keys]
    except dg.DagsterInvalidInvocationError:
        span = context.partition_key_range
        raise PartitionRemoved(span.start, span.end) from None
