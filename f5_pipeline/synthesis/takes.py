"""Takes: the attempts at a line. Which is the best, whether another is wanted, and what the index says of it.

Which are in the store already is ``recall``'s business, what they are found to be like that of ``verdicts``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from itertools import count

from f5_pipeline.quality.asr.comparison import WordCheck
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results import segments
from f5_pipeline.results.clips import ClipInfo
from f5_pipeline.results.index import OTHERS, IndexRow, Measure
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.transcriber import Checks


@dataclass(frozen=True)
class Take:
    """One attempt at a line."""

    key: str
    attempt: int
    status: str  # ok | suspect | failed
    reason: str
    penalty: float  # of several takes the one with the least is kept
    seed: int | None  # that makes it again; None: it is joined of pieces, which have seeds of their own
    audio_seconds: float = 0.0
    clip: str = ""
    clip_bytes: int | None = None
    measures: Mapping[str, Measure] = field(default_factory=dict)
    cached: bool = False
    right_pieces: tuple[bool, ...] = ()  # of a line in pieces: which of them came out right

    @property
    def keys(self) -> list[str]:
        """Of its clip, if it has one, and of the pieces that this is joined of."""
        return [self.key, *str(self.measures.get("pieces", "")).split()] if self.clip else []


#: The takes of each line that has any, by the line's key.
Takes = dict[str, list[Take]]

# Verdicts were stored once, and are not read.
_NOT_MEASURES = ("seed", "attempt", "status", "reason", "penalty", segments.FACT)


@dataclass(frozen=True)
class Draft:
    """A take that is stored. What is said in it may not be known yet, nor what it is found to be."""

    line: SynthesisRequest
    info: ClipInfo
    pieces: tuple[ClipInfo | None, ...]  # that it is joined of; None: that one is gone
    heard: Future[Checks]
    cached: bool

    @property
    def clip(self) -> str:
        return self.info.clip

    @property
    def audio_seconds(self) -> float:
        return self.info.audio_seconds

    @property
    def ready(self) -> bool:
        """Whether ``take`` has nothing to wait for."""
        return self.heard.done()

    def wait(self) -> None:
        """Until it is ready."""
        wait([self.heard])

    @property
    def _seed(self) -> int | None:
        seed = int(self.info.facts["seed"])
        return seed if not self.pieces or seed == self.line.utterance.seed else None

    def take(self, judge: Judge) -> Take:
        """The take with its verdict, as soon as its words are known."""
        checks, facts = self.heard.result(), self.info.facts
        pieces = judge.pieces(self.pieces, checks) if self.pieces else []
        verdict = judge.joined(self.info, pieces) if pieces else judge.clip(self.info, checks[0] if checks else None)
        measures: dict[str, Measure] = {name: value for name, value in facts.items() if name not in _NOT_MEASURES}
        measures["penalty"] = verdict.penalty
        known = [check for check in checks if check is not None]
        if known and len(known) == len(checks):
            measures |= WordCheck.joined(known).columns(judge.recogniser)
        return Take(
            key=self.info.key,
            attempt=int(facts["attempt"]),
            status=verdict.status,
            reason=verdict.reason,
            penalty=verdict.penalty,
            seed=self._seed,
            audio_seconds=self.audio_seconds,
            clip=self.clip,
            clip_bytes=self.info.size,
            measures=measures,
            cached=self.cached,
            right_pieces=tuple(piece.status == "ok" for piece in pieces),
        )


def take_of_row(row: IndexRow, size: int) -> Take:
    """The take that the last run chose: whatever its penalty, it is the best of the line."""
    return Take(
        key=row.key,
        attempt=row.attempts,
        status=row.status,
        reason=row.reason,
        penalty=-1.0,
        seed=row.seed,
        audio_seconds=row.audio_seconds or 0.0,
        clip=row.clip,
        clip_bytes=size,
        measures=row.quality,
        cached=True,
    )


def is_settled(line: SynthesisRequest, takes: Sequence[Take]) -> bool:
    """Whether nothing more needs to be spoken: a take is right, or chosen, or an engine gave up, or all are drawn."""
    final = any(take.status == "ok" or take.penalty < 0 or not take.clip for take in takes)
    return final or len(takes) >= line.utterance.max_attempts


def next_attempt(takes: Sequence[Take]) -> int:
    """The first attempt that was not drawn yet."""
    drawn = {take.attempt for take in takes}
    return next(attempt for attempt in count(1) if attempt not in drawn)


def row_of(line: SynthesisRequest, takes: Sequence[Take]) -> IndexRow:
    """The row of a line: what its best take is like, and the clips of its other takes, which are not drawn again."""
    u = line.utterance
    take = min(takes, key=lambda take: (not take.clip, take.penalty, take.attempt))
    others = [key for other in sorted(takes, key=lambda each: each.attempt) if other is not take for key in other.keys]
    named = {OTHERS: " ".join(dict.fromkeys(others))} if others else {}
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
        quality={**take.measures, **named},
        columns=u.columns,
    )
