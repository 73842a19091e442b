"""``utterances[batch]``: the manifest, parsed, normalised and validated before any speech is computed."""

from collections.abc import Sequence
from functools import partial

import dagster as dg

from f5_pipeline.defs.automation.manifest_versions import manifest_version, record_version
from f5_pipeline.defs.batch_results import materialize_batches
from f5_pipeline.defs.failures import RETRY_TRANSIENT, readable_failures
from f5_pipeline.defs.metadata.links import link
from f5_pipeline.defs.metadata.safe_texts import safe_record, safe_texts
from f5_pipeline.defs.partitions import batch_asset, batch_check, partitions_name
from f5_pipeline.delivery.audio_profile import check_encoders
from f5_pipeline.display.characters import visible
from f5_pipeline.display.units import plural
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.text_language import languages_summary
from f5_pipeline.manifests.utterance import RejectedRow, Utterance
from f5_pipeline.manifests.utterance_file import save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.results.manifest_files import manifest_files
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import utterances_object
from f5_pipeline.storage.object_store import ObjectStore

_PREVIEW_ROWS = 10
_SCHEMA = dg.TableSchema(
    [dg.TableColumn(name, "string") for name in ("id", "spoken_text", "voice", "language", "notes")]
)
_COLUMNS = dg.TableSchema(
    [
        dg.TableColumn("id", "string", "Name of the line, unique in the batch."),
        dg.TableColumn("row", "int", "Number of the row in the manifest, from 1, without the header."),
        dg.TableColumn("text", "string", "Text as in the manifest."),
        dg.TableColumn("spoken_text", "string", "Text that the model speaks, after the text front end."),
        dg.TableColumn("voice", "string", "Voice of the line, or of its first passage."),
        dg.TableColumn("model", "string", "Name of the model in the catalogue."),
        dg.TableColumn("language", "string", "Language in which the text was normalised."),
        dg.TableColumn("sampling", "object", "Settings of the model: nfe_step, solver, cfg_strength, speed, …"),
        dg.TableColumn("seed", "int", "Seed, if the row or the batch gives one."),
        dg.TableColumn("max_attempts", "int", "Takes that are spoken at most."),
        dg.TableColumn("takes", "int", "Takes that are spoken even if the first is ok."),
        dg.TableColumn("section", "string", "Section that the line is joined into."),
        dg.TableColumn("columns", "object", "The user's own columns, which the index gets."),
        dg.TableColumn("passages", "list", "Parts with a voice and pauses of their own."),
        dg.TableColumn("notes", "list", "How the row was read, where that may surprise."),
    ]
)


@batch_asset(
    group_name="speech",
    kinds={"json"},
    metadata={"dagster/column_schema": _COLUMNS},
    tags={"f5/scope": "batch"},
    owners=["team:speech"],
    code_version="3",
    retry_policy=RETRY_TRANSIENT,
    check_specs=[
        batch_check(
            "every_row_accepted",
            "utterances",
            "No row of the manifest was rejected. The accepted rows are spoken in any case.",
        )
    ],
)
def utterances(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    store: dg.ResourceParam[ObjectStore],
) -> dg.MaterializeResult:
    """The lines to speak: each row with its voice, model, settings and normalised text."""
    return materialize_batches(context, partial(_resolve, context, settings, store))


def _resolve(
    context: dg.AssetExecutionContext, settings: Settings, store: ObjectStore, batch: str
) -> dg.MaterializeResult:
    with readable_failures():
        # Before the manifest is read: if it changes in between, the sensor runs the new version.
        version = manifest_version(store.url, manifest_files(store, batch))
        record_version(context.instance, context.op_execution_context.run_id, version)
        contents = read_utterances(store, batch, settings, load_catalogue(settings))
        check_encoders(contents.settings)  # fail before speaking if the format cannot be delivered here
        sha256 = save_utterances(store, batch, contents)
    # Register the batch of a manifest that was copied into the store without ``f5-pipeline submit``.
    context.instance.add_dynamic_partitions(partitions_name(context), [batch])
    for warning in contents.warnings:
        context.log.warning(visible(warning))
    rows = len(contents.utterances) + len(contents.rejected)
    return dg.MaterializeResult(
        metadata={
            "accepted": len(contents.utterances),
            "rejected": len(contents.rejected),
            "rows": rows,
            "preview": dg.MetadataValue.table(_preview(contents.utterances), schema=_SCHEMA),
            "voices": ", ".join(sorted({u.voice for u in contents.utterances})),
            "languages": languages_summary((u.language, u.language_source) for u in contents.utterances),
            "models": ", ".join(sorted({u.model for u in contents.utterances})),
            "with_notes": sum(bool(u.notes) for u in contents.utterances),
            "rejected_share": round(len(contents.rejected) / max(1, rows), 4),
            "file": link(utterances_object(batch), store, settings),
            "dagster/uri": store.location(utterances_object(batch)),
            "dagster/row_count": len(contents.utterances),
        },
        data_version=dg.DataVersion(sha256),
        check_results=[_every_row_accepted(contents.rejected)],
    )


def _preview(lines: Sequence[Utterance]) -> list[dg.TableRecord]:
    shown = lines[:_PREVIEW_ROWS]
    return [
        safe_record(
            {
                "id": u.id,
                "voice": u.voice,
                "language": u.language,
                "spoken_text": u.shown_text[:200],
                "notes": " ".join(u.notes)[:200],
            }
        )
        for u in shown
    ]


def _every_row_accepted(rejected: Sequence[RejectedRow]) -> dg.AssetCheckResult:
    reasons = {f"row {row.row}": row.reason for row in rejected[:_PREVIEW_ROWS]}
    return dg.AssetCheckResult(
        passed=not rejected,
        check_name="every_row_accepted",
        severity=dg.AssetCheckSeverity.WARN,
        description=_rejection(rejected),
        metadata={"rejected": len(rejected), **safe_texts(reasons)},
    )


def _rejection(rejected: Sequence[RejectedRow]) -> str:
    if not rejected:
        return "all rows were accepted."
    first = rejected[0]
    return f"{plural(len(rejected), 'row')} rejected. The first: row {first.row}, {visible(first.reason)}"
