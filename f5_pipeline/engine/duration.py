"""Duration and chunk planning: how long a text takes to say, which chunks it is cut into, which chunks share a batch.

All functions are pure. Texts are cut in ``text.chunking``; word timing tables are in ``models.word_timing``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

from f5_pipeline.engine.protocol import reference_frames, seconds_of
from f5_pipeline.models.word_timing import WordTiming
from f5_pipeline.text.chunking import TextChunk, chunk_text

# How long a character takes to say, in Latin letters. F5-TTS counts UTF-8 bytes, which is about right for Latin (1)
# and Chinese (3 bytes, about the time of three letters), but doubles Cyrillic, Greek, Hebrew and Arabic and triples
# Thai and Devanagari, whose letters take as long as Latin ones.
_SLOW_SCRIPTS = (
    (0x3400, 0x9FFF, 3.0),  # Chinese characters
    (0xF900, 0xFAFF, 3.0),
    (0x20000, 0x3FFFF, 3.0),
    (0x3040, 0x30FF, 2.0),  # kana: one mora each
    (0xAC00, 0xD7A3, 2.5),  # Hangul syllables
)
_FULL_WIDTH_MARK = 3.0  # a full-width mark such as "。" stands for a mark and one or two spaces
# A text of a few letters is said more slowly than its share of a sentence: it has its own onset and final lengthening.
_SHORT_UNITS = 12.0
_SHORT_EXTRA_SECONDS = 0.25
_LONGEST_CHUNK_SECONDS = 20.0
_SHORTEST_CHUNK_SECONDS = 1.0
_LEAST_CHUNK_LIMIT_SECONDS = 2.0


@dataclass(frozen=True)
class Reference:
    """The reference audio and text of a voice, as a measure of its speech rate."""

    text: str
    seconds: float  # of the audio that the model receives
    speech_seconds: float  # of that, without the silence at its end
    #: True if the model spreads the characters of both texts evenly over the total duration. Then the text to speak
    #: must get exactly its share of the time, or the end of the reference's text is spoken in it.
    even: bool = False
    word_timing: WordTiming | None = None  # pads both texts; then the share is that of the padded text

    @property
    def frames(self) -> int:
        """Mel frames of the audio, as the model's mel spectrogram counts them."""
        return reference_frames(self.seconds)

    @cached_property
    def seconds_per_unit(self) -> float:
        """Seconds for one of its ``units``. The space between the two texts belongs to the reference's."""
        seconds = self.seconds if self.even else self.speech_seconds
        return seconds / (self.units(self.text) if self.word_timing else speech_units(self.text.rstrip()) + 1.0)

    def units(self, text: str) -> float:
        """The length of a text in the units that are proportional to time: ``speech_units``, or padded tokens."""
        return float(max(1, self.word_timing.tokens(text))) if self.word_timing else speech_units(text)


def speech_units(text: str) -> float:
    """How long a text takes to say, in Latin letters; spaces and marks count as one each."""
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
    """The duration of ``text`` in the voice of ``reference``, in seconds.

    The reference's seconds per unit, times the units of the text, divided by ``speed``; a text of a few letters gets
    a little more, unless the model spreads characters evenly.
    """
    units = reference.units(text)
    extra = 0.0 if reference.even else _SHORT_EXTRA_SECONDS * max(0.0, 1.0 - units / _SHORT_UNITS)
    return (reference.seconds_per_unit * units + extra) / speed


def speech_frames(text: str, reference: Reference, speed: float) -> int:
    """The duration of ``text`` in mel frames, at least one."""
    return max(1, round(speech_seconds(text, reference, speed) / seconds_of(1)))


def max_chunk_seconds(reference: Reference, max_seconds: float) -> float:
    """The longest chunk after this reference, for a model trained for ``max_seconds`` in all; 0 if too short."""
    limit = min(max_seconds - reference.seconds, _LONGEST_CHUNK_SECONDS)
    return limit if limit >= _LEAST_CHUNK_LIMIT_SECONDS else 0.0


def plan_chunks(text: str, reference: Reference, speed: float, max_seconds: float) -> list[TextChunk]:
    """Cut a text into chunks that the model can speak in one pass.

    Raises:
        ValueError: the reference leaves no time for speech (``max_chunk_seconds`` is 0).
    """
    chunks = chunk_text(
        text,
        limit=max_chunk_seconds(reference, max_seconds),
        cost=lambda part: speech_seconds(part, reference, speed),
        shortest=_SHORTEST_CHUNK_SECONDS,
    )
    # A text that fits keeps its white space: where parts are joined, spaces between scripts may be lost.
    return [TextChunk(text)] if len(chunks) == 1 else chunks


def pack(lengths: Sequence[int], groups: Sequence[Hashable], budget: int) -> list[list[int]]:
    """Batches of indices: each batch has items of one group and at most ``budget`` frames, or a single longer item.

    The order within a group is kept: a packed batch has no padding, so sorting by length gains nothing, and the chunks
    of a text stay together.
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
