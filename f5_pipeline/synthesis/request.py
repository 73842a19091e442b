"""Synthesis requests: an utterance with its voices and its model; its clip key, duration and chunks, planned once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from f5_pipeline.engine.duration import Reference, max_chunk_seconds, plan_chunks, speech_frames, speech_seconds
from f5_pipeline.engine.protocol import ENGINE_VERSION, Chunk
from f5_pipeline.manifests.utterance import Decision, Passage, Utterance
from f5_pipeline.models.spec import Sampling
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.results.keys import ClipParts, Setting, clip_key, clip_keys, derive_seed
from f5_pipeline.voices.voice import Voice


@dataclass(frozen=True)
class Speaker:
    """A voice as a model uses it."""

    voice: Voice
    reference: Reference

    @cached_property
    def fingerprint(self) -> str:
        """Part of clip keys: the prepared reference audio, how much of it is used, and its text."""
        parts = f"{self.voice.fingerprint}\n{self.reference.text}\n{self.reference.seconds:.4f}"
        return hashlib.sha256(parts.encode()).hexdigest()


def planned_seconds(utterance: Utterance, speakers: Sequence[Speaker]) -> float:
    """The planned duration of an utterance. ``speakers``: one for each of its passages."""
    if not utterance.passages:
        return speech_seconds(utterance.spoken_text, speakers[0].reference, utterance.sampling.speed)
    return sum(
        passage.pause_before_seconds
        + speech_seconds(passage.spoken_text, speaker.reference, passage.speed)
        + passage.pause_after_seconds
        for passage, speaker in zip(utterance.passages, speakers, strict=True)
    )


@dataclass(frozen=True, slots=True)
class SynthesisRequest:
    """An utterance, ready to be spoken: everything that its clip depends on.

    A batch may have a million of them: no ``__dict__``, and chunks are planned at the first use.
    """

    utterance: Utterance
    model: ReadyModel
    speakers: tuple[Speaker, ...]  # one for each passage of the utterance; one if it has no passages
    key: str = field(init=False)  # the clip key of the first allowed take
    first_attempt: int = field(init=False)  # 1, unless a listener has decided on the line
    expected_seconds: float = field(init=False)  # the planned duration of its clip
    _plan: tuple[tuple[Chunk, Speaker], ...] = field(default=(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "first_attempt", self._first_attempt())
        object.__setattr__(self, "key", clip_key(self.parts(self.first_attempt)))
        object.__setattr__(self, "expected_seconds", planned_seconds(self.utterance, self.speakers))

    def parts(self, attempt: int = 1) -> ClipParts:
        """The parts of a take's clip key."""
        u = self.utterance
        parts = self._parts(u.spoken_text, self.speakers[0], u.sampling, attempt)
        return replace(parts, passages=self._passage_parts()) if u.passages else parts

    def take_key(self, attempt: int) -> str:
        """The clip key of a take."""
        return self.key if attempt == self.first_attempt else clip_key(self.parts(attempt))

    @property
    def identity(self) -> str:
        """Requests of the same identity share their takes and verdicts: equal lines with equal decisions."""
        return self.key if self.utterance.decision is None or not self.is_accepted else f"{self.key} accepted"

    @property
    def decision(self) -> Decision | None:
        """What a listener decided about its clip; None if that was about another clip: of another text, voice, …."""
        decision = self.utterance.decision
        if decision is None or not decision.action:
            return None
        if decision.key and decision.key not in clip_keys(self.parts(), range(1, decision.take + 1)):
            return None
        return decision

    @property
    def is_accepted(self) -> bool:
        """True if a listener accepted a take: the only one that is allowed, with the verdict ok."""
        return self.decision is not None and self.decision.action == "accept"

    @property
    def attempts(self) -> range:
        """The attempts that are allowed."""
        return range(self.first_attempt, self.first_attempt + (1 if self.is_accepted else self._most_takes))

    @property
    def least_takes(self) -> int:
        """The number of takes that are spoken even if the first is ok."""
        return 1 if self.is_accepted else self.utterance.takes

    @property
    def least_keys(self) -> tuple[str, ...]:
        """The clip keys of these takes."""
        return (self.key, *(self.take_key(self.first_attempt + later) for later in range(1, self.least_takes)))

    @property
    def _most_takes(self) -> int:
        return max(self.utterance.max_attempts, self.utterance.takes)

    @property
    def known_attempts(self) -> range:
        """The attempts that may be in the store: those that are allowed, and those that a listener left behind."""
        return range(1, max(self.attempts.stop, self._most_takes + 1))

    def _first_attempt(self) -> int:
        if (decision := self.decision) is None:
            return 1
        return decision.take if decision.action == "accept" else decision.take + 1

    def take_seed(self, attempt: int) -> int:
        """The seed that a take is spoken with."""
        return derive_seed(self.parts(attempt))

    @property
    def take_keys(self) -> tuple[str, ...]:
        """The clip keys of all takes that are allowed. Most requests need only the first."""
        return tuple(clip_keys(self.parts(), self.attempts))

    @property
    def known_keys(self) -> tuple[str, ...]:
        """The clip keys of all takes that may be in the store."""
        return tuple(clip_keys(self.parts(), self.known_attempts))

    @property
    def is_chunked(self) -> bool:
        """True if its clip is joined from chunks, which are clips of their own."""
        u = self.utterance
        return bool(u.passages) or "\n" in u.spoken_text or self.expected_seconds > self.max_chunk_seconds

    @property
    def max_chunk_seconds(self) -> float:
        """The longest chunk that its model can speak after its first reference."""
        return max_chunk_seconds(self.speakers[0].reference, self.model.spec.max_seconds)

    @property
    def lead_seconds(self) -> float:
        """The pause before its first word."""
        return self.utterance.end_pauses[0]

    def chunks(self, attempt: int = 1) -> tuple[Chunk, ...]:
        """The chunks of a take. A chunk's key and noise depend on its own text, not on its neighbours."""
        plan = self._plan or self._planned()
        if attempt == 1:
            return tuple(chunk for chunk, _ in plan)
        return tuple(self._numbered(chunk, speaker, attempt) for chunk, speaker in plan)

    def clip_keys(self, attempt: int | None = None) -> Iterator[str]:
        """The keys of all clips that speaking a take may store. Default: the first allowed take."""
        attempt = self.first_attempt if attempt is None else attempt
        yield self.take_key(attempt)
        if self.is_chunked:
            yield from (chunk.key for chunk in self.chunks(attempt))

    def all_clip_keys(self) -> Iterator[str]:
        """The keys of all clips that all its takes may store."""
        for attempt in self.attempts:
            yield from self.clip_keys(attempt)

    @property
    def _passages(self) -> tuple[Passage, ...]:
        """Its passages; without tags, the whole utterance as one."""
        u = self.utterance
        return u.passages or (Passage(u.spoken_text, u.voice, u.language, u.sampling.speed),)

    def _passage_parts(self) -> tuple[Mapping[str, Setting], ...]:
        return tuple(
            {
                "text": passage.spoken_text,
                "voice": speaker.fingerprint,
                "speed": passage.speed,
                "pause_before": passage.pause_before_seconds,
                "pause_after": passage.pause_after_seconds,
            }
            for passage, speaker in zip(self.utterance.passages, self.speakers, strict=True)
        )

    def _parts(self, text: str, speaker: Speaker, sampling: Sampling, attempt: int) -> ClipParts:
        """The parts of the key of a clip of ``text`` alone."""
        return ClipParts(
            spoken_text=text,
            voice_fingerprint=speaker.fingerprint,
            model_fingerprint=self.model.files.fingerprint,
            # Where a long text is cut depends on how much the model can speak in one pass.
            sampling=_key_settings(sampling, self.model.spec.max_seconds),
            engine_version=ENGINE_VERSION,
            attempt=attempt,
            seed=self.utterance.seed,
        )

    def _planned(self) -> tuple[tuple[Chunk, Speaker], ...]:
        """Plan the chunks of the first take; those of a long text are kept."""
        plan = tuple(
            (chunk, speaker)
            for passage, speaker in zip(self._passages, self.speakers, strict=True)
            for chunk in self._passage_chunks(passage, speaker)
        )
        if self.is_chunked:
            object.__setattr__(self, "_plan", plan)
        return plan

    def _passage_chunks(self, passage: Passage, speaker: Speaker) -> Iterator[Chunk]:
        voice, reference = speaker.voice, speaker.reference
        sampling = self.utterance.sampling
        if passage.speed != sampling.speed:
            sampling = replace(sampling, speed=passage.speed)
        texts = plan_chunks(passage.spoken_text, reference, passage.speed, self.model.spec.max_seconds)
        for text in texts:
            parts = self._parts(text.text, speaker, sampling, attempt=1)
            is_last = text is texts[-1]  # no cross-fade into another voice or a pause
            yield Chunk(
                text=text.text,
                ref_audio=voice.audio,
                ref_seconds=reference.seconds,
                ref_text=reference.text,
                frames=speech_frames(text.text, reference, passage.speed),
                sampling=sampling,
                seed=derive_seed(parts),
                key=clip_key(parts),
                language=passage.language,
                pause_after_seconds=passage.pause_after_seconds if is_last else text.pause_after_seconds,
                cross_fade_seconds=0.0 if is_last else sampling.cross_fade_duration,
                voice=voice.name,
            )

    def _numbered(self, chunk: Chunk, speaker: Speaker, attempt: int) -> Chunk:
        """The chunk of another attempt: the same text, another key and seed."""
        parts = self._parts(chunk.text, speaker, chunk.sampling, attempt)
        return replace(chunk, key=clip_key(parts), seed=derive_seed(parts), attempt=attempt)


@lru_cache(maxsize=256)
def _key_settings(sampling: Sampling, max_seconds: float) -> Mapping[str, Setting]:
    return {**sampling.settings, "max_seconds": max_seconds}
