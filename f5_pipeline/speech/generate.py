"""Speaking what is missing: of the lines of a batch, those whose clips are not in the store yet, and only those.

A line may be drawn several times, with derived seeds, until one take sounds right; each take is a clip of its own, so
a second run finds them all. What a run did is a ``Generation``; nothing here knows a manifest, a store's layout or
Dagster, and no engine is loaded when nothing is missing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.results.clips import ClipInfo, ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.keys import derive_seed
from f5_pipeline.speech import quality
from f5_pipeline.speech.audio import join_chunks
from f5_pipeline.speech.engine import SAMPLE_RATE, SpeechEngine, Spoken
from f5_pipeline.speech.lines import ReadyModel, SpokenLine
from f5_pipeline.speech.takes import Take, Takes, is_settled, next_attempt, recall, row_of, take_of
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
    clips_spoken: int
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
        engine = engine_for(model)
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

    def speak(self, engine: SpeechEngine, lines: Sequence[SpokenLine]) -> None:
        """Draw the next take of each line."""
        work = [_Work(line, next_attempt(self._takes.get(line.key, ()))) for line in lines]
        stored = self._whole({piece.key for one in work if one.is_long for piece in one.pieces})
        owners: dict[str, list[tuple[_Work, int]]] = {}
        with ThreadPoolExecutor(_SAVERS, "save") as savers:
            saving: list[Future[list[_Finished]]] = []
            for one in work:
                for position, piece in enumerate(one.pieces):
                    if one.is_long and piece.key in stored:
                        one.put(position)
                    else:
                        owners.setdefault(piece.key, []).append((one, position))
                if one.complete:
                    saving.append(savers.submit(self._finish_stored, one))
            asked = list(owners.values())
            for spoken in engine.speak([one.pieces[position].chunk for (one, position), *_ in asked]):
                saving.append(savers.submit(self._receive, asked[spoken.index], spoken))
                saving = [future for future in saving if not self._collect(future)]
            for future in saving:
                self._collect(future, wait=True)

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

    def _finish_stored(self, work: _Work) -> list[_Finished]:
        return [(work.line, self._finish(work))]

    def _collect(self, future: Future[list[_Finished]], wait: bool = False) -> bool:
        """Note finished takes; whether they were finished."""
        if not wait and not future.done():
            return False
        for line, take in future.result():
            self._takes.setdefault(line.key, []).append(take)
            self.clips_spoken += bool(take.clip)
            self.audio_seconds += take.audio_seconds
            self._progress.advance(take.audio_seconds)
        return True

    def _receive(self, owners: Sequence[tuple[_Work, int]], spoken: Spoken) -> list[_Finished]:
        """Hand a spoken piece to the lines that wait for it; the takes that are complete with it."""
        samples, error = spoken.samples, spoken.error
        if samples is not None and not np.isfinite(samples).all():
            samples, error = None, "the model gave no finite sound"
        finished = []
        for one, position in owners:
            if one.is_long and samples is not None:
                # In the store, not in memory: a text may be hours long, and a crash loses one piece of it.
                piece = one.pieces[position]
                self._store(_Sound(piece.key, join_chunks([samples], [], 0.0), piece.chunk.text, piece.seconds), one)
            if one.put(position, samples, error):
                finished.append((one.line, self._finish(one)))
        return finished

    def _finish(self, work: _Work) -> Take:
        key, text = work.key, work.line.utterance.spoken_text
        if work.error:
            return Take(key, work.attempt, "failed", work.error, 2_000.0, work.seed_of(text))
        sounds = [self._clips.load(piece.key).samples for piece in work.pieces] if work.is_long else work.sounds
        pauses = [piece.pause_after_seconds for piece in work.pieces]
        joined = join_chunks(sounds, pauses, work.line.utterance.sampling.cross_fade_duration)
        sound = _Sound(key, joined, text, work.expected_seconds)
        return take_of(self._store(sound, work), cached=False)

    def _store(self, sound: _Sound, work: _Work) -> ClipInfo:
        """Measure, judge and store a clip, with all that an index needs to know of it."""
        measures = quality.measure(sound.samples, SAMPLE_RATE, sound.expected_seconds, sound.text)
        verdict = quality.judge(measures)
        facts: dict[str, float | int | str] = {
            "status": verdict.status,
            "reason": verdict.reason,
            "penalty": verdict.penalty,
            "seed": work.seed_of(sound.text),
            "attempt": work.attempt,
        }
        if sound.key == work.key and work.is_long:
            facts["pieces"] = " ".join(piece.key for piece in work.pieces)
        return self._clips.save(sound.key, sound.samples, facts | quality.columns(measures))


@dataclass(frozen=True)
class _Sound:
    """What is about to become a clip."""

    key: str
    samples: np.ndarray  # float32, mono, 24 kHz
    text: str
    expected_seconds: float


class _Work:
    """One take in the making: its pieces come in any order, from several threads."""

    def __init__(self, line: SpokenLine, attempt: int) -> None:
        self.line, self.attempt = line, attempt
        self.key = line.keys[attempt - 1]
        self.pieces = line.pieces(attempt)
        self.sounds: list[np.ndarray] = []  # of a short line; the pieces of a long one are in the store
        self.error = ""
        self._missing = set(range(len(self.pieces)))
        self._lock = threading.Lock()

    @property
    def is_long(self) -> bool:
        return len(self.pieces) > 1

    @property
    def complete(self) -> bool:
        return not self._missing

    @property
    def expected_seconds(self) -> float:
        return sum(piece.seconds + piece.pause_after_seconds for piece in self.pieces)

    def seed_of(self, text: str) -> int:
        """The seed of the take, or of a piece of it."""
        return derive_seed(replace(self.line.parts, spoken_text=text, attempt=self.attempt))

    def put(self, position: int, samples: np.ndarray | None = None, error: str = "") -> bool:
        """A piece is there, or has failed; whether it was the last."""
        with self._lock:
            self._missing.discard(position)
            self.error = self.error or error
            if samples is not None and not self.is_long:
                self.sounds.append(samples)
            return self.complete
