"""The one switch of all automation: ``F5_AUTOMATION`` decides how sensors and schedules start."""

import logging

import dagster as dg

from f5_pipeline.errors import F5PipelineError
from f5_pipeline.settings.environment import Settings, load_settings


def automation_settings() -> Settings:
    """The settings, or their defaults if one is wrong: better said by a run than by definitions that do not load."""
    try:
        return load_settings()
    except F5PipelineError as error:
        logging.getLogger(__name__).warning("Automation starts switched off: %s", error)
        return Settings.model_construct()


def sensors_at_start() -> dg.DefaultSensorStatus:
    on = automation_settings().automation == "on"
    return dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED


def schedules_at_start() -> dg.DefaultScheduleStatus:
    on = automation_settings().automation == "on"
    return dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED
