"""Speaking what is missing: of the lines of a batch, those whose clips are not in the store yet, and only those.

A line may be drawn several times, with derived seeds, until one take sounds right; each take is a clip of its own, so
a second run finds them all. What a run did is a ``Generation``; nothing here knows a manifest, a store's layout or
Dagster, and no engine is loaded when nothing is to be said: clips are joined of pieces without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import Protocol

import numpy as np

from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.results.clips import ClipInfo, ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.speech import quality
from f5_pipeline.speech.engine import SAMPLE_RATE, SpeechEngine, Spoken
from f5_pipeline.speech.lines import Piece, ReadyModel, SpokenLine
from f5_pipeline.speech.quality import Verdict
from f5_pipeline.speech.takes import Take, Takes, is_settled, next_attempt, recall, row_of, take_of
from f5_pipeline.speech.work import Sound, Work, judged_together, sound_of_line, sound_of_piece, verdict_of
from f5_pipeline.storage.many import in_parallel

_SAVERS = 4  # threads that measure, encode and store clips while the model goes on


class Progress(Protocol):
    """Who wants to know how a long run is getting on. Times are seconds of audio."""

    def begin(self, lines: int, missing: int, audio_seconds: float) -> None:
        """Of so many lines, so many different clips are missing; they will be about ``audio_seconds`` long."""

    def advance(self, audio_seconds: float) -> None:
        """One more take has been spoken and stored."""


class Silent:
    """Nobody wants to know."""

    def begin(self, lines: int, missing: int, audio_seconds: float) -> None: ...

    def advance(self, audio_seconds: float) -> None: ...


@dataclass(frozen=True)
class Generation:
    """What a run did. ``rows`` has one row for each utterance given, in their order."""

    rows: tuple[IndexRow, ...]
    clips_spoken: int  # in this run; not those that were only joined of stored pieces
    audio_seconds_spoken: float


_Finished = tuple[SpokenLine, Take]
EngineFor = Callable[[ReadyModel], SpeechEngine]


def generate(
    lines: Sequence[SpokenLine],
    clips: ClipStore,
    known: Mapping[str, IndexRow],
    engine_for: EngineFor,
    progress: Progress | None = None,
) -> Generation:
    """Have a clip for each line: find it, or speak and store it at once, so that a crash loses only what was in hand.

    Args:
        lines: what to say; lines with the same key are spoken once.
        known: rows of the last run by clip key: saves reading clips that are known to be whole.
        engine_for: loads the engine of a model; called only for models that have something to say.
    """
    takes = recall(lines, clips, known)
    progress = progress or Silent()
    session = _Session(clips, takes, progress)
    missing = {line.key: line for line in lines if not is_settled(line, takes.get(line.key, ()))}
    progress.begin(len(lines), len(missing), sum(line.expected_seconds for line in missing.values()))
    for model in {id(line.model): line.model for line in missing.values()}.values():
        pending = [line for line in missing.values() if line.model is model]
        engine = cache(partial(engine_for, model))  # loaded when there is something to say, and once
        while pending:
            session.speak(engine, pending)
            pending = [line for line in pending if not is_settled(line, takes[line.key])]
    rows = tuple(row_of(line, takes[line.key]) for line in lines)
    return Generation(rows, session.clips_spoken, session.audio_seconds)


class _Session:
    """One run's way from pieces to stored clips."""

    def __init__(self, clips: ClipStore, takes: Takes, progress: Progress) -> None:
        self._clips, self._takes, self._progress = clips, takes, progress
        self.clips_spoken, self.audio_seconds = 0, 0.0

    def speak(self, engine: Callable[[], SpeechEngine], lines: Sequence[SpokenLine]) -> None:
        """Draw the next take of each line."""
        work = [self._next_take(line) for line in lines]
        asked = self._missing_pieces(work)
        with ThreadPoolExecutor(_SAVERS, "save") as savers:
            joining = [savers.submit(self._finish_stored, one) for one in work if one.complete]
            saving: list[Future[list[_Finished]]] = []
            chunks = [one.pieces[position].chunk for (one, position), *_ in asked]
            for spoken in engine().speak(chunks) if chunks else ():
                saving.append(savers.submit(self._receive, asked[spoken.index], spoken))
                saving = [future for future in saving if not self._collect(future)]
            for future in saving:
                self._collect(future, wait=True)
            for future in joining:
                self._note(future.result())

    def _next_take(self, line: SpokenLine) -> Work:
        """The next take of a line. Of one in pieces, those that were right in the last take stay."""
        takes = self._takes.get(line.key, ())
        attempt = next_attempt(takes)
        kept = self._right_pieces(line, max(takes, key=lambda take: take.attempt)) if takes else {}
        return Work(line, attempt, [kept.get(at, piece) for at, piece in enumerate(line.pieces(attempt))])

    def _right_pieces(self, line: SpokenLine, take: Take) -> dict[int, Piece]:
        """Those of a take's pieces that came out right, by position. None if all did: then it is not one's fault."""
        keys = str(take.measures.get("pieces", "")).split()
        right = in_parallel(self._is_right, keys)
        if all(right):
            return {}
        drawn = {piece.key: piece for attempt in range(1, take.attempt + 1) for piece in line.pieces(attempt)}
        return {at: drawn[key] for at, key in enumerate(keys) if right[at] and key in drawn}

    def _is_right(self, key: str) -> bool:
        """Whether a piece is in the store, and was found to be all right when it was stored."""
        try:
            return self._clips.facts(key).facts.get("status") == "ok"
        except (ObjectMissing, ClipDamaged):
            return False

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

    def _collect(self, future: Future[list[_Finished]], wait: bool = False) -> bool:
        """Note spoken takes that are finished; whether they were."""
        if not wait and not future.done():
            return False
        for _, take in future.result():
            self.clips_spoken += bool(take.clip)
            self.audio_seconds += take.audio_seconds
        self._note(future.result())
        return True

    def _note(self, finished: Sequence[_Finished]) -> None:
        for line, take in finished:
            self._takes.setdefault(line.key, []).append(take)
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
                self._store(sound_of_piece(one.pieces[position], samples), one)
            if one.put(position, samples, error):
                finished.append((one.line, self._finish(one)))
        return finished

    def _finish(self, work: Work) -> Take:
        if work.error:
            return Take(work.key, work.attempt, "failed", work.error, 2_000.0, work.seed)
        if not work.in_pieces:
            return take_of(self._store(sound_of_line(work, work.sounds), work), cached=False)
        clips = [self._clips.load(piece.key) for piece in work.pieces]
        joined = sound_of_line(work, [clip.samples for clip in clips])
        return take_of(self._store(joined, work, [verdict_of(clip.info) for clip in clips]), cached=False)

    def _store(self, sound: Sound, work: Work, pieces: Sequence[Verdict] = ()) -> ClipInfo:
        """Measure, judge and store a clip, with all that an index needs to know of it."""
        measures = quality.measure(sound.said, SAMPLE_RATE, sound.expected_seconds, sound.text)
        verdict = judged_together(quality.judge(measures), pieces)
        facts: dict[str, float | int | str] = {
            "status": verdict.status,
            "reason": verdict.reason,
            "penalty": verdict.penalty,
            "seed": sound.seed,
            "attempt": sound.attempt,
        }
        if sound.key == work.key and work.in_pieces:
            facts["pieces"] = " ".join(piece.key for piece in work.pieces)
        return self._clips.save(sound.key, sound.samples, facts | quality.columns(measures))
