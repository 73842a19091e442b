"""The cost of a line follows the work of the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from f5_pipeline.cluster.cost import cost_of
from f5_pipeline.engine.duration import Reference
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.spec import Sampling
from f5_pipeline.models.weights import ModelFiles, ReadyModel
from f5_pipeline.settings.environment import Settings
from f5_pipeline.synthesis.request import Speaker, SynthesisRequest
from f5_pipeline.voices.voice import Voice

MODEL_FILES = ModelFiles(Path(), Path(), Path(), "0" * 64, {}, 0.0, 0)
MODEL = ReadyModel(load_catalogue(Settings())["demo"], MODEL_FILES)


def line(text: str, **sampling: float) -> SynthesisRequest:
    utterance = Utterance(
        "a", 1, text, text, "f2", "demo", "en", replace(Sampling(16, 2.0, None, 1.0, 0.15), **sampling)
    )
    speaker = Speaker(Voice("f2", ()), Reference("how fast it is spoken", 3.0, 2.0))
    return SynthesisRequest(utterance, MODEL, (speaker,))


def test_the_cost_follows_length_steps_guidance_and_chunks() -> None:
    short, long = cost_of(line("six words are in this line")), cost_of(line("six words are in this line " * 4))
    assert short < long < 4 * short  # the reference passes through the model with each
    assert cost_of(line("a word", nfe_step=32)) == pytest.approx(2 * cost_of(line("a word")))
    assert cost_of(line("a word " * 9, cfg_strength=0.0)) < 0.6 * cost_of(line("a word " * 9))
    text = "a text that is spoken in many chunks, each with the reference. " * 40
    assert cost_of(line(text * 2)) == pytest.approx(2 * cost_of(line(text)), rel=0.05)
