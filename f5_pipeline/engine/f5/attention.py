"""Attention over a packed batch, one function per kernel. Each takes q, k, v (T, H, d) and returns (T, H, d)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, device

    from f5_pipeline.engine.f5.packed import Attend, Layout

_ROWS = 1024  # of queries that a head works on together
_WIDEST = 256  # channels of a head, which flash attention takes in eights


def attend_each(q: Tensor, k: Tensor, v: Tensor, layout: Layout) -> Tensor:
    """One call of torch's attention per sequence (one for all where they are equally long): right everywhere."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    if len(set(layout.lengths)) == 1:
        shape = (len(layout.lengths), layout.lengths[0], *q.shape[1:])
        q4, k4, v4 = (x.reshape(shape).transpose(1, 2) for x in (q, k, v))
        return scaled_dot_product_attention(q4, k4, v4).transpose(1, 2).reshape(q.shape)
    out = torch.empty(q.shape, dtype=q.dtype, device=q.device)
    for part in layout.slices:
        q4, k4, v4 = (x[part].transpose(0, 1)[None] for x in (q, k, v))
        out[part] = scaled_dot_product_attention(q4, k4, v4)[0].transpose(0, 1)
    return out


def attend_by_head(q: Tensor, k: Tensor, v: Tensor, layout: Layout) -> Tensor:
    """As products of matrices, a head at a time: on a CPU in half precision 1.7 times as fast as torch's attention.

    torch's kernel works on parts of a matrix too small for the bfloat16 product to reach its rate. These are large
    enough, and keep a long utterance from needing memory by the square of its length.
    """
    import torch

    q = q * q.shape[-1] ** -0.5
    out = torch.empty(q.shape, dtype=q.dtype, device=q.device)
    for part in layout.slices:
        for head in range(q.shape[1]):
            for rows, attended in zip(q[part, head].split(_ROWS), out[part, head].split(_ROWS), strict=True):
                attended.copy_((rows @ k[part, head].t()).softmax(-1) @ v[part, head])
    return out


def attend_flash(q: Tensor, k: Tensor, v: Tensor, layout: Layout) -> Tensor:
    """The flash_attn package's variable-length kernel (CUDA, half precision): one launch for the batch."""
    from flash_attn import flash_attn_varlen_func

    longest = max(layout.lengths)
    return flash_attn_varlen_func(q, k, v, layout.bounds, layout.bounds, longest, longest)


def attend_varlen(q: Tensor, k: Tensor, v: Tensor, layout: Layout) -> Tensor:
    """torch's own variable-length attention (CUDA, half precision): one launch for the batch."""
    from torch.nn.attention.varlen import varlen_attn

    longest = max(layout.lengths)
    out = varlen_attn(q, k, v, layout.bounds, layout.bounds, longest, longest)
    assert not isinstance(out, tuple)  # a tuple only where auxiliary outputs are asked for
    return out


def choose_attention(kind: str, on: device, half_precision: bool, head_width: int) -> Attend:
    """The kernel for a device. ``kind`` is what the environment proved: "flash_attn" or "torch"."""
    import importlib.util

    import torch

    if not half_precision:
        return attend_each
    if on.type != "cuda":
        return attend_by_head
    if head_width % 8 or head_width > _WIDEST:
        return attend_each
    if kind == "flash_attn":
        return attend_flash
    # torch's kernel needs an Ampere, and a torch of 2025.
    new = torch.cuda.get_device_capability(on)[0] >= 8 and importlib.util.find_spec("torch.nn.attention.varlen")
    return attend_varlen if new else attend_each
