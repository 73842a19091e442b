"""Asset checks on the speech, made of the index. ``generated_audio`` reports them with its materialization: they belong
to a partition, and looking again is as cheap as materializing again, which speaks nothing.
"""

from collections.abc import Sequence

import dagster as dg

from f5_pipeline.defs.checks.quality import QUALITY_CHECKS, listened_to, sounds_right
from f5_pipeline.defs.partitions import batch_check
from f5_pipeline.environment.attention import changes_since_proof
from f5_pipeline.environment.record import EnvironmentReport
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.batch import BatchReport

_SHOWN = 20  # reasons in a check's metadata

SPEECH_CHECKS = [
    batch_check(
        "anything_spoken",
        "generated_audio",
        "At least one line could be spoken. Else the run fails, and what was delivered before stays.",
        blocking=True,
    ),
    batch_check(
        "every_clip_in_store",
        "generated_audio",
        "The clip of every line is in the store, at its full length. Stops the delivery otherwise.",
        blocking=True,
    ),
    batch_check(
        "every_line_spoken",
        "generated_audio",
        "No row was rejected and no line failed. The others are spoken and delivered all the same.",
    ),
    *QUALITY_CHECKS,
    batch_check(
        "environment_unchanged",
        "generated_audio",
        "Nothing installed, removed or altered torch or flash_attn after the environment was proven.",
        blocking=True,
    ),
]


def check_speech(report: BatchReport, store: ObjectStore, proven: EnvironmentReport) -> list[dg.AssetCheckResult]:
    """The results of ``SPEECH_CHECKS`` for a batch that was spoken where this was proven before."""
    rows = report.rows
    return [
        *(_anything(rows), _in_store(rows, store), _spoken(rows)),
        *(sounds_right(rows), listened_to(rows, report.recogniser, report.not_transcribed)),
        _unchanged(proven),
    ]


def _anything(rows: Sequence[IndexRow]) -> dg.AssetCheckResult:
    passed = any(row.status in ("ok", "suspect") for row in rows)
    why = (
        ""
        if passed
        else f"Nothing was spoken: all {len(rows)} rows were rejected, the first for this: {rows[0].reason}"
    )
    return dg.AssetCheckResult(passed=passed, check_name="anything_spoken", description=why or "Something was spoken.")


def _in_store(rows: Sequence[IndexRow], store: ObjectStore) -> dg.AssetCheckResult:
    spoken = {row.key: row for row in rows if row.key}
    sizes = {key: row.clip_bytes for key, row in spoken.items() if row.clip_bytes is not None}
    there = ClipStore(store).existing(spoken, sizes)
    missing = [row.id for key, row in spoken.items() if key not in there]
    return dg.AssetCheckResult(
        passed=not missing,
        check_name="every_clip_in_store",
        description=f"Clips in the store: {len(there)}. Missing or cut short: {len(missing)}.",
        metadata={"clips": len(there), "missing": len(missing), "ids": ", ".join(missing[:_SHOWN])},
    )


def _spoken(rows: Sequence[IndexRow]) -> dg.AssetCheckResult:
    rejected = [row for row in rows if row.status == "rejected"]
    failed = [row for row in rows if row.status == "failed"]
    return dg.AssetCheckResult(
        passed=not rejected and not failed,
        check_name="every_line_spoken",
        severity=dg.AssetCheckSeverity.ERROR if failed else dg.AssetCheckSeverity.WARN,
        description=f"Rows rejected: {len(rejected)}. Lines failed: {len(failed)}.",
        metadata={"rejected": len(rejected), "failed": len(failed), **_reasons([*failed, *rejected])},
    )


def _unchanged(proven: EnvironmentReport) -> dg.AssetCheckResult:
    changes = changes_since_proof(proven)
    return dg.AssetCheckResult(
        passed=not changes,
        check_name="environment_unchanged",
        description="; ".join(changes) or "As it was proven.",
        metadata={"changes": len(changes)},
    )


def _reasons(rows: Sequence[IndexRow]) -> dict[str, str]:
    return {f"line {row.id}": row.reason for row in rows[:_SHOWN]}
