"""``delivered_audio[batch]``: the files that the user asked for, made from the clips. Speaks nothing."""

from functools import partial

import dagster as dg

from f5_pipeline.defs.automation.conditions import undelivered
from f5_pipeline.defs.batch_results import materialize_batches
from f5_pipeline.defs.failures import RETRY_TRANSIENT, readable_failures
from f5_pipeline.defs.metadata.links import link
from f5_pipeline.defs.partitions import batch_asset, batch_check
from f5_pipeline.defs.resources import MakeProgress
from f5_pipeline.delivery.deliver import DeliveryReport, deliver_batch
from f5_pipeline.display.characters import visible
from f5_pipeline.display.units import plural, readable_duration, readable_size
from f5_pipeline.errors import NotSpokenYet
from f5_pipeline.manifests.utterance_file import load_utterances
from f5_pipeline.results.index import read_index
from f5_pipeline.results.provenance import index_version, record_delivered
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import audio_folder
from f5_pipeline.storage.object_store import ObjectStore


@batch_asset(
    deps=["generated_audio"],
    group_name="delivery",
    kinds={"file", "report"},
    tags={"f5/scope": "batch"},
    owners=["team:speech"],
    code_version="1",
    retry_policy=RETRY_TRANSIENT,
    automation_condition=undelivered(),
    check_specs=[
        batch_check(
            "sections_complete",
            "delivered_audio",
            "Every joined section has all of its lines: none of them failed or was rejected.",
        )
    ],
)
def delivered_audio(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    store: dg.ResourceParam[ObjectStore],
    make_progress: dg.ResourceParam[MakeProgress],
) -> dg.MaterializeResult:
    """Named files in the batch's format and loudness, joined sections, subtitles and the listening page.

    Only changed files are written again. A change of format or loudness speaks nothing.
    """
    return materialize_batches(context, partial(_deliver, context, settings, store, make_progress))


def _deliver(
    context: dg.AssetExecutionContext, settings: Settings, store: ObjectStore, make_progress: MakeProgress, batch: str
) -> dg.MaterializeResult:
    with readable_failures():
        contents = load_utterances(store, batch)
        index = index_version(store, batch)
        if (rows := read_index(store, batch)) is None:
            raise NotSpokenYet(batch, "results")
        report = deliver_batch(
            store,
            batch,
            contents.settings,
            rows,
            contents.utterances,
            contents.rejected,
            progress=make_progress(context).deliver,
        )
        record_delivered(store, batch, index)
    context.log.info(f"Listening page: {store.location(report.report_key)}")
    return dg.MaterializeResult(
        metadata={
            "listening_page": link(report.report_key, store, settings),
            **({"audiobook": link(report.audiobook, store, settings)} if report.audiobook else {}),
            "files": report.files,
            "audio": readable_duration(report.audio_seconds),
            "size": readable_size(report.bytes),
            "format": contents.settings.format,
            "sections": ", ".join(report.sections) or "none",
            "written": report.written,
            "unchanged": report.skipped_unchanged,
            "removed": report.removed,
            "audio_seconds": round(report.audio_seconds, 1),
            "megabytes": round(report.bytes / 1e6, 2),
            "dagster/uri": store.location(audio_folder(batch)),
        },
        check_results=[
            dg.AssetCheckResult(
                passed=not report.incomplete_sections,
                check_name="sections_complete",
                severity=dg.AssetCheckSeverity.WARN,
                description=_completeness(report),
                metadata={name: ", ".join(ids[:20]) for name, ids in report.incomplete_sections.items()},
            )
        ],
    )


def _completeness(report: DeliveryReport) -> str:
    if not (incomplete := report.incomplete_sections):
        return f"{plural(len(report.sections), 'section')}, all complete." if report.sections else "no joined sections."
    missing = "; ".join(f"{name} lacks {', '.join(ids[:3])}" for name, ids in list(incomplete.items())[:3])
    return visible(f"{plural(len(incomplete), 'section')} incomplete: {missing}.")
