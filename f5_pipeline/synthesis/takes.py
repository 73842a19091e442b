"""Takes: the attempts at a line. Ranks them, decides if another one is needed, and makes the index row of the best.

Stored takes are found in ``stored_takes``; verdicts are given in ``quality.verdicts``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal, TypeVar

from f5_pipeline.quality.asr.comparison import WordCheck
from f5_pipeline.quality.neural.check import VoiceCheck
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.clips import ClipInfo
from f5_pipeline.results.index import IndexRow, Measure, Status
from f5_pipeline.results.take_list import DECISION, TAKES, ListedTake, list_takes
from f5_pipeline.storage.object_store import ObjectInfo
from f5_pipeline.synthesis.neural_checks import VoiceChecks
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.transcriber import WordChecks

#: Where a take comes from: spoken in this run, found in the store, or chosen by an earlier run (its index row).
Origin = Literal["spoken", "stored", "index"]

_T = TypeVar("_T")
_SIMILARITY_STEP = 0.05  # two clips of a voice differ by about this much
_NOT_MEASURES = ("seed", "attempt")  # facts of a clip that have columns of their own


@dataclass(frozen=True)
class Take:
    """One attempt at a line."""

    key: str
    attempt: int
    status: Status
    reason: str
    seed: int | None  # that reproduces it; None: it is joined from chunks, which have their own seeds
    origin: Origin
    penalty: float = 0.0  # the best take has the lowest
    audio_seconds: float = 0.0
    clip: str = ""  # its object key; "": the engine failed
    clip_bytes: int | None = None
    clip_etag: str = ""
    measures: Mapping[str, Measure] = field(default_factory=dict)
    chunk_keys: tuple[str, ...] = ()  # the clips that its clip is joined from
    good_chunks: tuple[bool, ...] = ()  # for each of them, True if its verdict is ok
    not_chosen: tuple[str, ...] = ()  # of a take that was chosen before: the clips of the other takes

    @property
    def clip_keys(self) -> tuple[str, ...]:
        """The keys of its clip and of the chunks that this is joined from."""
        return (self.key, *self.chunk_keys) if self.clip else ()

    @property
    def rank(self) -> tuple[bool, float, float, int, float, int]:
        """Sorts the best take first: one with a clip, with the lowest penalty, the fewest word errors, the voice most
        like its reference (in steps, so that small differences do not count), the highest MOS, the earliest."""
        error_rate = self._number("word_error_rate", missing=math.inf)  # not known to have the right words
        similarity, mos = self._number("speaker_similarity"), self._number("mos")
        return not self.clip, self.penalty, error_rate, -round(similarity / _SIMILARITY_STEP), -mos, self.attempt

    def _number(self, measure: str, missing: float = 0.0) -> float:
        value = self.measures.get(measure)
        return value if isinstance(value, (int, float)) else missing


#: The takes of each line that has any, by the identity of its request.
Takes = dict[str, list[Take]]


@dataclass(frozen=True)
class PendingTake:
    """A stored take whose transcripts or neural measures may not be known yet, so that it has no verdict."""

    request: SynthesisRequest
    info: ClipInfo
    chunks: tuple[ClipInfo | None, ...]  # that it is joined from; None: that clip is missing
    word_checks: Future[WordChecks]
    voice_checks: Future[VoiceChecks]
    origin: Origin

    @property
    def audio_seconds(self) -> float:
        return self.info.audio_seconds

    @property
    def is_ready(self) -> bool:
        """True if ``finish`` does not block."""
        return self.word_checks.done() and self.voice_checks.done()

    def wait(self) -> None:
        """Block until it is ready."""
        wait([self.word_checks])
        wait([self.voice_checks])

    def finish(self, judge: Judge) -> Take:
        """The take with its verdict; blocks until its transcripts and neural measures are known."""
        words, voices, facts = self.word_checks.result(), self.voice_checks.result(), self.info.facts
        chunks = judge.chunks(self.chunks or (self.info,), words, voices)
        verdict = judge.joined(self.info, chunks) if self.chunks else chunks[0]
        measures: dict[str, Measure] = {name: value for name, value in facts.items() if name not in _NOT_MEASURES}
        measures["penalty"] = verdict.penalty
        if (known_words := _complete(words)) is not None:
            measures |= WordCheck.joined(known_words).columns(judge.recogniser)
        if (known_voices := _complete(voices)) is not None:
            measures |= VoiceCheck.joined(known_voices).columns()
        return Take(
            key=self.info.key,
            attempt=int(facts["attempt"]),
            status=verdict.status,
            reason=verdict.reason,
            seed=self._seed,
            origin=self.origin,
            penalty=verdict.penalty,
            audio_seconds=self.audio_seconds,
            clip=self.info.clip,
            clip_bytes=self.info.size,
            clip_etag=self.info.etag,
            measures=measures,
            chunk_keys=self.info.chunk_keys,
            good_chunks=tuple(chunk.status == "ok" for chunk in chunks) if self.chunks else (),
        )

    @property
    def _seed(self) -> int | None:
        seed = int(self.info.facts["seed"])
        return seed if not self.chunks or seed == self.request.utterance.seed else None


def _complete(checks: Sequence[_T | None]) -> list[_T] | None:
    """The checks of all chunks; None if there are none, or some are missing."""
    known = [check for check in checks if check is not None]
    return known if known and len(known) == len(checks) else None


def failed_take(request: SynthesisRequest, attempt: int, reason: str) -> Take:
    """A take that the engine could not speak."""
    return Take(request.take_key(attempt), attempt, "failed", reason, request.take_seed(attempt), "spoken")


def take_of_row(row: IndexRow, clip: ObjectInfo) -> Take:
    """The take that an earlier run chose, with its clip's object."""
    return Take(
        key=row.key,
        attempt=row.attempts,
        status=row.status,
        reason=row.reason,
        seed=row.seed,
        origin="index",
        audio_seconds=row.audio_seconds or 0.0,
        clip=row.clip,
        clip_bytes=clip.size,
        clip_etag=clip.etag,
        measures=row.quality,
        chunk_keys=row.chunk_keys,
        not_chosen=row.other_takes,
    )


