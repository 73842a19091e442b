"""An utterance with its voices and model: what its clips are called, and the pieces it is spoken in. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from f5_pipeline.audio.join import Joint
from f5_pipeline.engine.duration import Reference, max_chunk_seconds, plan_chunks, speech_seconds
from f5_pipeline.engine.protocol import ENGINE_VERSION, SpeechChunk, seconds_of
from f5_pipeline.manifests.utterance import Passage, Utterance
from f5_pipeline.models.spec import Sampling
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.results.keys import ClipParts, Setting, clip_key, clip_keys, derive_seed
from f5_pipeline.voices.voice import Voice


@dataclass(frozen=True)
class Speaker:
    """A voice as a model is given it."""

    voice: Voice
    reference: Reference

    @property
    def fingerprint(self) -> str:
        return _fingerprint(self.voice, self.reference)


def _fingerprint(voice: Voice, reference: Reference) -> str:
    """Of a voice as a model is given it."""
    return _heard(voice.fingerprint, reference.text, reference.seconds)


@lru_cache
def _heard(voice_fingerprint: str, text: str, seconds: float) -> str:
    return hashlib.sha256(f"{voice_fingerprint}\n{text}\n{seconds:.4f}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SynthesisRequest:
    """An utterance with a voice: all that its clip depends on.

    A batch may have a million: no ``__dict__``, and what is wanted more than once is remembered only where it is small.
    """

    utterance: Utterance
    voice: Voice
    model: ReadyModel
    reference: Reference
    speakers: tuple[Speaker, ...] = ()  # one for each passage of the utterance
    _key: str | None = field(default=None, init=False, repr=False, compare=False)
    _expected_seconds: float | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def parts(self) -> ClipParts:
        """What the first take's key is made of."""
        u = self.utterance
        plain = self._parts_of(u.spoken_text, _fingerprint(self.voice, self.reference), u.sampling)
        if not u.passages:
            return plain
        passages: list[Mapping[str, Setting]] = [
            {
                "text": passage.spoken_text,
                "voice": speaker.fingerprint,
                "speed": passage.speed,
                "pause_before": passage.pause_before_seconds,
                "pause_after": passage.pause_after_seconds,
            }
            for passage, speaker in zip(u.passages, self.speakers, strict=True)
        ]
        return replace(plain, passages=tuple(passages))

    @property
    def key(self) -> str:
        """The clip key of the first take: what the line is known by."""
        if (key := self._key) is None:
            key = clip_key(self.parts)
            object.__setattr__(self, "_key", key)
        return key

    @property
    def keys(self) -> tuple[str, ...]:
        """The clip keys of all takes there may be. Most lines are right at the first, and never need the others."""
        keys = tuple(clip_keys(self.parts, range(1, self.utterance.max_attempts + 1)))
        object.__setattr__(self, "_key", keys[0])
        return keys

    @property
    def in_pieces(self) -> bool:
        """Whether its clip is joined of pieces, which are clips of their own."""
        room = max_chunk_seconds(self.reference, self.model.spec.max_seconds)
        return bool(self.utterance.passages) or "\n" in self.utterance.spoken_text or self.expected_seconds > room

    @property
    def expected_seconds(self) -> float:
        """About how long its clip will be."""
        if (seconds := self._expected_seconds) is None:
            u = self.utterance
            if u.passages:
                seconds = sum(turn.seconds for turn in self._turns)
            else:
                seconds = speech_seconds(u.spoken_text, self.reference, u.sampling.speed)
            object.__setattr__(self, "_expected_seconds", seconds)
        return seconds

    @property
    def lead_seconds(self) -> float:
        """Silence at its beginning that was asked for."""
        return self._turns[0].passage.pause_before_seconds

    def all_keys(self) -> Iterator[str]:
        """The keys of all clips that speaking it may store."""
        yield from self.keys
        if self.in_pieces:
            for attempt in range(1, self.utterance.max_attempts + 1):
                yield from (piece.key for piece in self.pieces(attempt))

    def pieces(self, attempt: int) -> list[Piece]:
        """What the model is asked to say. A piece's key and noise depend on its own text, not on its neighbours'."""
        return [piece for turn in self._turns for piece in self._pieces_of(turn, attempt)]

    @property
    def _whole(self) -> _Turn:
        """The line as one passage of its own voice."""
        u = self.utterance
        passage = Passage(u.spoken_text, u.voice, u.language, u.sampling.speed)
        return _Turn(passage, Speaker(self.voice, self.reference), u.sampling)

    @property
    def _turns(self) -> tuple[_Turn, ...]:
        sampling, passages = self.utterance.sampling, zip(self.utterance.passages, self.speakers, strict=True)
        turns = (_Turn(passage, speaker, replace(sampling, speed=passage.speed)) for passage, speaker in passages)
        return tuple(turns) or (self._whole,)

    def _parts_of(self, text: str, heard: str, sampling: Sampling) -> ClipParts:
        """What the key of a line would be made of that says this alone; ``heard``: the speaker's fingerprint."""
        return ClipParts(
            spoken_text=text,
            voice_fingerprint=heard,
            model_fingerprint=self.model.files.fingerprint,
            # Where a long text is cut depends on how much the model can say at once.
            sampling={**vars(sampling), "max_seconds": self.model.spec.max_seconds},
            engine_version=ENGINE_VERSION,
            seed=self.utterance.seed,
        )

    def _pieces_of(self, turn: _Turn, attempt: int) -> Iterator[Piece]:
        voice, ref, sampling = turn.speaker.voice, turn.speaker.reference, turn.sampling
        planned = plan_chunks(turn.passage.spoken_text, ref, sampling.speed, self.model.spec.max_seconds)
        for plan in planned:
            parts = replace(self._parts_of(plan.text, turn.speaker.fingerprint, sampling), attempt=attempt)
            seed = derive_seed(parts)
            chunk = SpeechChunk(plan.text, voice.audio, ref.seconds, ref.text, plan.frames, sampling, seed)
            ends = plan is planned[-1]  # a voice is not faded into another's, nor into a pause
            within = Joint(plan.pause_after_seconds, sampling.cross_fade_duration)
            joint = Joint(turn.passage.pause_after_seconds) if ends else within
            yield Piece(clip_key(parts), chunk, joint, attempt, turn.passage.language)


@dataclass(frozen=True)
class _Turn:
    """A passage with who says it, and how."""

    passage: Passage
    speaker: Speaker
    sampling: Sampling

    @property
    def seconds(self) -> float:
        said = speech_seconds(self.passage.spoken_text, self.speaker.reference, self.sampling.speed)
        return self.passage.pause_before_seconds + said + self.passage.pause_after_seconds


@dataclass(frozen=True)
class Piece:
    """A chunk of a line. Those of a long text are clips of their own: an edit speaks only what it touched again."""

    key: str  # the clip key of a line that has this text alone
    chunk: SpeechChunk
    joint: Joint  # how it goes over into the next one
    attempt: int  # of the line: another one has another key and sounds different
    language: str  # of its text

    @property
    def seconds(self) -> float:
        """How long it is planned to be, without the pause."""
        return seconds_of(self.chunk.frames)
