"""Speaking what is missing: of the lines of a batch, those whose clips are not in the store yet, and only those.

A line may be drawn several times, with derived seeds, until one take sounds right; each take is a clip of its own, so
a second run finds them all. What a run did is a ``Generation``; nothing here knows a manifest, a store's layout or
Dagster, and no engine is loaded when nothing is missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.results.clips import ClipInfo, ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.keys import ClipParts, clip_key, derive_seed
from f5_pipeline.speech import quality
from f5_pipeline.speech.audio import join_chunks
from f5_pipeline.speech.engine import ENGINE_VERSION, SAMPLE_RATE, SpeechChunk, SpeechEngine, seconds_of
from f5_pipeline.speech.models.catalogue import ModelSpec
from f5_pipeline.speech.models.weights import ModelFiles
from f5_pipeline.speech.plan import PlannedChunk, Reference, plan_chunks
from f5_pipeline.speech.utterance import Utterance, Voice

_SAVERS = 4  # threads that measure, encode and store clips while the model goes on
_READERS = 16  # small requests at once


@dataclass(frozen=True)
class ReadyModel:
    """A model whose files are on this machine."""

    spec: ModelSpec
    files: ModelFiles


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
class SpokenLine:
    """An utterance with a voice: all that its clip depends on."""

    utterance: Utterance
    voice: Voice
    model: ReadyModel
    reference: Reference

    @cached_property
    def parts(self) -> ClipParts:
        """What the first take's key is made of."""
        u, ref = self.utterance, self.reference
        heard = f"{self.voice.fingerprint}\n{ref.text}\n{ref.seconds:.4f}"
        return ClipParts(
            spoken_text=u.spoken_text,
            voice_fingerprint=hashlib.sha256(heard.encode()).hexdigest(),
            model_fingerprint=self.model.files.fingerprint,
            # Where a long text is cut depends on how much the model can say at once.
            sampling={**asdict(u.sampling), "max_seconds": self.model.spec.max_seconds},
            engine_version=ENGINE_VERSION,
            seed=u.seed,
        )

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The clip keys of all takes there may be, the first attempt's first."""
        return tuple(clip_key(replace(self.parts, attempt=n)) for n in range(1, self.utterance.max_attempts + 1))

    def chunks(self, attempt: int) -> list[tuple[SpeechChunk, PlannedChunk]]:
        """What the model is asked to say. A chunk's noise depends on its own text alone, not on its neighbours'."""
        u, ref = self.utterance, self.reference
        planned = plan_chunks(u.spoken_text, ref, u.sampling.speed, self.model.spec.max_seconds)
        seeds = [derive_seed(replace(self.parts, spoken_text=chunk.text, attempt=attempt)) for chunk in planned]
        return [
            (SpeechChunk(c.text, self.voice.audio, ref.seconds, ref.text, c.frames, u.sampling, seed), c)
            for c, seed in zip(planned, seeds, strict=True)
        ]


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


@dataclass(frozen=True)
class Generation:
    """What a run did. ``rows`` has one row for each utterance given, in their order."""

    rows: tuple[IndexRow, ...]
    clips_spoken: int
    audio_seconds_spoken: float


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
    takes = _recall(lines, clips, known)
    progress = progress or Silent()
    session = _Session(clips, takes, progress)
    missing = {line.keys[0]: line for line in lines if not _settled(line, takes)}
    progress.begin(len(lines), len(missing), sum(map(_expected_seconds, missing.values())))
    for model in {id(line.model): line.model for line in missing.values()}.values():
        pending = [line for line in missing.values() if line.model is model]
        engine = engine_for(model)
        while pending:
            session.speak(engine, pending)
            pending = [line for line in pending if not _settled(line, takes)]
    rows = tuple(_row(line, list(_takes_of(line, takes))) for line in lines)
    return Generation(rows, session.clips_spoken, session.audio_seconds)


