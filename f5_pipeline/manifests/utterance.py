"""The values that travel through the pipeline: what to say (``Utterance``), with whose voice, sampled how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from f5_pipeline.models.spec import Sampling
from f5_pipeline.text.tags import pause_tag, voice_tag


@dataclass(frozen=True)
class Passage:
    """A part of an utterance with tags: what one voice says between two of them, and the silence around it."""

    spoken_text: str
    voice: str
    language: str
    speed: float  # as in ``Sampling``
    pause_before_seconds: float = 0.0  # only the first has one
    pause_after_seconds: float = 0.0


@dataclass(frozen=True)
class Utterance:
    """One line of a manifest, valid and fully resolved: row beats batch beats voice beats model default."""

    id: str
    row: int  # 1-based, as the user counts the rows of the manifest (without the header)
    text: str  # as written
    spoken_text: str  # after the text front end: what the model is given, in all passages
    voice: str  # that of the first passage
    model: str
    language: str
    sampling: Sampling
    seed: int | None = None  # None: derived from the other parts of the clip key
    max_attempts: int = 1
    section: str | None = None
    pause_after_seconds: float | None = None
    columns: Mapping[str, str] = field(default_factory=dict)  # the user's own, carried through to the index
    passages: tuple[Passage, ...] = ()  # empty: no tag shapes it, one voice says all of it

    @property
    def voices(self) -> tuple[str, ...]:
        """All that speak in it."""
        if not self.passages:  # nearly all, and a batch may have a million
            return (self.voice,)
        return tuple(dict.fromkeys([self.voice, *(passage.voice for passage in self.passages)]))

    @property
    def end_pauses(self) -> tuple[float, float]:
        """Seconds of silence that are asked for at its beginning and at its end."""
        if not self.passages:
            return 0.0, 0.0
        return self.passages[0].pause_before_seconds, self.passages[-1].pause_after_seconds

    @property
    def shown_text(self) -> str:
        """What is said, with pauses and changes of voice as they are written: for people to read."""
        if not self.passages:
            return self.spoken_text
        parts, voice = [], self.voice
        for passage in self.passages:
            parts += [pause_tag(passage.pause_before_seconds)] if passage.pause_before_seconds else []
            parts += [voice_tag(passage.voice)] if passage.voice != voice else []
            parts += [passage.spoken_text]
            parts += [pause_tag(passage.pause_after_seconds)] if passage.pause_after_seconds else []
            voice = passage.voice
        return " ".join(parts)


@dataclass(frozen=True)
class RejectedRow:
    """A row that cannot be spoken, and why; the reason is a sentence for the user."""

    id: str
    row: int
    text: str
    voice: str
    reason: str
    columns: Mapping[str, str] = field(default_factory=dict)
    section: str | None = None  # it would have been a part of
    voices: tuple[str, ...] = ()  # all that it names, also in tags
