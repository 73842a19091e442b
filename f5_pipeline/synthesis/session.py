"""Speaking what is missing: of the lines of a batch, those whose clips are not in the store yet, and only those.

A line may be drawn several times, with derived seeds, until one take sounds right; each take is a clip of its own, so
a second run finds them all. What a run did is a ``Generation``; nothing here knows a manifest, a store's layout or
Dagster, and no engine is loaded when nothing is to be said: clips are joined of pieces without one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache, partial
from threading import Lock
from typing import Protocol

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.protocol import SpeechEngine, Spoken
from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.quality import signal
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results import segments
from f5_pipeline.results.clips import ClipInfo, ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.storage.parallel import in_parallel
from f5_pipeline.synthesis.assembly import Sound, Work, sound_of_line, sound_of_piece
from f5_pipeline.synthesis.request import Piece, SynthesisRequest
from f5_pipeline.synthesis.stored_takes import piece_keys, pieces_of, stored_takes
from f5_pipeline.synthesis.takes import Draft, Take, Takes, is_settled, next_attempt, row_of
from f5_pipeline.synthesis.transcriber import Listener, Nobody

_SAVERS = 16  # threads that measure, encode and store clips while the model goes on; most of them wait for a bucket
_UNSAVED = 64  # spoken pieces that wait to be stored: where the store is the slower one, the model waits for it
_LONG_SECONDS = 60.0  # clips longer than this are joined one at a time: each is in memory as a whole, several times


class Progress(Protocol):
    """Who wants to know how a long run is getting on. Times are seconds of audio."""

    def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None:
        """Of so many lines, so many different clips are missing; they will be about ``audio_seconds`` long.

        Another ``waiting`` were spoken before and are still to be judged: what is wrong with one calls for a new take.
        """

    def advance(self, audio_seconds: float) -> None:
        """One more take has been spoken and stored."""


class Silent:
    """Nobody wants to know."""

    def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None: ...

    def advance(self, audio_seconds: float) -> None: ...


@dataclass(frozen=True)
class Generation:
    """What a run did. ``rows`` has one row for each utterance given, in their order."""

    rows: tuple[IndexRow, ...]
    clips_spoken: int  # in this run; not those that were only joined of stored pieces
    audio_seconds_spoken: float


_Finished = tuple[SynthesisRequest, Draft | Take]
EngineFor = Callable[[ReadyModel], SpeechEngine]


def generate(
    lines: Sequence[SynthesisRequest],
    clips: ClipStore,
    settled: Takes,
    engine_for: EngineFor,
    progress: Progress | None = None,
    judge: Judge | None = None,
    listener: Listener | None = None,
) -> Generation:
    """Have a clip for each line: find it, or speak and store it at once, so that a crash loses only what was in hand.

    Args:
        lines: what to say; lines with the same key are spoken once.
        settled: what the last run settled on (``recall.settled_before``), judged as ``judge`` would: is not looked
            for, nor read.
        engine_for: loads the engine of a model; called only for models that have something to say.
        judge: which takes are right.
        listener: who says which words are in them.
    """
    listener, progress = listener or Nobody(), progress or Silent()
    by_key = {line.key: line for line in lines}
    takes = dict(settled)
    session = _Session(clips, takes, progress, judge or Judge(), listener)
    session.recall([line for key, line in by_key.items() if key not in takes])
    missing = [line for line in by_key.values() if session.wants(line)]
    waiting = sum(session.waits_for([line]) for line in by_key.values())
    progress.begin(len(lines), len(missing), sum(line.expected_seconds for line in missing), waiting)
    for model in {id(line.model): line.model for line in by_key.values()}.values():
        mine = [line for line in by_key.values() if line.model is model]
        engine = cache(partial(engine_for, model))  # loaded when there is something to say, and once
        # What was heard meanwhile may call for another take; while clips are still listened to, others are spoken.
        while (pending := [line for line in mine if session.wants(line)]) or session.waits_for(mine):
            if pending:
                session.speak(engine, pending)
            else:
                session.listen_on()
    rows = tuple(row_of(line, takes[line.key]) for line in lines)
    return Generation(rows, session.clips_spoken, session.audio_seconds)


class _Session:
    """One run's way from pieces to stored clips."""

    def __init__(self, clips: ClipStore, takes: Takes, progress: Progress, judge: Judge, listener: Listener) -> None:
        self._clips, self._takes, self._progress = clips, takes, progress
        self._judge, self._listener = judge, listener
        self._drafts: dict[str, list[Draft]] = {}  # takes whose words are not known yet, by the line's key
        self._joining_long = Lock()
        self.clips_spoken, self.audio_seconds = 0, 0.0

    def recall(self, lines: Sequence[SynthesisRequest]) -> None:
        """Find the takes that are in the store."""
        for draft in stored_takes(lines, self._clips, self._listener):
            self._add(draft.line, draft)

    def wants(self, line: SynthesisRequest) -> bool:
        """Whether a line needs another take, as far as is known."""
        self._judge_heard(line)
        return line.key not in self._drafts and not is_settled(line, self._takes.get(line.key, ()))

    def waits_for(self, lines: Sequence[SynthesisRequest]) -> bool:
        """Whether takes of these lines are still being listened to."""
        return any(line.key in self._drafts for line in lines)

    def listen_on(self) -> None:
        """Wait until all takes are judged that are stored."""
        for drafts in list(self._drafts.values()):
            for draft in drafts:
                draft.wait()

    def speak(self, engine: Callable[[], SpeechEngine], lines: Sequence[SynthesisRequest]) -> None:
        """Draw the next take of each line."""
        work = [self._next_take(line) for line in lines]
        asked = self._missing_pieces(work)
        with ThreadPoolExecutor(_SAVERS, "save") as savers:
            joining = [savers.submit(self._finish_stored, one) for one in work if one.complete]
            saving: deque[Future[list[_Finished]]] = deque()
            chunks = [one.pieces[position].chunk for (one, position), *_ in asked]
            for spoken in engine().speak(chunks) if chunks else ():
                saving.append(savers.submit(self._receive, asked[spoken.index], spoken))
                while saving and (saving[0].done() or len(saving) > _UNSAVED):
                    self._collect(saving.popleft())
            for future in saving:
                self._collect(future)
            for future in joining:
                self._note(future.result())

    def _add(self, line: SynthesisRequest, take: Draft | Take) -> None:
        if isinstance(take, Take):
            self._takes.setdefault(line.key, []).append(take)
        else:
            self._drafts.setdefault(line.key, []).append(take)

    def _judge_heard(self, line: SynthesisRequest) -> None:
        drafts = self._drafts.get(line.key, ())
        if drafts and all(draft.ready for draft in drafts):
            for draft in self._drafts.pop(line.key):
                self._takes.setdefault(line.key, []).append(draft.take(self._judge))

    def _next_take(self, line: SynthesisRequest) -> Work:
        """The next take of a line. Of one in pieces, those that were right in the last take stay."""
        takes = self._takes.get(line.key, ())
        attempt = next_attempt(takes)
        kept = self._right_pieces(line, max(takes, key=lambda take: take.attempt)) if takes else {}
        return Work(line, attempt, [kept.get(at, piece) for at, piece in enumerate(line.pieces(attempt))])

    def _right_pieces(self, line: SynthesisRequest, take: Take) -> dict[int, Piece]:
        """Those of a take's pieces that came out right, by position. None if all did: then it is not one's fault."""
        if all(take.right_pieces):
            return {}
        keys = str(take.measures.get("pieces", "")).split()
        drawn = {piece.key: piece for attempt in range(1, take.attempt + 1) for piece in line.pieces(attempt)}
        right = zip(keys, take.right_pieces, strict=True)
        return {at: drawn[key] for at, (key, is_right) in enumerate(right) if is_right and key in drawn}

    def _missing_pieces(self, work: Sequence[Work]) -> list[list[tuple[Work, int]]]:
        """What is to be said: for each piece that is not in the store, the takes that wait for it, and as what."""
        stored = self._whole({piece.key for one in work if one.in_pieces for piece in one.pieces})
        owners: dict[str, list[tuple[Work, int]]] = {}
        for one in work:
            for position, piece in enumerate(one.pieces):
                if one.in_pieces and piece.key in stored:
                    one.put(position)
                else:
                    owners.setdefault(piece.key, []).append((one, position))
        return list(owners.values())

    def _whole(self, keys: set[str]) -> set[str]:
        """Those of the clips that are in the store and whole; what is damaged is removed, to be spoken again."""

        def is_whole(key: str) -> bool:
            try:
                return bool(self._clips.load(key))
            except ObjectMissing:
                return False
            except ClipDamaged:
                self._clips.discard(key)
                return False

        found = list(self._clips.existing(keys))
        return {key for key, whole in zip(found, in_parallel(is_whole, found), strict=True) if whole}

    def _finish_stored(self, work: Work) -> list[_Finished]:
        return [(work.line, self._finish(work))]

    def _collect(self, future: Future[list[_Finished]]) -> None:
        """Note spoken takes as soon as they are finished."""
        for _, take in future.result():
            self.clips_spoken += bool(take.clip)
            self.audio_seconds += take.audio_seconds
        self._note(future.result())

    def _note(self, finished: Sequence[_Finished]) -> None:
        for line, take in finished:
            self._add(line, take)
            self._progress.advance(take.audio_seconds)

    def _receive(self, owners: Sequence[tuple[Work, int]], spoken: Spoken) -> list[_Finished]:
        """Hand a spoken piece to the lines that wait for it; the takes that are complete with it."""
        samples, error = spoken.samples, spoken.error
        if samples is not None and not np.isfinite(samples).all():
            samples, error = None, "the model gave no finite sound"
        finished = []
        for one, position in owners:
            if one.in_pieces and samples is not None:
                # In the store, not in memory: a text may be hours long, and a crash loses one piece of it.
                self._store(sound_of_piece(one.pieces[position], samples), one, one.pieces[position])
            if one.put(position, samples, error):
                finished.append((one.line, self._finish(one)))
        return finished

    def _finish(self, work: Work) -> Draft | Take:
        if work.error:
            return Take(work.key, work.attempt, "failed", work.error, 2_000.0, work.seed)
        if not work.in_pieces:
            info = self._store(sound_of_line(work, work.sounds), work, work.pieces[0])
            return Draft(work.line, info, (), self._listener.listen(work.line, info, ()), cached=False)
        with self._joining_long if work.line.expected_seconds > _LONG_SECONDS else nullcontext():
            ours, sound = self._joined(work)
            info = self._store(sound, work)
        # Another run may have been faster with this take, and have kept other pieces of the last one.
        same = piece_keys(info) == [piece.key for piece in ours]
        pieces = ours if same else pieces_of(info, self._clips)
        return Draft(work.line, info, pieces, self._listener.listen(work.line, info, pieces), cached=False)

    def _joined(self, work: Work) -> tuple[tuple[ClipInfo, ...], Sound]:
        """The pieces of a line, and the clip that they make."""
        clips = [self._clips.load(piece.key) for piece in work.pieces]
        return tuple(clip.info for clip in clips), sound_of_line(work, [clip.samples for clip in clips])

    def _store(self, sound: Sound, work: Work, piece: Piece | None = None) -> ClipInfo:
        """Measure and store a clip, with all that an index needs to know of it; one that was spoken is listened to."""
        measures = signal.measure(sound.said, SAMPLE_RATE, sound.expected_seconds, sound.text)
        facts: dict[str, float | int | str] = {"seed": sound.seed, "attempt": sound.attempt}
        if piece is None:
            facts["pieces"] = " ".join(piece.key for piece in work.pieces)
            facts[segments.FACT] = segments.to_fact(sound.segments)
        info = self._clips.save(sound.key, sound.samples, facts | signal.columns(measures))
        if piece is not None:
            self._listener.begin(piece, info, sound.samples)
        return info