class _Session:
    """One run's way from chunks to stored clips."""

    def __init__(self, clips: ClipStore, takes: dict[str, Take], progress: Progress) -> None:
        self._clips, self._takes, self._progress = clips, takes, progress
        self.clips_spoken, self.audio_seconds = 0, 0.0

    def speak(self, engine: SpeechEngine, lines: Sequence[SpokenLine]) -> None:
        """Draw the next take of each line."""
        work = [_Work(line, _next_attempt(line, self._takes)) for line in lines]
        owners = [(one, position) for one in work for position in range(len(one.chunks))]
        with ThreadPoolExecutor(_SAVERS, "save") as savers:
            saving: list[Future[Take]] = []
            for spoken in engine.speak([chunk for one in work for chunk, _ in one.chunks]):
                one, position = owners[spoken.index]
                one.put(position, spoken.samples, spoken.error)
                if one.complete:
                    saving.append(savers.submit(self._finish, one))
                saving = [future for future in saving if not self._collect(future)]
            for future in saving:
                self._collect(future, wait=True)

    def _collect(self, future: Future[Take], wait: bool = False) -> bool:
        """Note a finished take; whether it was finished."""
        if not wait and not future.done():
            return False
        take = future.result()
        self._takes[take.key] = take
        self.clips_spoken += bool(take.clip)
        self.audio_seconds += take.audio_seconds
        self._progress.advance(take.audio_seconds)
        return True

    def _finish(self, work: _Work) -> Take:
        key, attempt, seed = work.line.keys[work.attempt - 1], work.attempt, work.seed
        if work.error:
            return Take(key, attempt, "failed", work.error, 2_000.0, seed)
        if not all(np.isfinite(piece).all() for piece in work.pieces.values()):
            return Take(key, attempt, "failed", "the model gave no finite sound", 2_000.0, seed)
        samples = work.joined()
        work.pieces.clear()
        text = work.line.utterance.spoken_text
        measures = quality.measure(samples, SAMPLE_RATE, work.expected_seconds, text)
        verdict = quality.judge(measures)
        columns = quality.columns(measures)
        facts: dict[str, float | int | str] = {
            "status": verdict.status,
            "reason": verdict.reason,
            "penalty": verdict.penalty,
            "seed": seed,
            "attempt": attempt,
        }
        info = self._clips.save(key, samples, facts | columns)
        return _take_of(info, cached=False)


class _Work:
    """One take in the making: the pieces of its chunks come in any order."""

    def __init__(self, line: SpokenLine, attempt: int) -> None:
        self.line, self.attempt = line, attempt
        self.chunks = line.chunks(attempt)
        self.pieces: dict[int, np.ndarray] = {}
        self.error = ""
        self._missing = len(self.chunks)

    @property
    def seed(self) -> int:
        return derive_seed(replace(self.line.parts, attempt=self.attempt))

    @property
    def complete(self) -> bool:
        return self._missing == 0

    @property
    def expected_seconds(self) -> float:
        return sum(seconds_of(plan.frames) + plan.pause_after_seconds for _, plan in self.chunks)

    def put(self, position: int, samples: np.ndarray | None, error: str) -> None:
        self._missing -= 1
        self.error = self.error or error
        if samples is not None:
            self.pieces[position] = samples

    def joined(self) -> np.ndarray:
        pieces = [self.pieces[position] for position in range(len(self.chunks))]
        pauses = [plan.pause_after_seconds for _, plan in self.chunks]
        return join_chunks(pieces, pauses, self.line.utterance.sampling.cross_fade_duration)


def _recall(lines: Sequence[SpokenLine], clips: ClipStore, known: Mapping[str, IndexRow]) -> dict[str, Take]:
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
        return _take_of(clips.facts(key, size), cached=True)
    except (ClipDamaged, ObjectMissing):
        return None
    except (KeyError, ValueError, TypeError):
        clips.discard(key)  # whole, so that it would not be replaced
        return None


_OWN_FACTS = ("status", "reason", "penalty", "seed", "attempt")


def _take_of(info: ClipInfo, cached: bool) -> Take:
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


def _takes_of(line: SpokenLine, takes: Mapping[str, Take]) -> Iterator[Take]:
    return (takes[key] for key in line.keys if key in takes)


def _settled(line: SpokenLine, takes: Mapping[str, Take]) -> bool:
    """Whether nothing more needs to be spoken: a take is right, or chosen, or an engine gave up, or all are drawn."""
    done = list(_takes_of(line, takes))
    final = any(take.status == "ok" or take.penalty < 0 or not take.clip for take in done)
    return final or len(done) == len(line.keys)


def _next_attempt(line: SpokenLine, takes: Mapping[str, Take]) -> int:
    return next(n for n, key in enumerate(line.keys, start=1) if key not in takes)


def _expected_seconds(line: SpokenLine) -> float:
    return sum(seconds_of(plan.frames) for _, plan in line.chunks(1))


def _row(line: SpokenLine, takes: Sequence[Take]) -> IndexRow:
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