def allowed(request: SynthesisRequest, takes: Sequence[Take]) -> list[Take]:
    """The takes that a listener has not left behind: all, unless a listener has decided on the line."""
    return [take for take in takes if take.attempt in request.attempts or take.origin == "index"]


def is_settled(request: SynthesisRequest, takes: Sequence[Take]) -> bool:
    """True if no take is missing: one was chosen before, all attempts are used, one is ok and there are as many as the
    batch wants, or none is ok and the engine failed."""
    candidates = allowed(request, takes)
    if any(take.origin == "index" for take in candidates) or len(candidates) >= len(request.attempts):
        return True
    if any(take.status == "ok" for take in candidates):
        return len(candidates) >= request.least_takes
    return any(not take.clip for take in candidates)


def missing_takes(request: SynthesisRequest, takes: Sequence[Take]) -> int:
    """How many takes a request still needs, at least; 0 if it is settled."""
    return 0 if is_settled(request, takes) else max(1, request.least_takes - len(allowed(request, takes)))


def next_attempt(request: SynthesisRequest, takes: Sequence[Take]) -> int:
    """The first allowed attempt that no take has used."""
    used = {take.attempt for take in takes}
    return next(attempt for attempt in count(request.first_attempt) if attempt not in used)


def is_decided_alike(request: SynthesisRequest, row: IndexRow) -> bool:
    """True if the row was made under the decision that a listener has made now."""
    action = request.decision.action if request.decision else ""
    return row.quality.get(DECISION, "") == action


def row_of(request: SynthesisRequest, takes: Sequence[Take]) -> IndexRow:
    """The index row of a line: its best take, and the clips of its other takes, so that those are not spoken again."""
    u = request.utterance
    best = _as_decided(request, min(allowed(request, takes) or takes, key=lambda take: take.rank))
    others = [take for take in sorted(takes, key=lambda each: each.attempt) if take.key != best.key]
    not_chosen = [*best.not_chosen, *(key for take in others for key in take.clip_keys)]
    return IndexRow(
        id=u.id,
        text=u.text,
        spoken_text=u.shown_text,
        voice=u.voice,
        model=u.model,
        status=best.status,
        reason=best.reason,
        key=best.key if best.clip else "",
        clip=best.clip,
        audio_seconds=best.audio_seconds if best.clip else None,
        seed=best.seed,
        attempts=max(take.attempt for take in takes),
        clip_bytes=best.clip_bytes,
        clip_etag=best.clip_etag,
        cached=best.origin != "spoken",
        language=u.language,
        language_source=u.language_source,
        notes=" ".join(u.notes),
        quality=best.measures if best.origin == "index" else {**best.measures, **_listed(request, takes)},
        columns=u.columns,
        chunk_keys=best.chunk_keys,
        other_takes=tuple(dict.fromkeys(not_chosen)),
    )


def _as_decided(request: SynthesisRequest, take: Take) -> Take:
    """The take with the verdict of the listener who accepted it."""
    if not (request.is_accepted and take.clip and take.attempt in request.attempts):
        return take
    return replace(take, status="ok", reason="")


def _listed(request: SynthesisRequest, takes: Sequence[Take]) -> Mapping[str, Measure]:
    """The columns about the takes of a line; none for a line with one take and without a decision."""
    columns: dict[str, Measure] = {DECISION: request.decision.action} if request.decision else {}
    listed = [ListedTake(take.attempt, take.key, take.status, take.reason) for take in takes if take.clip]
    if len(listed) > 1:
        columns[TAKES] = list_takes(sorted(listed, key=lambda take: take.take))
    return columns
