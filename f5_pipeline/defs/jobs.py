"""Jobs: ``setup`` prepares a machine; ``speech_batch`` speaks and delivers one batch, including the setup it needs."""

import dagster as dg

_SETUP = dg.AssetSelection.groups("setup")

setup = dg.define_asset_job(
    "setup",
    selection=_SETUP,
    description="Prepares this machine: verifies the attention kernel, fetches the model and the voices. Safe to "
    "repeat.",
    executor_def=dg.in_process_executor,
)

speech_batch = dg.define_asset_job(
    "speech_batch",
    selection=_SETUP | dg.AssetSelection.groups("speech", "delivery"),
    description="Speaks one batch and delivers its files. Lines that were spoken before are taken from the store.",
    executor_def=dg.in_process_executor,
)
