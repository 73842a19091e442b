"""The network in training gives the same as upstream's forward pass, which is used for synthesis."""

from __future__ import annotations

import torch

from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.settings.environment import Settings
from training.network import Average, build, read_characters, rotations, spread, velocity

ARCH = dict(load_catalogue(Settings())["demo"].arch)
TOKENS, FRAMES = 32, 90


def test_the_velocity_equals_upstreams() -> None:
    torch.manual_seed(3)
    transformer = build(ARCH, TOKENS)  # in training mode
    noisy, given = torch.randn(2, FRAMES, 100), torch.randn(2, FRAMES, 100)
    given[:, 40:] = 0
    time = torch.tensor([0.1, 0.8])
    tokens = torch.full((2, 30), -1)
    tokens[0, :30], tokens[1, :17] = torch.randint(TOKENS, (30,)), torch.randint(TOKENS, (17,))
    with torch.no_grad():
        theirs = transformer(noisy, given, tokens, time, mask=torch.ones(2, FRAMES, dtype=torch.bool))
        read, present = read_characters(transformer.text_embed, tokens)
        text = spread(read, present.sum(1), FRAMES)
        ours, tapped = velocity(transformer, noisy, given, text, time, *rotations(transformer, FRAMES))
    assert tapped.shape == (2, FRAMES, ARCH["dim"])
    assert theirs.abs().mean() > 0.01
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_a_dropped_text_equals_upstreams() -> None:
    torch.manual_seed(4)
    transformer = build(ARCH, TOKENS).eval()
    tokens = torch.randint(TOKENS, (1, 12))
    with torch.no_grad():
        theirs = transformer.text_embed(tokens, FRAMES, drop_text=True)
        read, present = read_characters(transformer.text_embed, tokens, torch.tensor([True]))
        ours = spread(read, present.sum(1), FRAMES)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_the_average_follows_and_can_be_restored() -> None:
    network = torch.nn.Linear(3, 2)
    average = Average(network)
    before = [value.clone() for value in average.values]
    with torch.no_grad():
        network.weight.add_(1.0)
    for _ in range(500):
        average.update()
    assert torch.allclose(average.values[0], network.weight, atol=1e-3)
    other = Average(torch.nn.Linear(3, 2))
    other.load(average.state())
    assert torch.equal(other.values[0], average.values[0])
    assert not torch.allclose(before[0], average.values[0])
