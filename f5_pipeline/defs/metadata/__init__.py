"""Metadata values that the Dagster UI shows: links, spectrograms, progress."""
