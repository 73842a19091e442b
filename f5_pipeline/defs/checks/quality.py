"""Asset checks on how the clips of a batch came out: how many, the worst of them, and numbers that Dagster plots."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import shorten

import dagster as dg

from f5_pipeline.defs.partitions import batch_check
from f5_pipeline.results.index import IndexRow

_SHOWN = 20  # of the worst lines
_UNUSABLE = 0.5  # of the clips: if so many are suspect, it is not a matter of taste

QUALITY_CHECKS = [
    batch_check(
        "every_clip_sounds_right",
        "generated_audio",
        "No clip is suspect after all its takes: silence, gaps, clipping, noise, a wrong duration, wrong "
        "words. An error if every second clip is: then look at the voice, its transcript and the model.",
    ),
    batch_check(
        "every_clip_listened_to",
        "generated_audio",
        "The recogniser of the batch heard every clip of a language that it knows. Without one, nothing is "
        "to be heard.",
    ),
]

_WORST = dg.TableSchema(
    [
        dg.TableColumn("id", "string"),
        dg.TableColumn("reason", "string"),
        dg.TableColumn("penalty", "float"),
        dg.TableColumn("takes", "int"),
        dg.TableColumn("spoken_text", "string"),
    ]
)
#: What is plotted over the runs: of all clips the mean, the largest or the sum of a measure.
_MEANS = ("level_db", "duration_ratio", "chars_per_second", "silence_share", "word_error_rate")
_LARGEST = ("longest_gap_seconds", "clipped_share", "noise_floor_db")
_SUMS = ("missing_words", "repeated_words", "added_words", "leaked_words")


def sounds_right(rows: Sequence[IndexRow]) -> dg.AssetCheckResult:
    """The result of ``every_clip_sounds_right``."""
    clips = [row for row in rows if row.key]
    suspects = [row for row in clips if row.status == "suspect"]
    unusable = len(suspects) >= max(2.0, _UNUSABLE * len(clips))
    return dg.AssetCheckResult(
        passed=not suspects,
        check_name="every_clip_sounds_right",
        severity=dg.AssetCheckSeverity.ERROR if unusable else dg.AssetCheckSeverity.WARN,
        description=f"Clips to listen to: {len(suspects)} of {len(clips)}." if suspects else "No clip is suspect.",
        metadata={
            "suspect": len(suspects),
            "suspect_share": round(len(suspects) / max(1, len(clips)), 4),
            "drawn_again": sum(row.attempts > 1 for row in clips),
            **trends(clips),
            "worst": dg.MetadataValue.table(_worst(suspects), schema=_WORST),
        },
    )


def listened_to(rows: Sequence[IndexRow], recogniser: str, trouble: str) -> dg.AssetCheckResult:
    """The result of ``every_clip_listened_to``. ``trouble``: why a clip could not be heard, if one could not."""
    clips = [row for row in rows if row.key]
    heard = sum(row.quality.get("recogniser") == recogniser for row in clips)
    said = f"{recogniser} heard {heard} of {len(clips)} clips." if recogniser else "Nobody listens: no recogniser."
    return dg.AssetCheckResult(
        passed=not trouble,
        check_name="every_clip_listened_to",
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{said} {trouble}".strip(),
        metadata={"recogniser": recogniser or "none", "heard": heard, "clips": len(clips)},
    )


def trends(clips: Sequence[IndexRow]) -> Mapping[str, float]:
    """Numbers over all clips that have the measure, by what they are called in the UI."""
    return dict(_trends(clips))


def _trends(clips: Sequence[IndexRow]) -> Iterator[tuple[str, float]]:
    for name in _MEANS:
        if values := _values(clips, name):
            yield f"mean_{name}", round(sum(values) / len(values), 4)
    for name in _LARGEST:
        if values := _values(clips, name):
            yield f"largest_{name}", max(values)
    for name in _SUMS:
        if values := _values(clips, name):
            yield name, int(sum(values))


def _values(clips: Sequence[IndexRow], name: str) -> list[float]:
    return [value for row in clips if isinstance(value := row.quality.get(name), (int, float))]


def _worst(suspects: Sequence[IndexRow]) -> list[dg.TableRecord]:
    ordered = sorted(suspects, key=lambda row: -_penalty(row))[:_SHOWN]
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
        for row in ordered
    ]


def _penalty(row: IndexRow) -> float:
    value = row.quality.get("penalty")
    return float(value) if isinstance(value, (int, float)) else 0.0
