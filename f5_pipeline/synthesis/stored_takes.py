"""Stored takes: which attempts at the lines of a batch are in the clip store already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.results.clips import ClipInfo, ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.leases import Lease
from f5_pipeline.storage.object_store import ObjectInfo
from f5_pipeline.storage.parallel import Threads
from f5_pipeline.synthesis.neural_checks import NeuralChecker
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.takes import Origin, PendingTake, Takes, is_decided_alike, take_of_row
from f5_pipeline.synthesis.transcriber import Transcriber

_READERS = 16  # parallel requests for the heads of clips


def reuse_indexed_takes(
    requests: Sequence[SynthesisRequest],
    clips: ClipStore,
    rows: Mapping[str, IndexRow],
    transcriber: Transcriber,
    checker: NeuralChecker | None = None,
) -> tuple[Takes, Mapping[str, str]]:
    """The takes that the last run chose. Their clips are looked up; one that has changed since is read and verified.

    Args:
        rows: of the last run's index, by clip key (``index.rows_by_key``).

    Returns:
        The takes, and the clips that are damaged, with the reasons. Damaged clips are deleted, so that they are spoken
        again.
    """
    chosen = {
        request.identity: row
        for request in requests
        if (row := _chosen_row(request, rows))
        and transcriber.is_done(request.utterance.language, row)
        and (checker is None or checker.is_done(row))
    }
    sizes = {row.key: row.clip_bytes for row in chosen.values() if row.clip_bytes is not None}
    existing = clips.existing({row.key for row in chosen.values()}, sizes)
    etags = {row.key: row.clip_etag for row in chosen.values() if row.clip_etag}
    damaged = clips.damaged(key for key, etag in etags.items() if key in existing and existing[key].etag != etag)
    for key in damaged:
        clips.discard(key)
    intact = existing.keys() - damaged.keys()
    takes = {key: [take_of_row(row, existing[row.key])] for key, row in chosen.items() if row.key in intact}
    return takes, damaged


def find_stored_takes(
    requests: Sequence[SynthesisRequest],
    clips: ClipStore,
    transcriber: Transcriber,
    checker: NeuralChecker,
    lease: Lease,
) -> list[PendingTake]:
    """All takes of the requests that are in the store, each with the facts of its clip; also those that a listener
    left behind.

    ``lease`` names the clips of first takes; it is extended by those of later takes.
    """
    owners: dict[str, list[SynthesisRequest]] = {}  # more than one if a listener decided on one of two equal lines
    for request in requests:
        for key in request.known_keys:
            owners.setdefault(key, []).append(request)
    found = clips.existing(owners)
    lease.extend(key for key in found if any(key != request.key for request in owners[key]))
    with Threads(_READERS) as readers:
        infos = dict(zip(found, readers.map(lambda key: _info(clips, key, found[key]), found), strict=True))
        pairs = [(request, infos[key]) for key in found for request in owners[key]]
        takes = readers.map(lambda pair: _stored_take(pair[0], pair[1], clips, transcriber, checker), pairs)
        stored = [take for take in takes if take is not None]
    later = (take for take in stored if take.info.key != take.request.key)
    lease.extend(key for take in later for key in take.info.chunk_keys)
    return stored


def pending_take(
    request: SynthesisRequest,
    info: ClipInfo,
    chunks: tuple[ClipInfo | None, ...],
    transcriber: Transcriber,
    checker: NeuralChecker,
    origin: Origin,
) -> PendingTake:
    """A stored clip as a take, with its transcripts and neural measures requested.

    Args:
        chunks: the clips that it is joined from; empty if it is not joined.
    """
    planned = request.chunks() if transcriber.recogniser or checker.networks else ()
    word_checks = transcriber.check(planned, info, chunks, request.lead_seconds)
    return PendingTake(request, info, chunks, word_checks, checker.check(planned, info, chunks), origin)


def chunks_of(info: ClipInfo, clips: ClipStore) -> tuple[ClipInfo | None, ...]:
    """The clips that a clip is joined from; None for a missing one."""
    return tuple(_info(clips, key) for key in info.chunk_keys)


def _chosen_row(request: SynthesisRequest, rows: Mapping[str, IndexRow]) -> IndexRow | None:
    """The row of the last run, unless it was suspect and further takes are allowed now, or it has fewer takes than are
    wanted now, or it was too long for its time, or a listener has decided on it since."""
    if not rows:
        return None
    row = rows.get(request.key) or next((rows[key] for key in request.take_keys if key in rows), None)
    if row is None or "overrun_seconds" in row.quality or not is_decided_alike(request, row):
        return None
    taken = row.attempts - request.first_attempt + 1
    enough = request.least_takes if row.status == "ok" else len(request.attempts)
    return row if taken >= enough else None


def _stored_take(
    request: SynthesisRequest,
    info: ClipInfo | None,
    clips: ClipStore,
    transcriber: Transcriber,
    checker: NeuralChecker,
) -> PendingTake | None:
    """A stored take; None, so that it is spoken again, if it is damaged, missing, or not ours."""
    if info is None:
        return None
    if not all(isinstance(info.facts.get(name), int) for name in ("seed", "attempt")):
        clips.discard(info.key)  # it is undamaged, so it would not be replaced
        return None
    return pending_take(request, info, chunks_of(info, clips), transcriber, checker, "stored")


def _info(clips: ClipStore, key: str, stored: ObjectInfo | None = None) -> ClipInfo | None:
    try:
        return clips.facts(key, stored.size, stored.etag) if stored else clips.facts(key)
    except (ClipDamaged, ObjectMissing):
        return None
