"""``model_weights``: the files of the default model, on this machine, pinned and proven."""

import dagster as dg

from f5_pipeline.defs.failures import TRANSIENT, readable
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.models.catalogue import model_named
from f5_pipeline.models.weights import ensure_weights
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore


@dg.asset(
    deps=["flash_attn_environment"],
    group_name="setup",
    kinds={"pytorch"},
    tags={"f5/scope": "machine"},
    owners=["team:speech"],
    code_version="1",
    retry_policy=TRANSIENT,
)
def model_weights(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    store: dg.ResourceParam[ObjectStore],
) -> dg.MaterializeResult:
    """Checkpoint, vocabulary and vocoder of the model that ``F5_MODEL`` names: whole, unaltered, belonging together.

    Looked for on this machine, in the store's ``models/``, then at the source; each file is held to its sha256.
    """
    with readable():
        prove_environment(settings)  # first, also where this asset is materialized alone or on another machine
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
            "sha256": dg.MetadataValue.json(dict(files.sha256)),
            "seconds": files.seconds,
            "bytes_downloaded": files.bytes_downloaded,
        },
        data_version=dg.DataVersion(files.fingerprint),
    )
