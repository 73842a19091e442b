"""The web server for the delivered files of a store, and Dagster's UI beside it."""
