"""Tests that need a GPU: its kernels against plain torch, and the engine on it against the engine on a CPU.

python -m pytest -m gpu tests/engine/f5
"""

from __future__ import annotations

import copy
import gc
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch._dynamo

from f5_pipeline.engine.f5.attention import attend_each, attend_flash, attend_varlen, choose_attention
from f5_pipeline.engine.f5.engine import F5Engine
from f5_pipeline.engine.f5.kernels import Compiled, GappedConvolution, add_and_norm, gelu_tanh, project_gelu, rotate
from f5_pipeline.engine.f5.packed import PackedDiT, make_layout
from f5_pipeline.engine.f5.sampler import SamplerInput, sample, time_steps
from tests.engine.f5.models import (
    ARCHITECTURES,
    CHUNK,
    backbone,
    demo_files,
    demo_spec,
    packed,
    relative_error,
    sampler_inputs,
)

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(600)]

GPU = torch.device("cuda", 0)
LENGTHS = (900, 40, 333, 1)
HALF = pytest.mark.parametrize(("precision", "bound"), [(torch.bfloat16, 0.03), (torch.float16, 0.005)])


@pytest.fixture(autouse=True)
def _no_fallback():
    """Beyond its limit of compiled variants torch would silently run uncompiled code."""
    torch._dynamo.reset()
    with torch._dynamo.config.patch(fail_on_recompile_limit_hit=True):
        yield
    torch._dynamo.reset()


def _attention(kernel: str) -> object:
    if kernel == "flash_attn":
        pytest.importorskip("flash_attn")
        return attend_flash
    return attend_varlen


@pytest.mark.parametrize("kernel", ["flash_attn", "torch"])
@HALF
def test_attention(kernel: str, precision: torch.dtype, bound: float) -> None:
    torch.manual_seed(0)
    layout = make_layout(LENGTHS, 15, GPU)
    qkv = torch.randn(sum(LENGTHS), 3, 4, 64, device=GPU, dtype=precision)
    q, k, v = qkv.unbind(1)  # strided, as in the engine
    ours = _attention(kernel)(q, k, v, layout)  # type: ignore[operator]
    assert relative_error(ours.float(), attend_each(q.float(), k.float(), v.float(), layout)) < bound


@HALF
def test_kernels(precision: torch.dtype, bound: float) -> None:
    torch.manual_seed(0)
    frames = sum(LENGTHS)
    compiled = {function: Compiled(function) for function in (rotate, add_and_norm)}
    norms = torch.rand(2, 1, 64, device=GPU)
    with torch.inference_mode():
        for count in (frames, frames // 2):
            qkv = torch.randn(count, 3, 4, 64, device=GPU).to(precision)
            qk, turns = qkv[:, :2], torch.randn(count, 32, 2, device=GPU)  # strided, as in the engine
            for heads, norm in ((4, None), (1, None), (4, norms), (1, norms)):
                ours = compiled[rotate](qk, turns, heads, None if norm is None else norm.to(precision))
                assert relative_error(ours.float(), rotate(qk.float(), turns, heads, norm)) < bound
            h, x = torch.randn(2, count, 96, device=GPU)
            gate, weight, shift = torch.randn(3, 96, device=GPU)
            half = [tensor.to(precision) for tensor in (h, x, gate, weight, shift)]
            normed, expected = compiled[add_and_norm](*half), add_and_norm(h, x, gate, weight, shift)
            assert relative_error(normed.float(), expected) < bound
            assert relative_error(half[0].float(), h) < bound
        x, weight, bias = (
            torch.randn(frames, 96, device=GPU),
            torch.randn(96, 128, device=GPU),
            torch.randn(128, device=GPU),
        )
        projected = project_gelu(x.to(precision), weight.to(precision), bias.to(precision))
        assert relative_error(projected.float(), gelu_tanh(torch.addmm(bias, x, weight))) < bound
        layer, layout = torch.nn.Conv1d(96, 96, 31, groups=16, padding=15).to(GPU), make_layout(LENGTHS, 15, GPU)
        convolution = GappedConvolution(layer.weight.to(precision), layer.bias.to(precision), 16)
        convolved = convolution(x.to(precision), layout.gapped, layout.gapped_rows)
        for part in layout.slices:
            assert relative_error(convolved[part].float(), layer(x[part].t()[None])[0].t()) < bound
    assert not [function for function, one in compiled.items() if one._compiled is function]  # none fell back


@pytest.mark.parametrize(
    ("precision", "bound"), [(torch.float32, 1e-3), (torch.bfloat16, 0.03), (torch.float16, 0.005)]
)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures(name: str, precision: torch.dtype, bound: float) -> None:
    """With random weights, the same as on a CPU in float32, within the bounds that ``test_sampler`` has for a CPU."""
    batch = sampler_inputs((90, 131, 400))
    with torch.inference_mode():
        expected = sample(packed(name), batch, time_steps(7, -1.0, torch.device("cpu")))
        attend = choose_attention("torch", GPU, precision.itemsize == 2, 32)
        model = PackedDiT(copy.deepcopy(backbone(name)).to(GPU), precision, attend)
        together = sample(model, [_on_gpu(one) for one in batch], time_steps(7, -1.0, GPU))
    assert model._rotate._compiled is not rotate
    assert model._add_and_norm._compiled is not add_and_norm
    for ours, theirs in zip(together, expected, strict=True):
        assert relative_error(ours.cpu(), theirs) < bound


@pytest.mark.parametrize(("precision", "bound"), [("float32", 1e-3), ("bfloat16", 0.03), ("float16", 0.005)])
def test_the_engine(precision: str, bound: float) -> None:
    """The same as on a CPU in float32, alone and in a batch; and the audio has a plausible level."""
    engine = F5Engine(demo_spec(), demo_files(), "cuda", precision)
    with torch.inference_mode():
        batch = sampler_inputs((90, 131, 400))
        on_gpu = [_on_gpu(one) for one in batch]
        together = sample(engine._model, on_gpu, time_steps(7, -1.0, GPU))
        expected = sample(packed("demo"), batch, time_steps(7, -1.0, torch.device("cpu")))
        for one, ours, theirs in zip(on_gpu, together, expected, strict=True):
            assert relative_error(ours.cpu(), theirs) < bound
            assert relative_error(sample(engine._model, [one], time_steps(7, -1.0, GPU))[0], ours) < bound
    for spoken in engine.speak([replace(CHUNK, seed=seed) for seed in range(5)]):
        assert spoken.samples is not None, spoken.error
        assert 0.02 < np.sqrt(np.mean(spoken.samples**2)) < 0.3


def test_out_of_memory() -> None:
    """On a nearly full GPU, batches shrink until they fit."""
    engine = F5Engine(demo_spec(), demo_files(), "cuda", batch_seconds=1200)
    budget = engine._runner.budget
    gc.collect()
    torch.cuda.empty_cache()  # frees the memory of earlier tests
    torch.cuda.set_per_process_memory_fraction(0.5 * 2**30 / torch.cuda.get_device_properties(GPU).total_memory, GPU)
    try:
        spoken = list(engine.speak([replace(CHUNK, seed=seed) for seed in range(128)]))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, GPU)
    assert not [one.error for one in spoken if one.error]
    assert len(spoken) == 128
    assert engine._runner.budget < budget  # the memory was exhausted at least once


def _on_gpu(one: SamplerInput) -> SamplerInput:
    return replace(one, tokens=one.tokens.to(GPU), reference=one.reference.to(GPU))
