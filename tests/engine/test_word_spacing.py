"""Between the pipeline and the engine: a model with a table of durations is given room for its words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from f5_pipeline.engine.f5.engine import F5Engine
from f5_pipeline.engine.loading import load_f5_engine
from f5_pipeline.engine.protocol import Chunk, SpokenChunk
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


class Recording:
    """Remembers what it was asked to say."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []

    def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
        self.chunks += chunks
        return iter([SpokenChunk(index, np.zeros(1, np.float32)) for index in range(len(chunks))])


def test_a_model_without_a_table_is_given_the_text_as_it_is() -> None:
    engine = Recording()
    assert with_word_spacing(engine, None) is engine


def test_a_model_with_one_is_given_room_for_the_words_and_all_else_as_it_was() -> None:
    spacing, engine = WordTiming(1.0, {"#river": 80.0, "#a": 6.0}), Recording()
    spoken = list(with_word_spacing(engine, spacing).speak([CHUNK, CHUNK]))
    assert [one.index for one in spoken] == [0, 1]
    for given in engine.chunks:
        assert given.ref_text.split() == CHUNK.ref_text.split()
        assert given.text.startswith(" " * 40)  # what the reference's last word needs comes first
        both = given.ref_text + given.text
        begins = len(both) - len(given.text.lstrip())
        assert begins / len(both) == pytest.approx(291 / (291 + CHUNK.frames), abs=1 / len(both))
        assert replace(given, text=CHUNK.text, ref_text=CHUNK.ref_text) == CHUNK
    assert CHUNK.text == "a small boat on the lake."


def test_said_faster_a_text_has_a_smaller_share() -> None:
    spacing, engine = WordTiming(1.0, {"^": 20.0}), Recording()
    chunks = [replace(CHUNK, frames=frames) for frames in (260, 130, 65)]
    list(with_word_spacing(engine, spacing).speak(chunks))
    shares = [len(given.text) / len(given.ref_text) for given in engine.chunks]
    assert [share / shares[1] for share in shares] == pytest.approx([2.0, 1.0, 0.5], rel=0.3)


def test_a_run_gives_a_model_the_room_that_its_table_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a run loads it: the same sound as that of the bare engine for a text with these spaces, and for no other."""
    monkeypatch.setenv("F5_DEVICE", "cpu")
    model = ReadyModel(demo_spec(), demo_files())
    assert model.word_timing is not None
    ref_text, text = model.word_timing.pad_pair(CHUNK.ref_text, CHUNK.text, 291, CHUNK.frames)
    # Whoever changes this changes what every line of such a model sounds like: ENGINE_VERSION.
    assert ref_text == "a quick     brown    fox         jumps        over   the lazy     dog     near the river. "
    assert text == "       a small     boat      on   the lake.       "
    bare = F5Engine(model.spec, model.files, "cpu")
    (wanted,) = load_f5_engine(model).speak([CHUNK])
    (spaced,) = bare.speak([replace(CHUNK, ref_text=ref_text, text=text)])
    (plain,) = bare.speak([CHUNK])
    assert wanted.samples is not None
    assert spaced.samples is not None
    assert plain.samples is not None
    assert np.array_equal(wanted.samples, spaced.samples)
    assert not np.allclose(wanted.samples, plain.samples, atol=0.01)
