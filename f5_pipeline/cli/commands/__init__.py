"""One function per command of ``f5-pipeline``, grouped by topic, with its arguments and options.

A command takes the settings, the store and the parsed arguments, calls one function of a layer below, prints the result
and returns the exit code. What all commands share is in ``cli.command``.

Commands import layers below inside the function: a read-only command then needs neither Dagster nor torch, and every
command starts fast.
"""
