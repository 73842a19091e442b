"""The job ``housekeeping``: deletes partial files of dead processes and clips that no batch refers to."""

import dagster as dg

from f5_pipeline.defs.failures import readable_failures
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore


class CleanConfig(dg.Config):
    """Options of the job."""

    dry_run: bool = False  # only report what would be deleted


@dg.op
def remove_leftovers(
    context: dg.OpExecutionContext,
    config: CleanConfig,
    settings: dg.ResourceParam[Settings],
    store: dg.ResourceParam[ObjectStore],
) -> None:
    """Delete partial files of dead processes and clips that no batch refers to. Files of a live process stay."""
    with readable_failures():
        report = clean(store, [settings.cache], dry_run=config.dry_run)
    verb = "would be deleted" if report.dry_run else "deleted"
    context.log.info(f"Partial files {verb}: {len(report.partial_files)}. Clips {verb}: {report.clips}.")
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


@dg.job(
    executor_def=dg.in_process_executor,
    description="Deletes partial files of dead processes and clips that no batch refers to.",
)
def housekeeping() -> None:
    remove_leftovers()
