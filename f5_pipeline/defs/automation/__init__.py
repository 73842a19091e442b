"""What starts runs by itself: sensors, schedules, automation conditions."""
