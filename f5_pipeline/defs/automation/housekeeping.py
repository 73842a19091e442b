"""The jobs ``housekeeping`` (deletes leftovers) and ``verify_clips`` (finds damaged clips, weekly if switched on)."""

from collections.abc import Callable
from datetime import timedelta

import dagster as dg

from f5_pipeline.defs.failures import readable_failures
from f5_pipeline.defs.pipeline import Pipeline
from f5_pipeline.display.characters import visible
from f5_pipeline.display.units import readable_size
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.results.verification import verify_clips as verify
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore


class CleanConfig(dg.Config):
    """Options of the job."""

    dry_run: bool = False  # only report what would be deleted


def remove_leftovers(
    context: dg.OpExecutionContext,
    config: CleanConfig,
    settings: dg.ResourceParam[Settings],
    store: dg.ResourceParam[ObjectStore],
) -> None:
    """Delete partial files of dead processes and clips that no batch refers to. Files of a live process stay."""
    with readable_failures():
        grace = timedelta(days=settings.clean_days)
        report = clean(store, [settings.cache], grace=grace, dry_run=config.dry_run)
    if report.unindexed:
        context.log.warning(f"No clip is deleted: these batches have no index: {', '.join(report.unindexed[:10])}.")
    verb = "would be deleted" if report.dry_run else "deleted"
    context.log.info(f"Partial files {verb}: {len(report.partial_files)}. Clips {verb}: {report.clips}.")
    context.add_output_metadata(
        {
            "dry_run": report.dry_run,
            "partial_files": len(report.partial_files),
            "partial_files_in_use": len(report.kept_partial_files),
            "clips": report.clips,
            "recent_clips_kept": report.recent_clips,
            "speech_hours": round(report.clip_seconds / 3600, 2),
            "freed": readable_size(report.bytes_freed),
            "unfinished_uploads": len(report.unfinished_uploads),
        }
    )


def housekeeping(pipeline: Pipeline) -> dg.JobDefinition:
    """The job ``housekeeping``."""
    description = "Deletes partial files of dead processes and clips that no batch refers to."
    return _job(pipeline, "housekeeping", remove_leftovers, description)


class VerifyConfig(dg.Config):
    """Options of the job."""

    repair: bool = True  # delete damaged clips, and have their batches run again


def read_every_clip(context: dg.OpExecutionContext, config: VerifyConfig, store: dg.ResourceParam[ObjectStore]) -> None:
    """Read every clip and verify its checksums. A damaged clip is deleted, so that it is spoken again."""
    with readable_failures():
        report = verify(store, repair=config.repair, progress=lambda n: context.log.info(f"Clips verified: {n}."))
    for key, reason in report.damaged.items():
        context.log.warning(f"The clip {key} is damaged: {visible(reason)}.")
    for problem in report.damaged_indexes.values():
        context.log.warning(visible(problem))
    context.add_output_metadata(
        {
            "clips": report.checked,
            "damaged": len(report.damaged),
            "missing": len(report.missing),
            "batches_to_run": ", ".join(sorted({*report.batches, *report.damaged_indexes})) or "none",
        }
    )


def verify_clips(pipeline: Pipeline) -> dg.JobDefinition:
    """The job ``verify_clips``."""
    description = "Reads every clip and verifies its bytes. The nightly schedule runs batches with damaged clips again."
    return _job(pipeline, "verify_clips", read_every_clip, description)


def weekly_verification(pipeline: Pipeline, job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """The schedule of the job ``verify_clips``."""
    return dg.ScheduleDefinition(
        name=pipeline.name("weekly_verification"),
        job=job,
        cron_schedule="0 4 * * 0",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,  # it reads the whole store, which a bucket charges for
        description="Verifies every clip on Sundays. Off by default, because it reads the whole store.",
    )


def _job(pipeline: Pipeline, name: str, function: Callable[..., None], description: str) -> dg.JobDefinition:
    """A job of one op. The op has its own name in each pipeline, because it uses resources of its own."""
    op = dg.op(name=pipeline.name(function.__name__))(pipeline.with_resources(function))

    @dg.job(name=pipeline.name(name), executor_def=dg.in_process_executor, description=description)
    def job() -> None:
        op()

    return job
