"""Asset checks on the result of speaking a batch, built from its index.

``generated_audio`` reports them with its materialization, because they belong to one partition. To repeat them,
materialize the asset again: this speaks nothing.
"""

from collections.abc import Sequence

import dagster as dg

from f5_pipeline.defs.checks.quality import QUALITY_CHECKS, every_clip_listened_to, every_clip_sounds_right
from f5_pipeline.defs.metadata.safe_texts import safe_texts
from f5_pipeline.defs.partitions import batch_check
from f5_pipeline.display.characters import visible
from f5_pipeline.display.units import plural
from f5_pipeline.environment.attention import changes_since_proof
from f5_pipeline.environment.record import EnvironmentReport
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.batch import BatchReport

_MAX_SHOWN = 20  # lines in a check's metadata

SPEECH_CHECKS = [
    batch_check(
        "anything_spoken",
        "generated_audio",
        "At least one line has audio. Otherwise the run fails and the files delivered earlier stay.",
        blocking=True,
    ),
    batch_check(
        "every_clip_in_store",
        "generated_audio",
        "The clip of every line is in the store, at its full size. Otherwise nothing is delivered.",
        blocking=True,
    ),
    batch_check(
        "every_line_spoken",
        "generated_audio",
        "No row was rejected and no line failed. The other lines are spoken and delivered in any case.",
    ),
    *QUALITY_CHECKS,
    batch_check(
        "environment_unchanged",
        "generated_audio",
        "torch and flash_attn are the same as when the environment was verified. Otherwise nothing is delivered.",
        blocking=True,
    ),
]


def check_speech(report: BatchReport, store: ObjectStore, proven: EnvironmentReport) -> list[dg.AssetCheckResult]:
    """The results of ``SPEECH_CHECKS`` for a batch that was spoken in the environment ``proven``.

    ``every_clip_listened_to`` has no result if the batch has no recogniser: a check that passed would claim that the
    clips were transcribed.
    """
    rows = report.rows
    listened = every_clip_listened_to(rows, report.recogniser, report.not_transcribed) if report.recogniser else None
    return [
        _anything_spoken(rows),
        _every_clip_in_store(rows, store),
        _every_line_spoken(rows),
        every_clip_sounds_right(rows),
        *([listened] if listened else []),
        _environment_unchanged(proven),
    ]


def _anything_spoken(rows: Sequence[IndexRow]) -> dg.AssetCheckResult:
    spoken = sum(row.status in ("ok", "suspect") for row in rows)
    description = f"{plural(spoken, 'line')} spoken."
    if not spoken:
        description = (
            f"nothing was spoken. {len(rows)} of {plural(len(rows), 'row')} rejected, the first because of: "
            f"{visible(rows[0].reason)}"
        )
    return dg.AssetCheckResult(passed=spoken > 0, check_name="anything_spoken", description=description)


def _every_clip_in_store(rows: Sequence[IndexRow], store: ObjectStore) -> dg.AssetCheckResult:
    by_key = {row.key: row for row in rows if row.key}
    sizes = {key: row.clip_bytes for key, row in by_key.items() if row.clip_bytes is not None}
    existing = ClipStore(store).existing(by_key, sizes)
    missing = [row.id for key, row in by_key.items() if key not in existing]
    return dg.AssetCheckResult(
        passed=not missing,
        check_name="every_clip_in_store",
        description=f"{plural(len(existing), 'clip')} in the store, {len(missing)} missing or truncated.",
        metadata={"clips": len(existing), "missing": len(missing), "ids": ", ".join(missing[:_MAX_SHOWN])},
    )


def _every_line_spoken(rows: Sequence[IndexRow]) -> dg.AssetCheckResult:
    rejected = [row for row in rows if row.status == "rejected"]
    failed = [row for row in rows if row.status == "failed"]
    reasons = {f"line {row.id}": row.reason for row in [*failed, *rejected][:_MAX_SHOWN]}
    first = "".join(f" The first: {visible(row.id)}, {visible(row.reason)}" for row in [*failed, *rejected][:1])
    return dg.AssetCheckResult(
        passed=not rejected and not failed,
        check_name="every_line_spoken",
        severity=dg.AssetCheckSeverity.ERROR if failed else dg.AssetCheckSeverity.WARN,
        description=f"{plural(len(rejected), 'row')} rejected, {plural(len(failed), 'line')} failed.{first}",
        metadata={"rejected": len(rejected), "failed": len(failed), **safe_texts(reasons)},
    )


def _environment_unchanged(proven: EnvironmentReport) -> dg.AssetCheckResult:
    changes = changes_since_proof(proven)
    return dg.AssetCheckResult(
        passed=not changes,
        check_name="environment_unchanged",
        description="; ".join(changes) or "unchanged since it was verified.",
        metadata={"changes": len(changes)},
    )
