"""The code location: the assets, jobs, sensors, schedules and resources that Dagster loads."""

import dagster as dg

from f5_pipeline.defs.assets.delivered_audio import delivered_audio
from f5_pipeline.defs.assets.flash_attn_environment import flash_attn_environment
from f5_pipeline.defs.assets.generated_audio import generated_audio
from f5_pipeline.defs.assets.model_weights import model_weights
from f5_pipeline.defs.assets.utterances import utterances
from f5_pipeline.defs.assets.voice_files import voice_files
from f5_pipeline.defs.automation.conditions import deliver_spoken_batches
from f5_pipeline.defs.automation.housekeeping import housekeeping
from f5_pipeline.defs.automation.schedules import nightly_batches
from f5_pipeline.defs.automation.sensors import new_manifests
from f5_pipeline.defs.jobs import setup, speech_batch
from f5_pipeline.defs.resources import RESOURCES


def define(**resources: object) -> dg.Definitions:
    """All definitions; ``resources`` replace those of the same name."""
    return dg.Definitions(
        assets=[flash_attn_environment, model_weights, voice_files, utterances, generated_audio, delivered_audio],
        jobs=[setup, speech_batch, housekeeping],
        sensors=[new_manifests, deliver_spoken_batches],
        schedules=[nightly_batches],
        resources={**RESOURCES, **resources},
        loggers={"console": dg.colored_console_logger},
        executor=dg.in_process_executor,
    )
