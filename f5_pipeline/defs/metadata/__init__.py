"""Metadata values that the Dagster UI shows: links, pictures, progress."""
