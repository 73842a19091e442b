"""Partitions: a manifest is a batch is a partition. Utterances are not partitions: Dagster advises at most 100,000.

The checks of a batch are partitioned as well. A check without partitions has one result, the latest of any batch: one
batch that passes would hide the failure of another, in the UI and in automation conditions.
"""

import warnings
from collections.abc import Callable
from typing import Any

import dagster as dg

from f5_pipeline.defs.metadata.code_references import code_reference
from f5_pipeline.defs.pipeline import DEFAULT, Pipeline

batches = DEFAULT.batches


class SpeechAsset:
    """An asset of the pipeline: its function and options. Each ``Pipeline`` has a definition of it.

    Called directly, it is the asset of the pipeline ``DEFAULT``.
    """

    def __init__(self, function: Callable[..., Any], options: dict[str, Any], by_batch: bool) -> None:
        self._function, self._options, self._by_batch = function, options, by_batch
        self.name = function.__name__

    def __call__(self, *arguments: Any, **resources: Any) -> Any:
        return self.definition(DEFAULT)(*arguments, **resources)

    def definition(self, pipeline: Pipeline, *, further_deps: list[dg.AssetKey] | None = None) -> dg.AssetsDefinition:
        """Its definition in a pipeline.

        Args:
            further_deps: upstream assets besides those of the pipeline itself.
        """
        options = {**self._options, "group_name": pipeline.group_name or self._options["group_name"]}
        options["deps"] = [*pipeline.keys(*options.get("deps", ())), *(further_deps or ())]
        options["check_specs"] = [_check_of(pipeline, self.name, spec) for spec in options.get("check_specs", ())]
        options["key"] = pipeline.key(self.name)
        options["metadata"] = {**options.get("metadata", {}), **code_reference(self._function)}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Parameter `backfill_policy`", dg.BetaWarning)
            partitioned = _by_batch(pipeline) if self._by_batch else {}
            return dg.asset(**partitioned, **options)(pipeline.with_resources(self._function))


def _by_batch(pipeline: Pipeline) -> dict[str, Any]:
    policy = dg.BackfillPolicy.multi_run(pipeline.definition_settings.batches_per_run)
    return {"partitions_def": pipeline.batches, "backfill_policy": policy}


def batch_asset(**options: Any) -> Callable[[Callable[..., Any]], SpeechAsset]:
    """The decorator of an asset that is partitioned by batch, with the further ``options`` of ``dagster.asset``.

    One run may take several batches (``F5_BATCHES_PER_RUN``). Not all batches of a backfill: a run would deliver the
    first batch after the last is spoken, could not share the work with a second GPU, and would reach its maximum
    runtime.
    """
    return lambda function: SpeechAsset(function, options, by_batch=True)


def machine_asset(**options: Any) -> Callable[[Callable[..., Any]], SpeechAsset]:
    """The decorator of an asset that prepares this machine, with the further ``options`` of ``dagster.asset``."""
    return lambda function: SpeechAsset(function, options, by_batch=False)


def partitions_name(context: dg.AssetExecutionContext) -> str:
    """The name of the partitions definition of the asset that is being materialized."""
    partitions = context.assets_def.partitions_def
    assert isinstance(partitions, dg.DynamicPartitionsDefinition)
    return str(partitions.name)


def batch_check(
    name: str, asset: str | dg.AssetKey, description: str, *, blocking: bool = False, pipeline: Pipeline = DEFAULT
) -> dg.AssetCheckSpec:
    """The specification of a check with one result for each batch."""
    with warnings.catch_warnings():
        # Partitioned checks are a preview feature. Dagster warns for each check in every process that loads them.
        message = r"Specifying a partitions_def on an AssetCheckSpec is currently in preview"
        warnings.filterwarnings("ignore", message, dg.PreviewWarning)
        return dg.AssetCheckSpec(
            name, asset=asset, description=description, blocking=blocking, partitions_def=pipeline.batches
        )


def _check_of(pipeline: Pipeline, asset: str, spec: dg.AssetCheckSpec) -> dg.AssetCheckSpec:
    """The check of the pipeline's own asset."""
    key, description = pipeline.key(asset), str(spec.description)
    if spec.partitions_def is None:
        return dg.AssetCheckSpec(spec.name, asset=key, description=description, blocking=spec.blocking)
    return batch_check(spec.name, key, description, blocking=spec.blocking, pipeline=pipeline)
