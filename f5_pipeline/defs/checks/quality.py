"""Asset checks on the quality of a batch's clips: how many are suspect, the worst ones, and numbers that Dagster plots.

The results are built from the index; clips are measured in ``quality`` when they are spoken.
"""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import shorten

import dagster as dg

from f5_pipeline.defs.partitions import batch_check
from f5_pipeline.results.index import IndexRow

_MAX_SHOWN = 20  # of the worst lines
_ERROR_SHARE = 0.5  # of all clips: if more are suspect, the cause is the voice or the model, not single lines

QUALITY_CHECKS = [
    batch_check(
        "every_clip_sounds_right",
        "generated_audio",
        "No clip is suspect after all its takes: silence, gaps, clipping, noise, wrong duration, wrong words. An error "
        "if at least half of the clips are suspect: then check the voice, its transcript and the model.",
    ),
    batch_check(
        "every_clip_listened_to",
        "generated_audio",
        "The batch's recogniser has transcribed every clip in a language that it supports. Passes if the batch has no "
        "recogniser.",
    ),
]

_WORST_SCHEMA = dg.TableSchema(
    [
        dg.TableColumn("id", "string"),
        dg.TableColumn("reason", "string"),
        dg.TableColumn("penalty", "float"),
        dg.TableColumn("takes", "int"),
        dg.TableColumn("spoken_text", "string"),
    ]
)
# The measures that are plotted over the runs, by how they are combined over the clips.
_MEANS = ("level_db", "duration_ratio", "chars_per_second", "silence_share", "word_error_rate")
_MAXIMA = ("longest_gap_seconds", "clipped_share", "noise_floor_db")
_SUMS = ("missing_words", "repeated_words", "added_words", "leaked_words")


def every_clip_sounds_right(rows: Sequence[IndexRow]) -> dg.AssetCheckResult:
    """The result of the check ``every_clip_sounds_right``."""
    clips = [row for row in rows if row.key]
    suspects = [row for row in clips if row.status == "suspect"]
    is_error = len(suspects) >= max(2.0, _ERROR_SHARE * len(clips))
    return dg.AssetCheckResult(
        passed=not suspects,
        check_name="every_clip_sounds_right",
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=f"Suspect clips: {len(suspects)} of {len(clips)}. Listen to them." if suspects else "None suspect.",
        metadata={
            "suspect": len(suspects),
            "suspect_share": round(len(suspects) / max(1, len(clips)), 4),
            "drawn_again": sum(row.attempts > 1 for row in clips),
            **trends(clips),
            "worst": dg.MetadataValue.table(_worst(suspects), schema=_WORST_SCHEMA),
        },
    )


def every_clip_listened_to(rows: Sequence[IndexRow], recogniser: str, failure: str) -> dg.AssetCheckResult:
    """The result of the check ``every_clip_listened_to``: every clip was transcribed.

    Args:
        recogniser: its name; "" if the batch has none.
        failure: why a clip could not be transcribed; "" if all could.
    """
    clips = [row for row in rows if row.key]
    transcribed = sum(row.quality.get("recogniser") == recogniser for row in clips)
    summary = f"Clips transcribed by {recogniser}: {transcribed} of {len(clips)}." if recogniser else "No recogniser."
    return dg.AssetCheckResult(
        passed=not failure,
        check_name="every_clip_listened_to",
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{summary} {failure}".strip(),
        metadata={"recogniser": recogniser or "none", "heard": transcribed, "clips": len(clips)},
    )


def trends(clips: Sequence[IndexRow]) -> Mapping[str, float]:
    """Mean, maximum or sum of each measure over the clips that have it, by its name in the UI."""
    return dict(_trends(clips))


def _trends(clips: Sequence[IndexRow]) -> Iterator[tuple[str, float]]:
    for name in _MEANS:
        if values := _values(clips, name):
            yield f"mean_{name}", round(sum(values) / len(values), 4)
    for name in _MAXIMA:
        if values := _values(clips, name):
            yield f"largest_{name}", max(values)
    for name in _SUMS:
        if values := _values(clips, name):
            yield name, int(sum(values))


def _values(clips: Sequence[IndexRow], name: str) -> list[float]:
    return [value for row in clips if isinstance(value := row.quality.get(name), (int, float))]


def _worst(suspects: Sequence[IndexRow]) -> list[dg.TableRecord]:
    worst_first = sorted(suspects, key=lambda row: -_penalty(row))
    return [
        dg.TableRecord(
            {
                "id": row.id,
                "reason": shorten(row.reason, 200, placeholder=" …"),
                "penalty": _penalty(row),
                "takes": row.attempts,
                "spoken_text": shorten(row.spoken_text, 80, placeholder=" …"),
            }
        )
        for row in worst_first[:_MAX_SHOWN]
    ]


def _penalty(row: IndexRow) -> float:
    value = row.quality.get("penalty")
    return float(value) if isinstance(value, (int, float)) else 0.0
