"""The job ``housekeeping``: remove what dead processes left behind, and clips that no batch names any more."""

import dagster as dg

from f5_pipeline.defs.failures import readable
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore


class CleanConfig(dg.Config):
    """What the job may do."""

    dry_run: bool = False  # only say what would be removed


@dg.op
def remove_leftovers(
    context: dg.OpExecutionContext,
    config: CleanConfig,
    settings: dg.ResourceParam[Settings],
    store: dg.ResourceParam[ObjectStore],
) -> None:
    """Partial files and clips go only when nobody can need them: never a living process's."""
    with readable():
        report = clean(store, [settings.cache], dry_run=config.dry_run)
    context.log.info(f"{len(report.partial_files)} partial files and {report.clips} clips removed")
    context.add_output_metadata(
        {
            "dry_run": report.dry_run,
            "partial_files": len(report.partial_files),
            "partial_files_in_use": len(report.kept_partial_files),
            "clips": report.clips,
            "bytes_freed": report.bytes_freed,
            "unfinished_uploads": len(report.unfinished_uploads),
        }
    )


@dg.job(executor_def=dg.in_process_executor, description="Remove leftovers of dead processes and forgotten clips.")
def housekeeping() -> None:
    remove_leftovers()
