"""The command line: commands, progress bar, tables."""
