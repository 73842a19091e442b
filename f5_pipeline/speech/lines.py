"""An utterance with its voice and model: what its clips are called, and the pieces it is spoken in. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property

from f5_pipeline.results.keys import ClipParts, clip_key, derive_seed
from f5_pipeline.speech.engine import ENGINE_VERSION, SpeechChunk, seconds_of
from f5_pipeline.speech.models.catalogue import ModelSpec
from f5_pipeline.speech.models.weights import ModelFiles
from f5_pipeline.speech.plan import PlannedChunk, Reference, plan_chunks, room_seconds, speech_seconds
from f5_pipeline.speech.utterance import Utterance, Voice


@dataclass(frozen=True)
class ReadyModel:
    """A model whose files are on this machine."""

    spec: ModelSpec
    files: ModelFiles


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
    def key(self) -> str:
        """The clip key of the first take: what the line is known by."""
        return clip_key(self.parts)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The clip keys of all takes there may be. Most lines are right at the first, and never need the others."""
        others = range(2, self.utterance.max_attempts + 1)
        return (self.key, *(clip_key(replace(self.parts, attempt=attempt)) for attempt in others))

    @property
    def is_long(self) -> bool:
        """Whether it is spoken in several pieces."""
        room = room_seconds(self.reference, self.model.spec.max_seconds)
        return "\n" in self.utterance.spoken_text or self.expected_seconds > room

    @property
    def expected_seconds(self) -> float:
        """About how long its clip will be."""
        return speech_seconds(self.utterance.spoken_text, self.reference, self.utterance.sampling.speed)

    def all_keys(self) -> Iterator[str]:
        """The keys of all clips that speaking it may store."""
        yield from self.keys
        if self.is_long:
            for attempt in range(1, len(self.keys) + 1):
                yield from (piece.key for piece in self.pieces(attempt))

    def pieces(self, attempt: int) -> list[Piece]:
        """What the model is asked to say. A piece's key and noise depend on its own text, not on its neighbours'."""
        u, ref = self.utterance, self.reference
        planned = plan_chunks(u.spoken_text, ref, u.sampling.speed, self.model.spec.max_seconds)
        return [self._piece(chunk, replace(self.parts, spoken_text=chunk.text, attempt=attempt)) for chunk in planned]

    def _piece(self, plan: PlannedChunk, parts: ClipParts) -> Piece:
        u, ref, seed = self.utterance, self.reference, derive_seed(parts)
        chunk = SpeechChunk(plan.text, self.voice.audio, ref.seconds, ref.text, plan.frames, u.sampling, seed)
        return Piece(clip_key(parts), chunk, plan.pause_after_seconds)


@dataclass(frozen=True)
class Piece:
    """A chunk of a line. Those of a long text are clips of their own: an edit speaks only what it touched again."""

    key: str  # the clip key of a line that has this text alone
    chunk: SpeechChunk
    pause_after_seconds: float

    @property
    def seconds(self) -> float:
        """How long it is planned to be, without the pause."""
        return seconds_of(self.chunk.frames)
