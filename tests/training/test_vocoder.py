"""The vocoder's training: discriminators, and resuming."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training import vocoder
from training.discriminators import Discriminators
from training.recipe import Recipe, load
from training.stages import _VOCODER_CONFIG

STEPS = 4


class Interrupted(Exception):
    pass


@pytest.fixture
def recipe() -> Recipe:
    toy = load("toy_timed")
    settings = toy.vocoder.model_copy(update={"steps": STEPS, "adversarial": 0.5, "segments": 2})
    return toy.model_copy(update={"vocoder": settings, "start": ""})


def test_an_interrupted_vocoder_resumes(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same weights as an uninterrupted one; and the discriminators take part in the last half of the steps."""
    import torch

    audio = (np.random.default_rng(1).standard_normal(20_000) * 3000).astype(np.int16)
    config, real = tmp_path / "vocos.yaml", vocoder._State.step
    config.write_text(_VOCODER_CONFIG)
    steps: list[int] = []
    losses: dict[int, set[str]] = {}

    def step(self: vocoder._State, number: int, target: Any) -> dict[str, float]:
        if number == STEPS - 1 and number not in steps:
            steps.append(number)
            raise Interrupted
        steps.append(number)
        found = real(self, number, target)
        losses[number] = set(found)
        return found

    vocoder.train(recipe, config, audio, tmp_path / "whole.pt")
    monkeypatch.setattr(vocoder._State, "step", step)
    monkeypatch.setattr(vocoder, "_SAVE", 0.0)
    with pytest.raises(Interrupted):
        vocoder.train(recipe, config, audio, tmp_path / "parts.pt")
    assert not (tmp_path / "parts.pt").exists()
    vocoder.train(recipe, config, audio, tmp_path / "parts.pt")
    assert steps == [0, 1, 2, 3, 3]
    assert {number: "adversarial" in names for number, names in losses.items()} == {0: 0, 1: 0, 2: 1, 3: 1}
    whole, parts = (torch.load(tmp_path / name, weights_only=True) for name in ("whole.pt", "parts.pt"))
    assert all(torch.allclose(whole[name], parts[name], atol=1e-4) for name in whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts.pt", "vocos.yaml", "whole.pt"]


def test_discriminators_learn_to_tell_speech_apart() -> None:
    import torch

    torch.manual_seed(1)
    judges = Discriminators("cpu")
    real, made = torch.sin(torch.arange(4096) / 9).repeat(2, 1), torch.randn(2, 4096) * 0.1
    optimiser = torch.optim.AdamW(judges.networks.parameters(), lr=2e-3)
    before = judges.own_loss(real, made).item()
    for _ in range(12):
        optimiser.zero_grad()
        judges.own_loss(real, made).backward()
        optimiser.step()
    assert judges.own_loss(real, made).item() < 0.7 * before
    adversarial, features = judges.vocoder_losses(real, made)
    fooled, none = judges.vocoder_losses(real, real)
    assert fooled < adversarial
    assert none.item() == 0 < features.item()
