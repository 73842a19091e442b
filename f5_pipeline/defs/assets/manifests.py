"""``manifests``: the lines of an upstream asset, written into the store. Only of pipelines that have such an asset."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from f5_pipeline.defs.failures import RETRY_TRANSIENT, readable_failures
from f5_pipeline.defs.metadata.code_references import code_reference
from f5_pipeline.defs.metadata.safe_texts import safe_record
from f5_pipeline.defs.pipeline import Pipeline
from f5_pipeline.errors import UpstreamWithoutLines
from f5_pipeline.manifests.tables import write_manifests
from f5_pipeline.results.batches import known_batches
from f5_pipeline.results.manifest_files import manifest_files
from f5_pipeline.storage.object_store import ObjectStore

PATH_METADATA = ("path", "dagster/uri")  # of the upstream asset: where its file is

_Sources = Mapping[str, object]  # name of a batch → a table or path


def manifests(pipeline: Pipeline) -> dg.AssetsDefinition:
    """The asset ``manifests`` of a pipeline that has an upstream asset with lines."""
    assert pipeline.manifests_from is not None
    options: dict[str, Any] = {
        "key": pipeline.key("manifests"),
        "group_name": pipeline.group_name or "speech",
        "kinds": {"json"},
        "metadata": code_reference(_materialize),
        "tags": {"f5/scope": "batch"},
        "owners": ["team:speech"],
        "code_version": "1",
        "retry_policy": RETRY_TRANSIENT,
        "automation_condition": dg.AutomationCondition.eager(),
        "description": f"The lines of {pipeline.manifests_from.to_user_string()}, as manifests in the store. Unchanged "
        "ones are not written again. The job speech_batch speaks a batch; the sensor new_manifests starts it.",
    }
    if pipeline.manifests_input == "value":
        return _of_value(pipeline, options)
    return _without_value(pipeline, options)


def _of_value(pipeline: Pipeline, options: dict[str, Any]) -> dg.AssetsDefinition:
    options["ins"] = {"lines": dg.AssetIn(_upstream(pipeline), metadata={"allow_missing_partitions": True})}

    def manifests(
        context: dg.AssetExecutionContext, lines: Any, store: dg.ResourceParam[ObjectStore]
    ) -> dg.MaterializeResult:
        return _materialize(context, pipeline, store, lambda: _by_batch(context, pipeline, lines))

    return dg.asset(**options)(pipeline.with_resources(manifests))


def _without_value(pipeline: Pipeline, options: dict[str, Any]) -> dg.AssetsDefinition:
    def manifests(context: dg.AssetExecutionContext, store: dg.ResourceParam[ObjectStore]) -> dg.MaterializeResult:
        is_path = pipeline.manifests_input == "path"
        return _materialize(context, pipeline, store, lambda: dict(_paths(context, pipeline)) if is_path else {})

    options["deps"] = [_upstream(pipeline)]
    return dg.asset(**options)(pipeline.with_resources(manifests))


def _materialize(
    context: dg.AssetExecutionContext, pipeline: Pipeline, store: ObjectStore, sources: Callable[[], _Sources]
) -> dg.MaterializeResult:
    """Write the manifests of all sources and register their partitions."""
    written: dict[str, bool] = {}
    with readable_failures():
        for name, source in sources().items():
            origin = f"asset {_upstream(pipeline).to_user_string()!r}"
            written |= write_manifests(store, source, name, pipeline.batch_settings, origin)
        names = list(written) or (known_batches(store) if pipeline.manifests_input == "store" else [])
        versions = sorted(f"{info.key} {info.etag}" for name in names for info in manifest_files(store, name).manifests)
    context.instance.add_dynamic_partitions(str(pipeline.batches.name), names)
    changed = [name for name, has_changed in written.items() if has_changed]
    context.log.info(f"Batches: {len(names)}. Manifests written: {', '.join(changed) or 'none, all are unchanged'}.")
    records = [safe_record({"batch": name, "written": written.get(name, False)}) for name in names]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(names),
            "written": len(changed),
            "batches": dg.MetadataValue.table(records) if records else "none",
        },
        data_version=dg.DataVersion(hashlib.sha256("\n".join(versions).encode()).hexdigest()),
    )


def _by_batch(context: dg.AssetExecutionContext, pipeline: Pipeline, lines: Any) -> _Sources:
    """The value of the upstream asset: of each of its partitions, or a table, or a dict with a table for each batch.

    An IO manager loads several partitions as a dict, one as its value, and those of a database as one table.
    """
    if isinstance(lines, Mapping):
        return lines
    partitions: Sequence[str] = ()
    if context.get_step_execution_context().has_asset_partitions_for_input("lines"):
        partitions = context.asset_partition_keys_for_input("lines")
    if lines is None and len(partitions) <= 1:
        return {}  # it has not been materialized, or has no lines
    return {partitions[0] if len(partitions) == 1 else _upstream(pipeline).path[-1]: lines}


def _paths(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[tuple[str, object]]:
    """The files of the upstream asset: of its latest materialization, or of that of each of its partitions."""
    key = _upstream(pipeline)
    partitions = sorted(context.instance.get_materialized_partitions(key))
    for partition in partitions or [None]:
        records = dg.AssetRecordsFilter(key, asset_partitions=[partition] if partition else None)
        found = context.instance.fetch_materializations(records, limit=1).records
        metadata = found[0].asset_materialization.metadata if found and found[0].asset_materialization else {}
        path = next((metadata[name].value for name in PATH_METADATA if name in metadata), None)
        if not isinstance(path, str):
            raise UpstreamWithoutLines(key.to_user_string(), PATH_METADATA)
        yield partition or key.path[-1], path.removeprefix("file://")


def _upstream(pipeline: Pipeline) -> dg.AssetKey:
    assert pipeline.manifests_from is not None
    return pipeline.manifests_from
