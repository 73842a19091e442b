"""The default status of sensors and schedules: ``F5_AUTOMATION`` turns all of them on or off."""

import logging

import dagster as dg

from f5_pipeline.errors import F5PipelineError
from f5_pipeline.settings.environment import Settings, load_settings


def automation_settings() -> Settings:
    """The settings, or the defaults if one is invalid: definitions must load, so that a run can report the error."""
    try:
        return load_settings()
    except F5PipelineError as error:
        logging.getLogger(__name__).warning("Automation is off: %s", error)
        return Settings.model_construct()


def default_sensor_status() -> dg.DefaultSensorStatus:
    """RUNNING if ``F5_AUTOMATION`` is on."""
    on = automation_settings().automation == "on"
    return dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED


def default_schedule_status() -> dg.DefaultScheduleStatus:
    """RUNNING if ``F5_AUTOMATION`` is on."""
    on = automation_settings().automation == "on"
    return dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED
