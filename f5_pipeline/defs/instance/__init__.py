"""The Dagster instance: its location, run launchers, pools and the watchdog of its runs."""
