"""Processes for tests, forked from a clean server process with the needed imports, so that they start quickly.

A plain ``fork`` would copy the locks of the test process's threads (a proxy, a pool) in any state.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerContext

_IMPORTED = ["boto3", "numpy.random", "pandas", "psutil", "pyarrow.csv", "pyarrow.parquet", "soundfile"]
_IMPORTED += ["tests.storage.test_fetch", "tests.results.test_crashes", "tests.results.test_s3"]


def context() -> ForkServerContext:
    """The one context for all tests: the server process preloads only modules that are named before its first use."""
    forkserver = multiprocessing.get_context("forkserver")
    forkserver.set_forkserver_preload(_IMPORTED)
    return forkserver
