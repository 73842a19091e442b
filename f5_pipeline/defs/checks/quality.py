"""Asset checks on the quality of a batch's clips: how many are suspect, the worst ones, and numbers that Dagster plots.

The results are built from the index; clips are measured in ``quality`` when they are spoken.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import shorten

import dagster as dg

from f5_pipeline.defs.metadata.safe_texts import safe_record
from f5_pipeline.defs.partitions import batch_check
from f5_pipeline.display.characters import visible
from f5_pipeline.display.units import plural
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
        "The batch's recogniser has transcribed every clip in a language that it supports. Skipped if the batch has no "
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
_MEANS = (
    "level_db",
    "duration_ratio",
    "chars_per_second",
    "silence_share",
    "word_error_rate",
    "speaker_similarity",
    "mos",
)
_MAXIMA = ("longest_gap_seconds", "clipped_share", "noise_floor_db")
_SUMS = ("missing_words", "repeated_words", "added_words", "leaked_words")


def every_clip_sounds_right(rows: Sequence[IndexRow]) -> dg.AssetCheckResult:
    """The result of the check ``every_clip_sounds_right``."""
    clips = [row for row in rows if row.key]
    suspects = _worst_first(row for row in clips if row.status == "suspect")
    is_error = len(suspects) >= max(2.0, _ERROR_SHARE * len(clips))
    count = f"{len(suspects)} of {plural(len(clips), 'clip')} suspect"
    advice = f" Listen to them, first to {suspects[0].id}: {visible(suspects[0].reason)}" if suspects else ""
    return dg.AssetCheckResult(
        passed=not suspects,
        check_name="every_clip_sounds_right",
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=f"{count}.{advice}",
        metadata={
            "suspect": len(suspects),
            "suspect_share": round(len(suspects) / max(1, len(clips)), 4),
            "drawn_again": sum(row.attempts > 1 for row in clips),
            "worst": dg.MetadataValue.table(_worst(suspects), schema=_WORST_SCHEMA),
            **trends(clips),
        },
    )


def every_clip_listened_to(rows: Sequence[IndexRow], recogniser: str, failure: str) -> dg.AssetCheckResult:
    """The result of the check ``every_clip_listened_to``: every clip was transcribed.

    Args:
        recogniser: its name; not "".
        failure: why a clip could not be transcribed; "" if all could.
    """
    clips = [row for row in rows if row.key]
    transcribed = sum(row.quality.get("recogniser") == recogniser for row in clips)
    summary = f"{recogniser} has transcribed {transcribed} of {plural(len(clips), 'clip')}."
    return dg.AssetCheckResult(
        passed=not failure,
        check_name="every_clip_listened_to",
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{summary} {failure}".strip(),
        metadata={"recogniser": recogniser, "heard": transcribed, "clips": len(clips)},
    )


def trends(clips: Sequence[IndexRow]) -> Mapping[str, float]:
    """Mean, maximum or sum of each measure over the clips that have it, by its name in the UI."""
    return {**means(clips), **dict(_extremes(clips))}


def means(clips: Sequence[IndexRow]) -> Mapping[str, float]:
    """The mean of measures that do not depend on the size of the batch, by their names in the UI."""
    found = {name: values for name in _MEANS if (values := _values(clips, name))}
    return {f"mean_{name}": round(sum(values) / len(values), 4) for name, values in found.items()}


def _extremes(clips: Sequence[IndexRow]) -> Iterator[tuple[str, float]]:
    for name in _MAXIMA:
        if values := _values(clips, name):
            yield f"largest_{name}", max(values)
    for name in _SUMS:
        if values := _values(clips, name):
            yield name, int(sum(values))


def _values(clips: Sequence[IndexRow], name: str) -> list[float]:
    return [value for row in clips if isinstance(value := row.quality.get(name), (int, float))]


def _worst_first(rows: Iterable[IndexRow]) -> list[IndexRow]:
    return sorted(rows, key=lambda row: -penalty(row))


def _worst(suspects: Sequence[IndexRow]) -> list[dg.TableRecord]:
    return [
        safe_record(
            {
                "id": row.id,
                "reason": shorten(row.reason, 200, placeholder=" …"),
                "penalty": penalty(row),
                "takes": row.attempts,
                "spoken_text": shorten(row.spoken_text, 80, placeholder=" …"),
            }
        )
        for row in suspects[:_MAX_SHOWN]
    ]


def penalty(row: IndexRow) -> float:
    """How bad a clip is, by its measures: 0 if none is beyond its threshold."""
    value = row.quality.get("penalty")
    return float(value) if isinstance(value, (int, float)) else 0.0
