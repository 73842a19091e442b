"""The CPU code of three operations against torch's own, compiled against plain functions, and the attention kernels."""

from __future__ import annotations

import importlib.util
import logging
from typing import Any

import pytest
import torch
import torch._dynamo
from torch.nn import functional

from f5_pipeline.engine.f5.attention import (
    attend_by_head,
    attend_each,
    attend_flash,
    attend_varlen,
    choose_attention,
)
from f5_pipeline.engine.f5.kernels import Compiled, GappedConvolution, add_and_norm, fused, gelu_tanh, mish, rotate
from f5_pipeline.engine.f5.packed import make_layout
from tests.engine.f5.models import relative_error

CPU = torch.device("cpu")
WIDE = torch.cat([torch.linspace(-60, 60, 4001), torch.tensor([0.0, -0.0, 1e-20, 500.0, -500.0])])


def test_gelu() -> None:
    assert torch.allclose(gelu_tanh(WIDE), functional.gelu(WIDE, approximate="tanh"), atol=1e-5, rtol=1e-5)


def test_mish() -> None:
    assert torch.allclose(mish(WIDE), functional.mish(WIDE), atol=1e-5, rtol=1e-5)


def test_half_precision_is_rounded_once() -> None:
    """The error is at most half of the last of bfloat16's eight bits."""
    x = WIDE.bfloat16()
    for ours, exact in (
        (gelu_tanh(x), functional.gelu(x.double(), approximate="tanh")),
        (mish(x), functional.mish(x.double())),
    ):
        assert torch.allclose(ours.double(), exact, rtol=1.01 * 2**-8, atol=1e-6)


@pytest.mark.parametrize("heads", [4, 1])
@pytest.mark.parametrize("normed", [False, True])
def test_rotation_in_complex_and_in_real_numbers(heads: int, normed: bool) -> None:
    torch.manual_seed(0)
    qk, angles = torch.randn(50, 3, 4, 64)[:, :2], torch.randn(50, 32)
    norm = torch.rand(2, 1, 64) if normed else None
    turns = torch.polar(torch.ones_like(angles), angles)[:, None, None].expand(-1, 2, heads, -1).contiguous()
    real = rotate(qk, torch.stack([angles.cos(), angles.sin()], -1), heads, norm)
    assert torch.allclose(real, rotate(qk.clone(), turns, heads, norm), atol=1e-6)
    assert torch.equal(real[:, :, heads:], qk[:, :, heads:]) or normed


@pytest.fixture
def _fresh_compiler():
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    yield
    torch._dynamo.reset()


@pytest.mark.usefixtures("_fresh_compiler")
def test_a_function_compiled_once_gives_the_same_for_any_number_of_frames() -> None:
    """A batch of another size must not trigger a second compilation. "aot_eager" does everything but write kernels."""
    torch.manual_seed(0)
    compiled = [Compiled(function, "aot_eager") for function in (rotate, add_and_norm)]
    with torch.inference_mode():
        for frames in (50, 37, 400):
            qk, turns = torch.randn(frames, 3, 4, 64)[:, :2], torch.randn(frames, 32, 2)
            assert torch.allclose(compiled[0](qk, turns, 4, None), rotate(qk, turns, 4, None), atol=1e-6)
            h, x, (gate, weight, shift) = torch.randn(frames, 96), torch.randn(frames, 96), torch.randn(3, 96)
            plain = h.clone()
            normed = compiled[1](h, x, gate, weight, shift)
            assert torch.allclose(normed, add_and_norm(plain, x, gate, weight, shift), atol=1e-5)
            assert torch.allclose(h, plain)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 2


@pytest.mark.usefixtures("_fresh_compiler")
def test_a_function_that_cannot_be_compiled_runs_uncompiled(caplog: pytest.LogCaptureFixture) -> None:
    tried = []

    def backend(*_: Any) -> Any:
        tried.append(1)
        raise FileNotFoundError("no C compiler")

    twice = Compiled(add_and_norm, backend)
    for _ in range(2):
        assert torch.equal(*_add_and_norm(twice))
    assert tried == [1]
    _assert_warned(caplog, "no C compiler")


@pytest.mark.usefixtures("_fresh_compiler")
def test_a_python_release_that_torch_does_not_support(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def refuse(*_: Any, **__: Any) -> Any:
        tried.append(1)
        raise RuntimeError("torch.compile is not supported on Python 3.15+")

    monkeypatch.setattr(torch, "compile", refuse)
    twice = Compiled(add_and_norm)
    for _ in range(2):
        assert torch.equal(*_add_and_norm(twice))
    assert tried == [1]
    _assert_warned(caplog, "Python 3.15+")


@pytest.mark.usefixtures("_fresh_compiler")
@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 7 GiB"),
        RuntimeError("No valid triton configs. OutOfMemoryError: out of resource"),
        RuntimeError("Triton Error [CUDA]: out of memory"),
    ],
    ids=["torch's", "inductor's", "Triton's"],
)
def test_compilation_is_retried_after_it_ran_out_of_memory(error: Exception) -> None:
    tried = []

    def full_once(graph: Any, _: Any) -> Any:
        tried.append(1)
        if len(tried) == 1:
            raise error
        return graph.forward

    compiled = Compiled(add_and_norm, full_once)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        _add_and_norm(compiled)
    for _ in range(2):
        assert torch.equal(*_add_and_norm(compiled))
    assert tried == [1, 1]


