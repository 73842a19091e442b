"""Resolved lines of a manifest: ``Utterance``, its ``Passage`` parts, and ``RejectedRow``. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from f5_pipeline.models.spec import Sampling
from f5_pipeline.text.tag_syntax import pause_tag, voice_tag


@dataclass(frozen=True)
class Passage:
    """A part of an utterance between two tags: one voice, and the pauses around it."""

    spoken_text: str
    voice: str
    language: str
    speed: float  # as in ``Sampling``
    pause_before_seconds: float = 0.0  # 0 except in the first passage
    pause_after_seconds: float = 0.0


@dataclass(frozen=True)
class TimeSlot:
    """The time of an utterance on the time line of its section, in seconds."""

    start: float
    end: float | None = None
    next_start: float | None = None  # the first later start in its section
    fit: bool = False  # its speech rate is still to be chosen, so that it ends in time

    @property
    def seconds(self) -> float | None:
        """The time for its speech: to its end, or else to the next start. None: any time."""
        end = self.next_start if self.end is None else self.end
        return None if end is None else end - self.start

    @property
    def limit_seconds(self) -> float | None:
        """When it must be over, counted from its start: at its end or at the next start, whichever is later."""
        if self.next_start is None:
            return None
        return max(self.next_start, self.end or 0.0) - self.start


@dataclass(frozen=True)
class Decision:
    """What a listener decided about a line, as it concerns its clip. ``manifests.decisions`` reads decisions."""

    action: Literal["", "accept", "respeak"] = ""
    take: int = 0  # accept: the take to keep; respeak: the last of the takes to leave behind
    key: str = ""  # the clip key of the take that was heard: the action is only about this clip; "": any clip
    note: str = ""
    original_text: str = ""  # of the manifest, if the listener changed the text


@dataclass(frozen=True)
class Utterance:
    """One line of a manifest, validated and fully resolved: row beats batch beats voice beats model default."""

    id: str
    row: int  # 1-based row number in the manifest, without the header
    text: str  # as in the manifest
    spoken_text: str  # after the text front end; the text of all passages
    voice: str  # of the first passage
    model: str
    language: str
    sampling: Sampling
    seed: int | None = None  # None: derived from the other parts of the clip key
    max_attempts: int = 1
    takes: int = 1  # that are spoken even if the first is ok
    section: str | None = None
    pause_after_seconds: float | None = None
    columns: Mapping[str, str] = field(default_factory=dict)  # the user's own columns, copied to the index
    slot: TimeSlot | None = None  # None: it has no time, or the batch ignores times
    passages: tuple[Passage, ...] = ()  # empty if one voice speaks the whole text without a tagged pause
    language_source: str = ""  # what the language follows from: "row", "batch", "voice", "script Latin", "model"
    unsayable: Literal["reject", "drop"] = "reject"  # signs that the model cannot say, as in the batch settings
    notes: tuple[str, ...] = ()  # how the row was read, where a user may not expect it: sentences
    decision: Decision | None = None  # of a listener

    @property
    def voices(self) -> tuple[str, ...]:
        """All voices of the utterance, the first passage's first."""
        if not self.passages:  # the usual case, on the fast path for batches of a million lines
            return (self.voice,)
        return tuple(dict.fromkeys([self.voice, *(passage.voice for passage in self.passages)]))

    @property
    def end_pauses(self) -> tuple[float, float]:
        """Seconds of the tagged pauses at the beginning and at the end."""
        if not self.passages:
            return 0.0, 0.0
        return self.passages[0].pause_before_seconds, self.passages[-1].pause_after_seconds

    @property
    def shown_text(self) -> str:
        """The spoken text with its pause and voice tags, for people to read."""
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
    """A row that cannot be spoken; ``reason`` is a sentence for the user."""

    id: str
    row: int
    text: str
    voice: str
    reason: str
    columns: Mapping[str, str] = field(default_factory=dict)
    section: str | None = None  # None: no section, or an invalid one
    voices: tuple[str, ...] = ()  # all voices that the row names, including those in tags
