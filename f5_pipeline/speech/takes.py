"""Takes: the attempts at a line. Which are in the store, which is the best, and whether another is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

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


def recall(lines: Sequence[SpokenLine], clips: ClipStore, known: Mapping[str, IndexRow]) -> dict[str, Take]:
    """All takes that are in the store already, by key."""
    chosen = {line.keys[0]: _chosen(line, known) for line in lines}
    likely = {line.keys[0]: line.keys if (pick := chosen[line.keys[0]]) is None else (pick,) for line in lines}
    wanted = {key for keys in likely.values() for key in keys}
    sizes = {key: size for key in wanted if key in known and (size := known[key].clip_bytes) is not None}
    found = clips.existing(wanted, sizes)
    # A chosen take that has gone: the others may still be there.
    lost = {key for line in lines if (pick := chosen[line.keys[0]]) and pick not in found for key in line.keys}
    found |= clips.existing(lost - wanted, sizes)
    picked = set(chosen.values())
    takes = {key: _take_of_row(known[key], info.size) for key, info in found.items() if key in picked}
    unread = [key for key in found if key not in picked]
    with ThreadPoolExecutor(_READERS) as readers:
        read = readers.map(lambda key: _read_take(clips, key, found[key].size), unread)
        return takes | {take.key: take for take in read if take is not None}


def _chosen(line: SpokenLine, known: Mapping[str, IndexRow]) -> str | None:
    """The take that the last run settled on, unless it was suspect and more takes are allowed now."""
    for key in line.keys:
        if (row := known.get(key)) and (row.status == "ok" or row.attempts >= len(line.keys)):
            return key
    return None


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


def takes_of(line: SpokenLine, takes: Mapping[str, Take]) -> Iterator[Take]:
    return (takes[key] for key in line.keys if key in takes)


def is_settled(line: SpokenLine, takes: Mapping[str, Take]) -> bool:
    """Whether nothing more needs to be spoken: a take is right, or chosen, or an engine gave up, or all are drawn."""
    done = list(takes_of(line, takes))
    final = any(take.status == "ok" or take.penalty < 0 or not take.clip for take in done)
    return final or len(done) == len(line.keys)


def next_attempt(line: SpokenLine, takes: Mapping[str, Take]) -> int:
    return next(n for n, key in enumerate(line.keys, start=1) if key not in takes)


def row_of(line: SpokenLine, takes: Sequence[Take]) -> IndexRow:
    """The row of a line: what its best take is like."""
    u = line.utterance
    take = min(takes, key=lambda take: (not take.clip, take.penalty))
    return IndexRow(
        id=u.id,
        text=u.text,
        spoken_text=u.spoken_text,
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
