"""Automation: the sensors, schedules and automation conditions that start runs."""
