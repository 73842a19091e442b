"""Materializes the batches of a run. Each batch has its own materialization, checks and failure, in the UI as well.

A run of one batch returns its ``MaterializeResult`` and leaves the rest to Dagster, unless a check has no result, or a
blocking one fails: Dagster's own error would not say why. For a run over a range of partitions Dagster knows one result
for all of them, and one failure. So such a step reports each batch with events of its own:

* a materialization with the batch's metadata and data version, and the evaluations of its checks;
* or, if the batch or a blocking check of it fails, an observation with the reason.

A batch that has failed is passed over by the later steps of the run. The last step fails with the names of all of them,
once the others are complete: if an earlier step failed, Dagster would not deliver the others. What has happened so far
is read from the run's event log, so it outlives a step that is repeated.
"""

import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from f5_pipeline.defs.dagster_internals import (
    NOT_MATERIALIZED,
    AssetCheckEvaluationTargetMaterializationData,
    build_data_version_tags,
    get_code_version,
    get_input_provenance,
)
from f5_pipeline.defs.failures import (
    RETRY_TRANSIENT,
    Interrupted,
    batch_names,
    ended_by_interrupts,
    readable_failures,
)
from f5_pipeline.defs.pipeline import BATCH_ASSETS
from f5_pipeline.display.characters import visible
from f5_pipeline.errors import BatchesFailed

FAILED = "failed"  # the metadata of an observation: why a batch failed

_EVENTS = {dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_OBSERVATION}

Materialize = Callable[[str], dg.MaterializeResult]
_Events = Generator[Any, None, str]  # of one batch; returns why it failed, or ""


def materialize_batches(context: dg.AssetExecutionContext, materialize: Materialize) -> Any:
    """The result of an asset's body: of its batch, or of all batches of its run, one after the other.

    Args:
        materialize: makes one batch. A ``dagster.Failure`` fails this batch only.

    Returns:
        a ``MaterializeResult``, or events. The description of each check names its batch, since the UI shows the latest
        result of any batch.
    """
    with readable_failures():
        names = batch_names(context)
    if context.has_partition_key_range:
        return _Step(context, names, lambda batch: _with_batch_named(batch, materialize(batch))).events()
    result = _with_batch_named(names[0], materialize(names[0]))
    reason, without_result = _blocking_failure(context, result), _checks_without_result(context, result)
    return _events_of_one(result, reason, without_result) if reason or without_result else result


def _with_batch_named(batch: str, result: dg.MaterializeResult) -> dg.MaterializeResult:
    checks = [check._replace(description=f"Batch {batch}: {check.description}") for check in result.check_results or ()]
    return result._replace(check_results=checks)


def _events_of_one(result: dg.MaterializeResult, reason: str, without_result: Sequence[str]) -> Iterator[Any]:
    """The events of the only batch of a run.

    Raises:
        Failure: for ``reason``.
    """
    yield result
    if reason:
        raise dg.Failure(reason, allow_retries=False)
    for name in without_result:
        yield dg.Output(None, name)  # Dagster expects an output for each check; without an evaluation it is skipped


def _blocking_failure(context: dg.AssetExecutionContext, result: dg.MaterializeResult) -> str:
    """Why a blocking check forbids further use of a batch, or ""."""
    blocking = {spec.name for spec in context.assets_def.check_specs if spec.blocking}
    for check in result.check_results or ():
        if check.check_name in blocking and not check.passed and check.severity is dg.AssetCheckSeverity.ERROR:
            return f"The check {check.check_name!r} failed. {check.description}"
    return ""


def _checks_without_result(context: dg.AssetExecutionContext, result: dg.MaterializeResult) -> list[str]:
    """The outputs of the checks that could not be evaluated."""
    evaluated = {check.check_name for check in result.check_results or ()}
    specs = context.assets_def.check_specs_by_output_name
    return [output for output, spec in specs.items() if spec.name not in evaluated]


