"""The expected shapes equal those that the real classes allocate."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest

from f5_pipeline.engine.f5.upstream import prepare_imports
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.shapes import expected_shapes, expected_vocos_shapes
from f5_pipeline.settings.environment import Settings

_CATALOGUE = load_catalogue(Settings())
_SMALL: dict[str, Any] = {"dim": 32, "depth": 2, "heads": 2, "dim_head": 8}


@pytest.mark.parametrize(
    "arch",
    [
        *(_CATALOGUE[name].arch for name in ("demo", "F5TTS_v1_Base", "F5TTS_Base")),
        _SMALL,
        {**_SMALL, "qk_norm": "rms_norm", "text_dim": 20, "conv_layers": 1, "ff_mult": 3},
    ],
)
def test_the_expected_shapes_are_those_of_upstreams_dit(arch: dict[str, Any]) -> None:
    prepare_imports()
    import torch
    from f5_tts.model import DiT

    with torch.device("meta"):
        real = DiT(**arch, text_num_embeds=77).state_dict()
    assert expected_shapes(arch, 77) == {name: tuple(value.shape) for name, value in real.items()}


def test_the_expected_vocos_shapes_are_those_of_vocos() -> None:
    prepare_imports()
    from vocos import Vocos

    vocos = Vocos.from_hparams(str(files("f5_pipeline.demo").joinpath("vocos/config.yaml")))
    learned = {name: tuple(value.shape) for name, value in vocos.named_parameters()}
    assert expected_vocos_shapes(100, 192, 512, 4, 1024) == learned


def test_the_embedded_model_matches_its_entry() -> None:
    """``weights`` relies on this test instead of checking the embedded files at each start."""
    from f5_pipeline.models.files import place
    from f5_pipeline.models.proof import prove_checkpoint, prove_vocoder
    from f5_pipeline.models.source import parse_source
    from f5_pipeline.models.word_timing import read_word_timing
    from f5_pipeline.storage.pinned import sha256_of

    demo = _CATALOGUE["demo"]
    paths = {key: place(parse_source(file.source), None) for key, file in demo.files.items()}
    for key, path in paths.items():
        assert path is not None
        assert (sha256_of(path), path.stat().st_size) == (demo.files[key].sha256, demo.files[key].size)
    checkpoint, vocabulary, config, weights, spacing = (path for path in paths.values() if path is not None)
    prove_checkpoint(demo, checkpoint, vocabulary)
    prove_vocoder(demo, config, weights)
    read_word_timing("demo", spacing)
