"""Takes: the attempts at a line. Which are in the store, which is the best, and whether another is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.results.clips import ClipInfo, ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.speech.lines import SpokenLine

_READERS = 16  # small requests at once


@dataclass(frozen=True)
class Take:
    """One attempt at a line."""

    key: str
    attempt: int
    status: str  # ok | suspect | failed
    reason: str
    penalty: float  # of several takes the one with the least is kept
    seed: int
    audio_seconds: float = 0.0
    clip: str = ""
    clip_bytes: int | None = None
    measures: Mapping[str, float | int | str] = field(default_factory=dict)
    cached: bool = False


#: The takes of each line that has any, by the line's key.
Takes = dict[str, list[Take]]


def recall(lines: Sequence[SpokenLine], clips: ClipStore, known: Mapping[str, IndexRow]) -> Takes:
    """All takes that are in the store already. What the last run settled on is not read again, only looked for."""
    by_key = {line.key: line for line in lines}
    chosen = {key: row for key, line in by_key.items() if (row := _chosen(line, known))}
    sizes = {row.key: row.clip_bytes for row in chosen.values() if row.clip_bytes is not None}
    there = clips.existing({row.key for row in chosen.values()}, sizes)
    takes = {key: [_take_of_row(row, there[row.key].size)] for key, row in chosen.items() if row.key in there}
    unsettled = [line for key, line in by_key.items() if key not in takes]
    return takes | _read_takes(unsettled, clips)


def _chosen(line: SpokenLine, known: Mapping[str, IndexRow]) -> IndexRow | None:
    """What the last run settled on, unless it was suspect and more takes are allowed now."""
    row = known.get(line.key) or next((known[key] for key in line.keys if key in known), None)
    final = row is not None and (row.status == "ok" or row.attempts >= line.utterance.max_attempts)
    return row if final else None


def _read_takes(lines: Sequence[SpokenLine], clips: ClipStore) -> Takes:
    found = clips.existing(key for line in lines for key in line.keys)
    with ThreadPoolExecutor(_READERS) as readers:
        read = dict(zip(found, readers.map(lambda key: _read_take(clips, key, found[key].size), found), strict=True))
    each = {line.key: [take for key in line.keys if (take := read.get(key))] for line in lines}
    return {key: takes for key, takes in each.items() if takes}


def _read_take(clips: ClipStore, key: str, size: int) -> Take | None:
    """A stored take; None, so that it is spoken again, if it is damaged, gone, or not of our making."""
    try:
        return take_of(clips.facts(key, size), cached=True)
    except (ClipDamaged, ObjectMissing):
        return None
    except (KeyError, ValueError, TypeError):
        clips.discard(key)  # whole, so that it would not be replaced
        return None


_OWN_FACTS = ("status", "reason", "penalty", "seed", "attempt")


def take_of(info: ClipInfo, cached: bool) -> Take:
    facts = info.facts
    return Take(
        key=info.key,
        attempt=int(facts["attempt"]),
        status=str(facts["status"]),
        reason=str(facts["reason"]),
        penalty=float(facts["penalty"]),
        seed=int(facts["seed"]),
        audio_seconds=info.audio_seconds,
        clip=info.clip,
        clip_bytes=info.size,
        measures={name: value for name, value in facts.items() if name not in _OWN_FACTS},
        cached=cached,
    )


def _take_of_row(row: IndexRow, size: int) -> Take:
    """The take that the last run chose: whatever its penalty, it is the best of the line."""
    return Take(
        key=row.key,
        attempt=row.attempts,
        status=row.status,
        reason=row.reason,
        penalty=-1.0,
        seed=row.seed or 0,
        audio_seconds=row.audio_seconds or 0.0,
        clip=row.clip,
        clip_bytes=size,
        measures={name: value for name, value in row.quality.items() if isinstance(value, (int, float, str))},
        cached=True,
    )


def is_settled(line: SpokenLine, takes: Sequence[Take]) -> bool:
    """Whether nothing more needs to be spoken: a take is right, or chosen, or an engine gave up, or all are drawn."""
    final = any(take.status == "ok" or take.penalty < 0 or not take.clip for take in takes)
    return final or len(takes) >= line.utterance.max_attempts


def next_attempt(takes: Sequence[Take]) -> int:
    """The first attempt that was not drawn yet."""
    drawn = {take.attempt for take in takes}
    return next(attempt for attempt in count(1) if attempt not in drawn)


def row_of(line: SpokenLine, takes: Sequence[Take]) -> IndexRow:
    """The row of a line: what its best take is like."""
    u = line.utterance
    take = min(takes, key=lambda take: (not take.clip, take.penalty))
    return IndexRow(
        id=u.id,
        text=u.text,
        spoken_text=u.shown_text,
        voice=u.voice,
        model=u.model,
        status=take.status,  # type: ignore[arg-type]
        reason=take.reason,
        key=take.key if take.clip else "",
        clip=take.clip,
        audio_seconds=take.audio_seconds if take.clip else None,
        seed=take.seed,
        attempts=max(take.attempt for take in takes),
        clip_bytes=take.clip_bytes,
        cached=take.cached,
        quality=take.measures,
        columns=u.columns,
    )