class _Step:
    """One step of a run over a range of batches."""

    def __init__(self, context: dg.AssetExecutionContext, names: Sequence[str], materialize: Materialize) -> None:
        self._context, self._batches, self._materialize = context, names, materialize
        self._name = context.asset_key.path[-1]
        planned = context.run.step_keys_to_execute
        self._steps = [name for name in BATCH_ASSETS if not planned or self._step_key(name) in planned]

    def events(self) -> Iterator[Any]:
        with ended_by_interrupts():
            yield from self._all()

    def _all(self) -> Iterator[Any]:
        before = self._steps[: self._steps.index(self._name)]
        failed = {batch: reason for step in before for batch, reason in self._outcomes(step).items() if reason}
        done = self._outcomes(self._name) if self._context.retry_number else {}  # before the step was repeated
        failed |= {batch: reason for batch, reason in done.items() if reason}
        for number, batch in enumerate(self._batches, 1):
            if batch not in failed and batch not in done:
                self._context.log.info(f"Batch {batch} ({number} of {len(self._batches)})")
                if reason := (yield from self._one(batch)):
                    failed[batch] = reason
        if failed and self._name == self._steps[-1]:
            reasons = {batch: failed[batch] for batch in self._batches if batch in failed}
            raise dg.Failure(str(BatchesFailed(reasons, len(self._batches))), allow_retries=False)
        yield from self._outputs()

    def _step_key(self, name: str) -> str:
        """The key of the step that materializes an asset of the same pipeline."""
        return dg.AssetKey([*self._context.asset_key.path[:-1], name]).to_python_identifier()

    def _outcomes(self, name: str) -> Mapping[str, str]:
        """The batches that a step of this run has finished, by their last event: why one failed, else ""."""
        outcomes: dict[str, str] = {}
        run_id, step = self._context.run.run_id, self._step_key(name)
        for record in self._context.instance.get_records_for_run(run_id, of_type=_EVENTS).records:
            event = record.event_log_entry.dagster_event
            if event is not None and event.step_key == step and event.partition is not None:
                outcomes[event.partition] = _failure_in(event)
        return outcomes

    def _one(self, batch: str) -> _Events:
        """The events of one batch; returns why it failed, or ""."""
        try:
            result = self._materialize(batch)
        except Interrupted:
            raise
        except Exception as error:
            if self._may_be_repeated(error):
                raise  # the step is repeated, without the batches that are finished
            reason = self._reason(error)
        else:
            reason = yield from self._report(batch, result)
        if reason:
            yield self._failure(batch, reason)
        return reason

    def _may_be_repeated(self, error: Exception) -> bool:
        is_permanent = isinstance(error, dg.Failure) and not error.allow_retries
        return not is_permanent and self._context.retry_number < RETRY_TRANSIENT.max_retries

    def _reason(self, error: Exception) -> str:
        if isinstance(error, dg.Failure):
            return error.description or str(error)
        self._context.log.error("".join(traceback.format_exception(error)))  # it is not one of ours
        return visible(f"{type(error).__name__}: {error}")

    def _failure(self, batch: str, reason: str) -> dg.AssetObservation:
        self._context.log.error(f"Batch {batch} failed: {reason}")
        return dg.AssetObservation(self._context.asset_key, partition=batch, metadata={FAILED: reason})

    def _report(self, batch: str, result: dg.MaterializeResult) -> _Events:
        """The materialization of a batch and its checks; returns why it must not be used further, or ""."""
        yield dg.AssetMaterialization(
            self._context.asset_key, partition=batch, metadata=result.metadata, tags=self._tags(result)
        )
        target = self._latest(batch)
        for check in result.check_results or ():
            name = str(check.check_name)
            yield dg.AssetCheckEvaluation(
                self._context.asset_key,
                name,
                check.passed,
                check.metadata,
                target,
                check.severity,
                check.description,
                blocking=False,  # it must not fail the step, which would stop the other batches too
                partition=batch,
            )
        return _blocking_failure(self._context, result)

    def _tags(self, result: dg.MaterializeResult) -> dict[str, str]:
        """The tags of a materialization that Dagster would set."""
        step, key = self._context.get_step_execution_context(), self._context.asset_key
        version = result.data_version or dg.DataVersion(self._context.run.run_id)
        given = result.data_version is not None
        tags = build_data_version_tags(version, get_code_version(key, step), get_input_provenance(key, step), given)
        return {**tags, **(result.tags or {})}

    def _latest(self, batch: str) -> AssetCheckEvaluationTargetMaterializationData:
        """The materialization that was just reported."""
        records = dg.AssetRecordsFilter(self._context.asset_key, asset_partitions=[batch])
        (record,) = self._context.instance.fetch_materializations(records, limit=1).records
        return AssetCheckEvaluationTargetMaterializationData(
            storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
        )

    def _outputs(self) -> Iterator[dg.Output[None]]:
        """The outputs of the step: the next step waits for them. They are no materializations: those are reported."""
        for name in self._context.op_execution_context.selected_output_names:
            yield dg.Output(None, name, metadata={NOT_MATERIALIZED: True} if name == "result" else None)


def _failure_in(event: dg.DagsterEvent) -> str:
    if event.event_type is not dg.DagsterEventType.ASSET_OBSERVATION:
        return ""
    value = event.asset_observation_data.asset_observation.metadata.get(FAILED)
    return str(value.value) if value else ""
