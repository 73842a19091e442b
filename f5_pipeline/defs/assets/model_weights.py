"""``model_weights``: the files of the default model on this machine, pinned and verified."""

import dagster as dg

from f5_pipeline.defs.failures import RETRY_TRANSIENT, readable_failures
from f5_pipeline.defs.partitions import machine_asset
from f5_pipeline.display.units import readable_size
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.models.catalogue import model_named
from f5_pipeline.models.weights import ensure_weights
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore


@machine_asset(
    deps=["flash_attn_environment"],
    group_name="setup",
    kinds={"pytorch"},
    tags={"f5/scope": "machine"},
    owners=["team:speech"],
    code_version="1",
    retry_policy=RETRY_TRANSIENT,
)
def model_weights(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    store: dg.ResourceParam[ObjectStore],
) -> dg.MaterializeResult:
    """Checkpoint, vocabulary and vocoder of the model that ``F5_MODEL`` names.

    Each file comes from this machine, from ``models/`` in the store, or from its source, and is verified by its sha256.
    """
    with readable_failures():
        prove_environment(settings)  # before any download, also if this asset is materialized alone
        spec = model_named(settings)
        files = ensure_weights(spec, settings.cache, store, commercial=settings.commercial)
    context.log.info(f"{spec.name}: {spec.description}")
    return dg.MaterializeResult(
        metadata={
            "model": spec.name,
            "description": spec.description,
            "licence": spec.licence if spec.commercial else f"{spec.licence} (no commercial use)",
            "languages": ", ".join(spec.languages),
            "checkpoint": dg.MetadataValue.path(str(files.checkpoint)),
            "size": readable_size(files.checkpoint.stat().st_size),
            "downloaded": readable_size(files.bytes_downloaded),
            "sha256": dg.MetadataValue.json(dict(files.sha256)),
            "seconds": files.seconds,
            "bytes_downloaded": files.bytes_downloaded,
        },
        data_version=dg.DataVersion(files.fingerprint),
    )
