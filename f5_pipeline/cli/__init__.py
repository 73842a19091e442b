"""The command line ``f5-pipeline``: parser, commands, progress bar and tables. No logic that another caller needs."""