@pytest.mark.usefixtures("_fresh_compiler")
def test_as_many_frames_as_norms_compile_too() -> None:
    torch.manual_seed(0)
    compiled, norm = Compiled(rotate, "aot_eager"), torch.rand(2, 1, 64)
    for frames in (2, 30, 7):
        qk, turns = torch.randn(frames, 3, 4, 64)[:, :2], torch.randn(frames, 32, 2)
        assert torch.allclose(compiled(qk, turns, 1, norm), rotate(qk, turns, 1, norm), atol=1e-6)


def _add_and_norm(function: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The function's result and the expected one."""
    torch.manual_seed(0)
    h, x, (gate, weight, shift) = torch.randn(9, 8), torch.randn(9, 8), torch.randn(3, 8)
    return function(h.clone(), x, gate, weight, shift), add_and_norm(h, x, gate, weight, shift)


def _assert_warned(caplog: pytest.LogCaptureFixture, cause: str) -> None:
    (record,) = [one for one in caplog.records if one.name == "f5_pipeline.engine.f5.kernels"]
    assert record.levelno == logging.WARNING
    assert "add_and_norm" in record.message
    assert cause in record.message


def test_nothing_is_compiled_on_a_cpu() -> None:
    assert fused(rotate, CPU) is rotate


@pytest.mark.parametrize("groups", [16, 2], ids=["small groups: matrix products", "large groups: torch's own"])
def test_convolution_stays_inside_each_sequence(groups: int) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Conv1d(96, 96, 31, groups=groups, padding=15)
    lengths = (40, 7, 1, 65)
    layout = make_layout(lengths, 15, CPU)
    frames = torch.randn(sum(lengths), 96)
    with torch.inference_mode():
        packed = GappedConvolution(layer.weight, layer.bias, groups)(frames, layout.gapped, layout.gapped_rows)
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


@pytest.mark.parametrize("spread", [1, 3], ids=["even attention weights", "concentrated attention weights"])
def test_attention_by_head(spread: float) -> None:
    torch.manual_seed(0)
    layout = make_layout((50, 1090, 3), 15, CPU)  # the second takes two blocks of queries
    q, k, v = torch.randn(3, 1143, 2, 64)
    q, k = spread * q, spread * k  # the standard deviation of the scores is spread²
    exact = attend_each(q, k, v, layout)
    assert torch.allclose(attend_by_head(q, k, v, layout), exact, atol=1e-5)
    half = [x.bfloat16() for x in (q, k, v)]
    ours, torchs = (attend(*half, layout).float() for attend in (attend_by_head, attend_each))
    assert relative_error(ours, exact) < 0.01 * spread**2
    assert relative_error(ours, exact) < 1.5 * relative_error(torchs, exact) + 0.005


@pytest.mark.parametrize(
    ("kind", "on", "half", "capability", "chosen"),
    [
        ("flash_attn", "cpu", True, 0, attend_by_head),
        ("flash_attn", "cpu", False, 0, attend_each),
        ("flash_attn", "cuda:0", True, 9, attend_flash),
        ("flash_attn", "cuda:0", False, 9, attend_each),
        ("torch", "cuda:0", True, 8, attend_varlen),
        ("torch", "cuda:0", True, 7, attend_each),  # a T4, which torch's kernel does not support
    ],
)
def test_the_choice_of_attention(
    kind: str, on: str, half: bool, capability: int, chosen: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (capability, 0))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "torch.nn.attention.varlen")
    assert choose_attention(kind, torch.device(on), half, 64) is chosen


@pytest.mark.parametrize(("kind", "head_dim"), [("flash_attn", 20), ("torch", 20), ("torch", 264)])
def test_head_widths_that_the_kernels_do_not_support(kind: str, head_dim: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    assert choose_attention(kind, torch.device("cuda:0"), True, head_dim) is attend_each


def test_a_torch_release_without_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert choose_attention("torch", torch.device("cuda:0"), True, 64) is attend_each


def test_equal_lengths_give_the_same_in_one_call() -> None:
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 12, 2, 8)
    together = attend_each(q, k, v, make_layout((4, 4, 4), 15, CPU))
    for start in (0, 4, 8):
        part = slice(start, start + 4)
        alone = attend_each(q[part], k[part], v[part], make_layout((4,), 15, CPU))
        assert torch.allclose(together[part], alone, atol=1e-6)
