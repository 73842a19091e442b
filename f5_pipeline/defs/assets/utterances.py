"""``utterances[batch]``: the manifest, parsed, normalised and validated before any speech is computed."""

from collections.abc import Sequence

import dagster as dg

from f5_pipeline.defs.failures import RETRY_TRANSIENT, batch_name, readable_failures
from f5_pipeline.defs.metadata.links import link
from f5_pipeline.defs.partitions import batch_check, batches
from f5_pipeline.delivery.audio_profile import check_encoders
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance import RejectedRow, Utterance
from f5_pipeline.manifests.utterance_file import save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import utterances_object
from f5_pipeline.storage.object_store import ObjectStore

_PREVIEW_ROWS = 10


@dg.asset(
    partitions_def=batches,
    group_name="speech",
    kinds={"csv"},
    tags={"f5/scope": "batch"},
    owners=["team:speech"],
    code_version="2",
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
    with readable_failures():
        batch = batch_name(context)
        contents = read_utterances(store, batch, settings, load_catalogue(settings))
        check_encoders(contents.settings)  # fail before speaking if the format cannot be delivered here
        sha256 = save_utterances(store, batch, contents)
    # Register the batch of a manifest that was copied into the store without ``f5-pipeline submit``.
    context.instance.add_dynamic_partitions(str(batches.name), [batch])
    for warning in contents.warnings:
        context.log.warning(warning)
    return dg.MaterializeResult(
        metadata={
            "rows": len(contents.utterances) + len(contents.rejected),
            "accepted": len(contents.utterances),
            "rejected": len(contents.rejected),
            "voices": ", ".join(sorted({u.voice for u in contents.utterances})),
            "models": ", ".join(sorted({u.model for u in contents.utterances})),
            "preview": dg.MetadataValue.table(_preview(contents.utterances), schema=_SCHEMA),
            "file": link(utterances_object(batch), store, settings),
        },
        data_version=dg.DataVersion(sha256),
        check_results=[_every_row_accepted(contents.rejected)],
    )


_SCHEMA = dg.TableSchema([dg.TableColumn(name, "string") for name in ("id", "voice", "spoken_text")])


def _preview(lines: Sequence[Utterance]) -> list[dg.TableRecord]:
    shown = lines[:_PREVIEW_ROWS]
    return [dg.TableRecord({"id": u.id, "voice": u.voice, "spoken_text": u.shown_text[:200]}) for u in shown]


def _every_row_accepted(rejected: Sequence[RejectedRow]) -> dg.AssetCheckResult:
    reasons = {f"row {row.row}": row.reason for row in rejected[:_PREVIEW_ROWS]}
    return dg.AssetCheckResult(
        passed=not rejected,
        check_name="every_row_accepted",
        severity=dg.AssetCheckSeverity.WARN,
        description=f"Rows rejected: {len(rejected)}." if rejected else "All rows were accepted.",
        metadata={"rejected": len(rejected), **reasons},
    )
