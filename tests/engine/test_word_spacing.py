"""Word spacing: a model with word timing receives padded text, so that each word has the time that it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from f5_pipeline.engine.f5.engine import F5Engine
from f5_pipeline.engine.loading import load_f5_engine
from f5_pipeline.engine.protocol import Chunk, SpokenChunk, placement_of
from f5_pipeline.engine.word_spacing import with_word_spacing
from f5_pipeline.models.spec import Sampling
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.models.word_timing import WordTiming
from tests.engine.f5.models import VOICES, demo_files, demo_spec

CHUNK = Chunk(
    "a small boat on the lake.",
    str(VOICES / "m3.wav"),
    3.1,
    "a quick brown fox jumps over the lazy dog near the river. ",
    130,
    Sampling(3, 1.0, -1.0, 1.0, 0.15),
    7,
)
REF_FRAMES = 291  # of its 3.1 s reference


class RecordingEngine:
    """Records the chunks that it receives."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []

    def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
        self.chunks += chunks
        return iter([SpokenChunk(index, np.zeros(1, np.float32)) for index in range(len(chunks))])


def test_a_model_without_word_timing_receives_the_text_unchanged() -> None:
    engine = RecordingEngine()
    assert with_word_spacing(engine, None) is engine


def test_the_engine_below_says_where_it_speaks() -> None:
    engine = RecordingEngine()
    padded = with_word_spacing(engine, WordTiming(1.0, {}))
    assert placement_of(padded) == ""
    engine.placement = "cuda:0"  # type: ignore[attr-defined]
    assert placement_of(padded) == "cuda:0"


def test_a_model_with_word_timing_receives_padded_text_and_all_else_unchanged() -> None:
    word_timing, engine = WordTiming(1.0, {"#river": 80.0, "#a": 6.0}), RecordingEngine()
    spoken = list(with_word_spacing(engine, word_timing).speak([CHUNK, CHUNK]))
    assert [chunk.index for chunk in spoken] == [0, 1]
    for chunk in engine.chunks:
        assert chunk.ref_text.split() == CHUNK.ref_text.split()
        assert chunk.text.startswith(" " * 40)  # the padding of the reference's last word comes first
        padded = chunk.ref_text + chunk.text
        first_word = len(padded) - len(chunk.text.lstrip())
        share = REF_FRAMES / (REF_FRAMES + CHUNK.frames)
        assert first_word / len(padded) == pytest.approx(share, abs=1 / len(padded))
        assert replace(chunk, text=CHUNK.text, ref_text=CHUNK.ref_text) == CHUNK
    assert CHUNK.text == "a small boat on the lake."


def test_a_faster_text_has_a_smaller_share_of_the_tokens() -> None:
    word_timing, engine = WordTiming(1.0, {"^": 20.0}), RecordingEngine()
    chunks = [replace(CHUNK, frames=frames) for frames in (260, 130, 65)]
    list(with_word_spacing(engine, word_timing).speak(chunks))
    shares = [len(chunk.text) / len(chunk.ref_text) for chunk in engine.chunks]
    assert [share / shares[1] for share in shares] == pytest.approx([2.0, 1.0, 0.5], rel=0.3)


def test_a_loaded_engine_pads_the_text_of_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its samples are those of the bare engine for the padded text, and differ from those for the unpadded text."""
    monkeypatch.setenv("F5_DEVICE", "cpu")
    model = ReadyModel(demo_spec(), demo_files())
    assert model.word_timing is not None
    ref_text, text = model.word_timing.pad_pair(CHUNK.ref_text, CHUNK.text, REF_FRAMES, CHUNK.frames)
    # A change changes the sound of every line of such a model, so it needs a new ENGINE_VERSION.
    assert ref_text == "a quick     brown    fox         jumps        over   the lazy     dog     near the river. "
    assert text == "       a small     boat      on   the lake.       "
    bare = F5Engine(model.spec, model.files, "cpu")
    (loaded,) = load_f5_engine(model).speak([CHUNK])
    (padded,) = bare.speak([replace(CHUNK, ref_text=ref_text, text=text)])
    (unpadded,) = bare.speak([CHUNK])
    assert loaded.samples is not None
    assert padded.samples is not None
    assert unpadded.samples is not None
    assert np.array_equal(loaded.samples, padded.samples)
    assert not np.allclose(loaded.samples, unpadded.samples, atol=0.01)
