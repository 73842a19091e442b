"""Word spacing: pads the texts of a model that has a word timing table (``models.word_timing``).

Only the engine sees padded texts; keys, subtitles and the word check use the text as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from f5_pipeline.engine.protocol import Chunk, SpeechEngine, SpokenChunk, placement_of, reference_frames
from f5_pipeline.models.word_timing import WordTiming


class WordSpacingEngine:
    """An engine that receives every text padded to the time its words take."""

    def __init__(self, engine: SpeechEngine, word_timing: WordTiming) -> None:
        self._engine, self._word_timing = engine, word_timing

    @property
    def placement(self) -> str:
        """See ``placement_of``."""
        return placement_of(self._engine)

    def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
        """See ``SpeechEngine``."""
        return self._engine.speak([self._padded(chunk) for chunk in chunks])

    def _padded(self, chunk: Chunk) -> Chunk:
        ref_frames = reference_frames(chunk.ref_seconds)
        ref_text, text = self._word_timing.pad_pair(chunk.ref_text, chunk.text, ref_frames, chunk.frames)
        return replace(chunk, ref_text=ref_text, text=text)


def with_word_spacing(engine: SpeechEngine, word_timing: WordTiming | None) -> SpeechEngine:
    """The engine, with word spacing if its model has a word timing table."""
    return engine if word_timing is None else WordSpacingEngine(engine, word_timing)
