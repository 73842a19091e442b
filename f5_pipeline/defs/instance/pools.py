"""The pool of the runs that speak: one at a time, unless the instance says otherwise."""

import dagster as dg

GPU = "gpu"


def prepare_pool(instance: dg.DagsterInstance) -> None:
    """Make the pool known to an instance, with its default limit, before the first runs are put into the queue.

    Dagster makes a pool when it first meets it there, and lets all that waits at that moment pass. A limit that
    somebody set stays.
    """
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits or instance.global_op_concurrency_default_limit is None:
        return
    if GPU not in {pool.name for pool in storage.get_pool_limits()}:
        storage.initialize_concurrency_limit_to_default(GPU)
