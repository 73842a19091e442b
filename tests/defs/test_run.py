"""What a run of the terminal hands to other processes."""

from __future__ import annotations

import io
import pickle

from rich.console import Console

from f5_pipeline.cli.progress_bar import BarProgress
from f5_pipeline.defs.run import _ShownLoader
from f5_pipeline.engine.loading import load_f5_engine


def test_a_worker_of_a_cluster_gets_the_loader_without_the_display() -> None:
    """A progress bar has locks and threads, and cannot be sent to another process."""
    display = BarProgress(Console(file=io.StringIO()))
    assert pickle.loads(pickle.dumps(_ShownLoader(load_f5_engine, display))) is load_f5_engine
