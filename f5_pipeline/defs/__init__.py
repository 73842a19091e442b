"""The Dagster definitions. No other folder imports Dagster, except ``definitions.py``, which Dagster loads."""
