"""The pool ``gpu``: limits how many runs speak at the same time, by default to one."""

import dagster as dg

GPU = "gpu"


def prepare_pool(instance: dg.DagsterInstance) -> None:
    """Create the pool with its default limit before the first runs are queued. A limit that was set stays.

    Dagster creates a pool when the queue first sees it, and does not limit the runs that are queued at that moment.
    """
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits or instance.global_op_concurrency_default_limit is None:
        return
    if GPU not in {pool.name for pool in storage.get_pool_limits()}:
        storage.initialize_concurrency_limit_to_default(GPU)
