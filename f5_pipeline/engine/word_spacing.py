"""An engine whose model wants room for a text's words (``text.spacing``). All else sees the text as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from f5_pipeline.engine.protocol import SpeechChunk, SpeechEngine, Spoken, reference_frames
from f5_pipeline.models.word_timing import WordTiming


class WordSpacingEngine:
    """Gives an engine each text with room for its words."""

    def __init__(self, engine: SpeechEngine, spacing: WordTiming) -> None:
        self._engine, self._spacing = engine, spacing

    def speak(self, chunks: Sequence[SpeechChunk]) -> Iterator[Spoken]:
        """See ``SpeechEngine``."""
        return self._engine.speak([self._spaced(chunk) for chunk in chunks])

    def _spaced(self, chunk: SpeechChunk) -> SpeechChunk:
        ref_frames = reference_frames(chunk.ref_seconds)
        ref_text, text = self._spacing.pad_pair(chunk.ref_text, chunk.text, ref_frames, chunk.frames)
        return replace(chunk, ref_text=ref_text, text=text)


def with_word_spacing(engine: SpeechEngine, spacing: WordTiming | None) -> SpeechEngine:
    """The engine, given texts as its model's table wants them, if it has one."""
    return engine if spacing is None else WordSpacingEngine(engine, spacing)
