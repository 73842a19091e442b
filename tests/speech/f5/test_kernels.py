"""The CPU forms of three operations against torch's own, and attention kernels against each other."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from f5_pipeline.speech.f5.attention import attend_each
from f5_pipeline.speech.f5.kernels import SpacedConvolution, gelu_tanh, mish
from f5_pipeline.speech.f5.packed import make_layout

CPU = torch.device("cpu")
WIDE = torch.cat([torch.linspace(-60, 60, 4001), torch.tensor([0.0, -0.0, 1e-20, 500.0, -500.0])])


def test_gelu() -> None:
    assert torch.allclose(gelu_tanh(WIDE), functional.gelu(WIDE, approximate="tanh"), atol=1e-5, rtol=1e-5)


def test_mish() -> None:
    assert torch.allclose(mish(WIDE), functional.mish(WIDE), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("groups", [16, 2], ids=["small groups: as matrix products", "large groups: torch's own"])
def test_convolution_stays_inside_each_sequence(groups: int) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Conv1d(96, 96, 31, groups=groups, padding=15)
    lengths = (40, 7, 1, 65)
    layout = make_layout(lengths, 15, CPU)
    frames = torch.randn(sum(lengths), 96)
    with torch.inference_mode():
        packed = SpacedConvolution(layer.weight, layer.bias, groups)(frames, layout.spaced, layout.spaced_rows)
        for part in layout.slices:
            alone = layer(frames[part].t()[None])[0].t()
            assert torch.allclose(packed[part], alone, atol=1e-5)


def test_attention_stays_inside_each_sequence() -> None:
    torch.manual_seed(0)
    layout = make_layout((5, 9, 3), 15, CPU)
    q, k, v = torch.randn(3, 17, 2, 8)
    out = attend_each(q, k, v, layout)
    for part in layout.slices:
        weights = torch.einsum("qhd,khd->hqk", q[part], k[part]).mul(8**-0.5).softmax(-1)
        assert torch.allclose(out[part], torch.einsum("hqk,khd->qhd", weights, v[part]), atol=1e-5)


def test_equal_lengths_take_one_call_and_give_the_same() -> None:
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 12, 2, 8)
    together = attend_each(q, k, v, make_layout((4, 4, 4), 15, CPU))
    for start in (0, 4, 8):
        part = slice(start, start + 4)
        alone = attend_each(q[part], k[part], v[part], make_layout((4,), 15, CPU))
        assert torch.allclose(together[part], alone, atol=1e-6)
