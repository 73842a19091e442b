"""Synthesis session: speaks the missing clips of a job in this process.

A line may be spoken several times, with derived seeds, until one take is ok. Each take is a clip of its own, stored as
soon as it is spoken: a crash loses only the takes in progress, and a second run finds all others. An engine is loaded
only if something has to be spoken: clips are joined from stored chunks without one.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from functools import cache, partial
from threading import Lock

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.protocol import Chunk, SpeechEngine, SpokenChunk, placement_of
from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.quality import signal
from f5_pipeline.results.clips import ClipInfo, ClipStore
from f5_pipeline.storage.parallel import Threads, in_parallel
from f5_pipeline.synthesis.assembly import TakeAssembly, Waveform, chunk_waveform
from f5_pipeline.synthesis.executor import Progress, SynthesisJob, SynthesisResult
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.stored_takes import chunks_of, find_stored_takes, pending_take
from f5_pipeline.synthesis.takes import (
    PendingTake,
    Take,
    Takes,
    allowed,
    failed_take,
    is_settled,
    missing_takes,
    next_attempt,
    row_of,
)

SAVERS = 16  # threads that measure, encode and store clips while the model goes on; most of them wait for a bucket
MAX_UNSAVED = 64  # spoken chunks that wait to be stored; with more of them the model waits for the store
_LONG_SECONDS = 60.0  # longer clips are joined one at a time: each is in memory several times

_FinishedTake = tuple[SynthesisRequest, PendingTake | Take]


def run_in_process(
    job: SynthesisJob, progress: Progress, *, savers: int = SAVERS, max_unsaved: int = MAX_UNSAVED
) -> SynthesisResult:
    """Find or speak a clip for each request of a job. Requests with the same key are spoken once."""
    return _Session(job, progress, savers, max_unsaved).run()


class _Session:
    """One run of a job."""

    def __init__(self, job: SynthesisJob, progress: Progress, savers: int, max_unsaved: int) -> None:
        self._job, self._progress = job, progress
        self._savers, self._max_unsaved = savers, max_unsaved
        self._clips = ClipStore(job.store)
        self._takes: Takes = {key: list(takes) for key, takes in job.reused.items()}
        self._pending: dict[str, list[PendingTake]] = {}  # takes without a verdict, by the key of their request
        self._joining_long = Lock()
        self._clips_spoken, self._audio_seconds, self._load_seconds = 0, 0.0, 0.0
        self._placements: dict[str, None] = {}  # where the engines spoke

    def run(self) -> SynthesisResult:
        requests = list({request.identity: request for request in self._job.requests}.values())
        self._find_stored(requests)
        self._announce(requests)
        for model in {id(request.model): request.model for request in requests}.values():
            self._complete(model, [request for request in requests if request.model is model])
        return SynthesisResult(
            rows=tuple(row_of(request, self._takes[request.identity]) for request in self._job.requests),
            clips_spoken=self._clips_spoken,
            audio_seconds_spoken=self._audio_seconds,
            load_seconds=self._load_seconds,
            not_transcribed=next(iter(self._job.transcriber.failures), ""),
            not_measured=next(iter(self._job.checker.failures), ""),
            device="; ".join(filter(None, self._placements)),
        )

    def _find_stored(self, requests: Sequence[SynthesisRequest]) -> None:
        job = self._job
        unknown = [request for request in requests if request.identity not in self._takes]
        for take in find_stored_takes(unknown, self._clips, job.transcriber, job.checker, job.lease):
            self._add(take.request, take)

    def _announce(self, requests: Sequence[SynthesisRequest]) -> None:
        missing = {
            request.identity: missing_takes(request, self._takes.get(request.identity, ()))
            for request in requests
            if self._needs_take(request)
        }
        waiting = sum(request.identity in self._pending for request in requests)
        seconds = sum(request.expected_seconds * missing.get(request.identity, 0) for request in requests)
        self._progress.begin(len(self._job.requests), sum(missing.values()), seconds, waiting)

    def _complete(self, model: ReadyModel, requests: Sequence[SynthesisRequest]) -> None:
        """Speak takes until every request of a model is settled.

        A verdict may call for another take; while clips wait for their transcripts, others are spoken.
        """
        engine = cache(partial(self._load, model))
        while True:
            if missing := [request for request in requests if self._needs_take(request)]:
                self._speak(engine, missing)
            elif any(request.identity in self._pending for request in requests):
                self._wait_for_verdicts()
            else:
                return

    def _load(self, model: ReadyModel) -> SpeechEngine:
        started = time.monotonic()
        engine = self._job.load_engine(model)
        self._load_seconds += time.monotonic() - started
        return engine

    # --- takes ------------------------------------------------------------------------------------------------

    def _add(self, request: SynthesisRequest, take: PendingTake | Take) -> None:
        if isinstance(take, Take):
            self._takes.setdefault(request.identity, []).append(take)
        else:
            self._pending.setdefault(request.identity, []).append(take)

    def _needs_take(self, request: SynthesisRequest) -> bool:
        """True if a request needs another take, as far as verdicts are known."""
        self._finish_pending(request)
        return request.identity not in self._pending and not is_settled(request, self._takes.get(request.identity, ()))

    def _finish_pending(self, request: SynthesisRequest) -> None:
        pending = self._pending.get(request.identity, ())
        if pending and all(take.is_ready for take in pending):
            for take in self._pending.pop(request.identity):
                self._add(request, take.finish(self._job.judge))

    def _wait_for_verdicts(self) -> None:
        for takes in list(self._pending.values()):
            for take in takes:
                take.wait()

    def _next_take(self, request: SynthesisRequest) -> TakeAssembly:
        """The next take of a request. It keeps the chunks that were good in the last take."""
        takes = allowed(request, self._takes.get(request.identity, ()))
        attempt = next_attempt(request, takes)
        kept = self._good_chunks(request, max(takes, key=lambda take: take.attempt)) if takes else {}
        chunks = [kept.get(position, chunk) for position, chunk in enumerate(request.chunks(attempt))]
        return TakeAssembly(request, attempt, chunks)

    def _good_chunks(self, request: SynthesisRequest, take: Take) -> Mapping[int, Chunk]:
        """The good chunks of a take, by position. Empty if all are good: then the fault is not in a single chunk."""
        if all(take.good_chunks):
            return {}
        known = {chunk.key: chunk for attempt in range(1, take.attempt + 1) for chunk in request.chunks(attempt)}
        chunks = enumerate(zip(take.chunk_keys, take.good_chunks, strict=True))
        return {position: known[key] for position, (key, good) in chunks if good and key in known}

    # --- speaking ---------------------------------------------------------------------------------------------

    def _speak(self, engine: Callable[[], SpeechEngine], requests: Sequence[SynthesisRequest]) -> None:
        """Speak the next take of each request."""
        takes = [self._next_take(request) for request in requests]
        self._extend_lease(takes)
        waiting = self._missing_chunks(takes)
        with Threads(self._savers, "save", cancel=False) as savers:  # a spoken chunk is stored even after an error
            joining = [savers.submit(self._finish, take) for take in takes if take.is_complete]
            saving: deque[Future[list[_FinishedTake]]] = deque()
            chunks = [take.chunks[position] for (take, position), *_ in waiting]
            for result in engine().speak(chunks) if chunks else ():
                saving.append(savers.submit(self._receive, waiting[result.index], result))
                while saving and (saving[0].done() or len(saving) > self._max_unsaved):
                    self._note_spoken(saving.popleft().result())
            if chunks:  # asked only now: the model may have moved to the CPU meanwhile
                self._placements[placement_of(engine())] = None
            for future in saving:
                self._note_spoken(future.result())
            for joined in joining:
                self._note([joined.result()])

    def _extend_lease(self, takes: Sequence[TakeAssembly]) -> None:
        """Protect the clips of later takes: the lease of the batch names those of first takes."""
        later = (take for take in takes if take.attempt > 1)
        self._job.lease.extend(key for take in later for key in take.request.clip_keys(take.attempt))

    def _missing_chunks(self, takes: Sequence[TakeAssembly]) -> list[list[tuple[TakeAssembly, int]]]:
        """For each chunk to speak, because it is not in the store: the takes that wait for it, with its position."""
        stored = self._undamaged({chunk.key for take in takes if take.is_joined for chunk in take.chunks})
        waiting: dict[str, list[tuple[TakeAssembly, int]]] = {}
        for take in takes:
            for position, chunk in enumerate(take.chunks):
                if take.is_joined and chunk.key in stored:
                    take.put(position)
                else:
                    waiting.setdefault(chunk.key, []).append((take, position))
        return list(waiting.values())

    def _undamaged(self, keys: set[str]) -> set[str]:
        """The keys whose clips are in the store, undamaged. A damaged clip is deleted, so that it is spoken again."""

        def is_undamaged(key: str) -> bool:
            try:
                return bool(self._clips.load(key))
            except ObjectMissing:
                return False
            except ClipDamaged:
                self._clips.discard(key)
                return False

        found = list(self._clips.existing(keys))
        return {key for key, undamaged in zip(found, in_parallel(is_undamaged, found), strict=True) if undamaged}

    def _receive(self, waiting: Sequence[tuple[TakeAssembly, int]], result: SpokenChunk) -> list[_FinishedTake]:
        """Hand a spoken chunk to the takes that wait for it; returns those that are complete with it."""
        samples, error = result.samples, result.error
        if samples is not None and not np.isfinite(samples).all():
            samples, error = None, "the model returned samples that are not finite"
        finished = []
        for take, position in waiting:
            chunk = take.chunks[position]
            if take.is_joined and samples is not None:
                # Into the store, not into memory: a text may be hours long, and a crash loses one chunk of it.
                self._store_spoken(chunk_waveform(chunk, samples), chunk)
            if take.put(position, samples, error):
                finished.append(self._finish(take))
        return finished

    def _note_spoken(self, finished: Sequence[_FinishedTake]) -> None:
        for _, take in finished:
            self._clips_spoken += isinstance(take, PendingTake)
            self._audio_seconds += take.audio_seconds
        self._note(finished)

    def _note(self, finished: Sequence[_FinishedTake]) -> None:
        for request, take in finished:
            self._add(request, take)
            self._progress.advance(take.audio_seconds)

    # --- storing ----------------------------------------------------------------------------------------------

    def _finish(self, take: TakeAssembly) -> _FinishedTake:
        """Store the clip of a complete take."""
        request, checks = take.request, (self._job.transcriber, self._job.checker)
        if take.error:
            return request, failed_take(request, take.attempt, take.error)
        if not take.is_joined:
            assert take.samples is not None
            info = self._store_spoken(take.waveform([take.samples]), take.chunks[0])
            return request, pending_take(request, info, (), *checks, "spoken")
        with self._joining_long if request.expected_seconds > _LONG_SECONDS else nullcontext():
            clips = [self._clips.load(chunk.key) for chunk in take.chunks]
            info = self._store(take.waveform([clip.samples for clip in clips]))
        ours = tuple(clip.info for clip in clips)
        # Another run may have stored this take first, and may have kept other chunks of the last one.
        same = info.chunk_keys == tuple(chunk.key for chunk in ours)
        parts = ours if same else chunks_of(info, self._clips)
        return request, pending_take(request, info, parts, *checks, "spoken")

    def _store_spoken(self, waveform: Waveform, chunk: Chunk) -> ClipInfo:
        """Store a clip that the model has just spoken, and start to transcribe and to measure it."""
        info = self._store(waveform)
        self._job.transcriber.start(chunk, waveform.samples)
        self._job.checker.start(chunk, waveform.samples)
        return info

    def _store(self, waveform: Waveform) -> ClipInfo:
        """Measure and store a clip, with all facts that an index needs."""
        measures = signal.measure(waveform.speech, SAMPLE_RATE, waveform.expected_seconds, waveform.text)
        facts = {"seed": waveform.seed, "attempt": waveform.attempt, **signal.columns(measures)}
        return self._clips.save(waveform.key, waveform.samples, facts, waveform.chunk_keys, waveform.chunk_spans)
