"""Jobs: ``setup`` makes a machine ready, ``speech_batch`` speaks and delivers one batch and needs nothing before it."""

import dagster as dg

_SETUP = dg.AssetSelection.groups("setup")

setup = dg.define_asset_job(
    "setup",
    selection=_SETUP,
    description="Make this machine ready: attention proven, weights and voices here. Safe to repeat.",
    executor_def=dg.in_process_executor,
)

speech_batch = dg.define_asset_job(
    "speech_batch",
    selection=_SETUP | dg.AssetSelection.groups("speech", "delivery"),
    description="Speak one batch and deliver it. What was spoken before is not spoken again.",
    executor_def=dg.in_process_executor,
)
