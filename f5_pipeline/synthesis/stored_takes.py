"""Recalling takes: which attempts at the lines of a batch are in the store already, and what they are like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.results.clips import ClipInfo, ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.takes import Draft, Takes, take_of_row
from f5_pipeline.synthesis.transcriber import Listener

_READERS = 16  # small requests at once


def settled_before(
    lines: Sequence[SynthesisRequest], clips: ClipStore, known: Mapping[str, IndexRow], listener: Listener
) -> Takes:
    """The takes that the last run settled on. Their clips are not read again, only looked for."""
    chosen = {line.key: row for line in lines if (row := _chosen(line, known)) and listener.knows(line, row)}
    sizes = {row.key: row.clip_bytes for row in chosen.values() if row.clip_bytes is not None}
    there = clips.existing({row.key for row in chosen.values()}, sizes)
    return {key: [take_of_row(row, there[row.key].size)] for key, row in chosen.items() if row.key in there}


def stored_takes(lines: Sequence[SynthesisRequest], clips: ClipStore, listener: Listener) -> list[Draft]:
    """All takes of the lines that are in the store, each read for what it says of itself."""
    owners = {key: line for line in lines for key in line.keys}
    found = clips.existing(owners)
    with ThreadPoolExecutor(_READERS) as readers:
        drafts = readers.map(
            lambda key: _draft(owners[key], _info(clips, key, found[key].size), clips, listener), found
        )
        return [draft for draft in drafts if draft is not None]


def _chosen(line: SynthesisRequest, known: Mapping[str, IndexRow]) -> IndexRow | None:
    """What the last run settled on, unless it was suspect and more takes are allowed now."""
    if not known:
        return None
    row = known.get(line.key) or next((known[key] for key in line.keys if key in known), None)
    final = row is not None and (row.status == "ok" or row.attempts >= line.utterance.max_attempts)
    return row if final else None


def _draft(line: SynthesisRequest, info: ClipInfo | None, clips: ClipStore, listener: Listener) -> Draft | None:
    """A stored take; None, so that it is spoken again, if it is damaged, gone, or not of our making."""
    if info is None:
        return None
    if not all(isinstance(info.facts.get(name), int) for name in ("seed", "attempt")):
        clips.discard(info.key)  # whole, so that it would not be replaced
        return None
    pieces = pieces_of(info, clips)
    return Draft(line, info, pieces, listener.listen(line, info, pieces), cached=True)


def pieces_of(info: ClipInfo, clips: ClipStore) -> tuple[ClipInfo | None, ...]:
    """The pieces that a clip says it is joined of; None for one that is gone. Empty for a clip that is not joined."""
    return tuple(_info(clips, key) for key in piece_keys(info))


def piece_keys(info: ClipInfo) -> list[str]:
    return str(info.facts.get("pieces", "")).split()


def _info(clips: ClipStore, key: str, size: int | None = None) -> ClipInfo | None:
    try:
        return clips.facts(key, size)
    except (ClipDamaged, ObjectMissing):
        return None
