"""The Dagster instance: where it is kept, how it launches and ends runs, its pools."""
