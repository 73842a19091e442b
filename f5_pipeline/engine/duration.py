"""Planning: how long a text will take to say, which chunks it is spoken in, and which chunks share a batch. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

from f5_pipeline.engine.protocol import reference_frames, seconds_of
from f5_pipeline.models.word_timing import WordTiming
from f5_pipeline.text.chunking import Chunk, chunk_text

# How long a character takes to say, in Latin letters. F5-TTS counts UTF-8 bytes, which is about right for Latin (1)
# and Chinese (3 bytes, about three letters' time), but doubles Cyrillic, Greek, Hebrew and Arabic and triples Thai
# and Devanagari, whose letters take as long as Latin ones.
_SLOW_SCRIPTS = (
    (0x3400, 0x9FFF, 3.0),  # Chinese characters
    (0xF900, 0xFAFF, 3.0),
    (0x20000, 0x3FFFF, 3.0),
    (0x3040, 0x30FF, 2.0),  # kana: a mora each
    (0xAC00, 0xD7A3, 2.5),  # Hangul syllables
)
_FULL_WIDTH_MARK = 3.0  # "。" and its like stand for a mark and a space or two
# A text of a few letters is said more slowly than its share of a sentence: it has a beginning and an end of its own.
_SHORT_UNITS = 12.0
_SHORT_EXTRA_SECONDS = 0.25
_LONGEST_CHUNK_SECONDS = 20.0
_SHORTEST_CHUNK_SECONDS = 1.0
_LEAST_ROOM_SECONDS = 2.0


@dataclass(frozen=True)
class Reference:
    """The reference audio and text of a voice, as a measure of how fast it speaks."""

    text: str
    seconds: float  # of the audio that the model is given
    speech_seconds: float  # of it, without the silence at its end
    #: Whether the model spreads the characters of both texts evenly over the time of both. Then the text to speak must
    #: have exactly its share of the time, or the end of the reference's text is said in it.
    even: bool = False
    spacing: WordTiming | None = None  # how the model wants both texts written; their share is of what is written then

    @property
    def frames(self) -> int:
        """Mel frames of the audio, as the model's mel spectrogram counts them."""
        return reference_frames(self.seconds)

    @cached_property
    def seconds_per_unit(self) -> float:
        """How long one of its ``units`` takes. The space between the two texts belongs to the reference's."""
        seconds = self.seconds if self.even else self.speech_seconds
        return seconds / (self.units(self.text) if self.spacing else speech_units(self.text.rstrip()) + 1.0)

    def units(self, text: str) -> float:
        """How long a text takes to say, in what is measured: ``speech_units``, or tokens with room for words."""
        return float(max(1, self.spacing.tokens(text))) if self.spacing else speech_units(text)


@dataclass(frozen=True)
class PlannedChunk:
    """A piece of a text, how long it will be, and the silence after it."""

    text: str
    frames: int  # mel frames to generate
    pause_after_seconds: float


def speech_units(text: str) -> float:
    """How long a text takes to say, in Latin letters (spaces and marks count as one each)."""
    return float(len(text)) if text.isascii() else sum(_units(character) for character in text)


def _units(character: str) -> float:
    code = ord(character)
    if code < 0x300:
        return 1.0
    for first, last, units in _SLOW_SCRIPTS:
        if first <= code <= last:
            return units
    if unicodedata.combining(character):
        return 0.0
    return _FULL_WIDTH_MARK if unicodedata.east_asian_width(character) in "WF" else 1.0


def speech_seconds(text: str, reference: Reference, speed: float) -> float:
    """How long ``text`` takes in the voice of ``reference``: as long for a unit as the reference, divided by ``speed``,
    and a little more for a text of a few letters, where the model leaves the choice.
    """
    units = reference.units(text)
    extra = 0.0 if reference.even else _SHORT_EXTRA_SECONDS * max(0.0, 1.0 - units / _SHORT_UNITS)
    return (reference.seconds_per_unit * units + extra) / speed


def max_chunk_seconds(reference: Reference, max_seconds: float) -> float:
    """How much a model that was trained for ``max_seconds`` can say in one go after this reference; 0: too little."""
    room = min(max_seconds - reference.seconds, _LONGEST_CHUNK_SECONDS)
    return room if room >= _LEAST_ROOM_SECONDS else 0.0


def plan_chunks(text: str, reference: Reference, speed: float, max_seconds: float) -> list[PlannedChunk]:
    """Cut a text into chunks that the model can say.

    Raises:
        ValueError: the reference leaves no room (``max_chunk_seconds`` is 0).
    """
    chunks = chunk_text(
        text,
        limit=max_chunk_seconds(reference, max_seconds),
        cost=lambda piece: speech_seconds(piece, reference, speed),
        shortest=_SHORTEST_CHUNK_SECONDS,
    )
    if len(chunks) == 1:  # as it is: where pieces are put together, spaces between scripts may be lost
        chunks = [Chunk(text)]
    return [
        PlannedChunk(
            chunk.text,
            max(1, round(speech_seconds(chunk.text, reference, speed) / seconds_of(1))),
            chunk.pause_after_seconds,
        )
        for chunk in chunks
    ]


def pack(lengths: Sequence[int], groups: Sequence[Hashable], budget: int) -> list[list[int]]:
    """Batches of indices: each of one group, with at most ``budget`` frames in all (or a single longer item).

    Order is kept within a group: a packed batch has no padding, so sorting by length would win nothing, and a text's
    chunks stay together.
    """
    batches: list[list[int]] = []
    open_batches: dict[Hashable, tuple[list[int], int]] = {}
    for index, (length, group) in enumerate(zip(lengths, groups, strict=True)):
        batch, used = open_batches.get(group, ([], 0))
        if not batch or used + length > budget:
            batch, used = [], 0
            batches.append(batch)
        batch.append(index)
        open_batches[group] = (batch, used + length)
    return batches
