"""``demo``: speak the embedded batch, with the embedded model unless another is set."""

from __future__ import annotations

from f5_pipeline.cli.command import command, in_store
from f5_pipeline.cli.commands.run import run_batches
from f5_pipeline.cli.results_table import print_rows
from f5_pipeline.cli.terminal import print_line
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore


@command("demo", "speak the embedded batch", examples=["demo"])
@in_store
def demo(settings: Settings, store: ObjectStore) -> int:
    """Put the embedded voices and batch into the store and speak them.

    The model is the one of F5_MODEL: by default the embedded one, which needs no GPU and downloads nothing.
    """
    from f5_pipeline.demo.install import BATCH, install
    from f5_pipeline.results.lookup import batch_results

    for installed in install(store):
        print_line(installed)
    code = run_batches(store, [BATCH])
    if code == 0:
        print_rows(batch_results(store, BATCH).rows, store)
    return code
