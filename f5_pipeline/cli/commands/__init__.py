"""One function per command of ``f5-pipeline``, grouped by topic.

A command takes the parsed arguments, the settings and the store, calls one function of a layer below, prints the
result and returns the exit code. The parser is in ``cli.main``.

Commands import layers below inside the function: a read-only command then needs neither Dagster nor torch, and every
command starts fast.
"""
