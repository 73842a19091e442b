"""Jobs: ``setup`` prepares a machine; ``speech_batch`` speaks and delivers one batch, including the setup it needs."""

import dagster as dg

from f5_pipeline.defs.dagster_internals import UnresolvedAssetJobDefinition
from f5_pipeline.defs.pipeline import BATCH_ASSETS, MACHINE_ASSETS, Pipeline


def setup(pipeline: Pipeline) -> UnresolvedAssetJobDefinition:
    """The job ``setup``."""
    return dg.define_asset_job(
        pipeline.name("setup"),
        selection=dg.AssetSelection.assets(*pipeline.keys(*MACHINE_ASSETS)),
        description="Prepares this machine: verifies the attention kernel, fetches the model and the voices. Safe to "
        "repeat.",
        executor_def=dg.in_process_executor,
    )


def speech_batch(pipeline: Pipeline) -> UnresolvedAssetJobDefinition:
    """The job ``speech_batch``."""
    return dg.define_asset_job(
        pipeline.name("speech_batch"),
        selection=dg.AssetSelection.assets(*pipeline.keys(*MACHINE_ASSETS, *BATCH_ASSETS)),
        description="Speaks one batch and delivers its files. Lines that were spoken before are taken from the store.",
        executor_def=dg.in_process_executor,
    )
