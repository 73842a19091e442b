"""``delivered_audio[batch]``: the files that the user asked for, made from the clips. Speaks nothing."""

import dagster as dg

from f5_pipeline.defs.automation.conditions import undelivered
from f5_pipeline.defs.failures import RETRY_TRANSIENT, batch_name, readable_failures
from f5_pipeline.defs.metadata.links import link
from f5_pipeline.defs.partitions import batch_check, batches
from f5_pipeline.delivery.deliver import deliver_batch
from f5_pipeline.errors import NotSpokenYet
from f5_pipeline.manifests.utterance_file import load_utterances
from f5_pipeline.results.index import read_index
from f5_pipeline.results.provenance import index_version, record_delivered
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore


@dg.asset(
    partitions_def=batches,
    deps=["generated_audio"],
    group_name="delivery",
    kinds={"audio"},
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
) -> dg.MaterializeResult:
    """Named files in the batch's format and loudness, joined sections, subtitles and the listening page.

    Only changed files are written again. A change of format or loudness speaks nothing.
    """
    with readable_failures():
        batch = batch_name(context)
        contents = load_utterances(store, batch)
        index = index_version(store, batch)
        if (rows := read_index(store, batch)) is None:
            raise NotSpokenYet(batch, "results")
        report = deliver_batch(store, batch, contents.settings, rows, contents.utterances, contents.rejected)
        record_delivered(store, batch, index)
    context.log.info(f"Listening page: {store.location(report.report_key)}")
    return dg.MaterializeResult(
        metadata={
            "listening_page": link(report.report_key, store, settings),
            "files": report.files,
            "audio_seconds": round(report.audio_seconds, 1),
            "bytes": report.bytes,
            "written": report.written,
            "unchanged": report.skipped_unchanged,
            "removed": report.removed,
            "format": contents.settings.format,
            "sections": ", ".join(report.sections) or "none",
            **({"audiobook": link(report.audiobook, store, settings)} if report.audiobook else {}),
        },
        check_results=[
            dg.AssetCheckResult(
                passed=not report.incomplete_sections,
                check_name="sections_complete",
                severity=dg.AssetCheckSeverity.WARN,
                metadata={name: ", ".join(ids[:20]) for name, ids in report.incomplete_sections.items()},
            )
        ],
    )
