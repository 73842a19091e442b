"""F5's DiT over *packed* sequences: utterances of any lengths laid end to end, without padding or masks.

Upstream pads a batch to its longest row and, with the configurations it ships, lets attention read the padding.
Packing leaves nothing to mask: linear layers see one long sequence, attention and the positional convolution stay
inside each utterance. So an utterance sounds the same alone and in company, and no work is spent on padding.

The weights are upstream's own modules'; only the order of computation differs:
  * the text and reference parts of the input projection do not change from step to step: computed once;
  * all rows share one time step, so AdaLN's modulation is a LayerNorm with weight ``1 + scale`` and bias ``shift``;
  * queries, keys and values come from one matrix product; rotary pairs are moved half a head apart, which leaves
    every product of a query with a key as it was.

Shapes: T frames in total, R sequences, D model width, H heads, d head width, S steps. No sampling loop here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from f5_pipeline.speech.f5.kernels import SpacedConvolution, gelu_tanh, mish

if TYPE_CHECKING:
    from torch import Tensor, device, dtype

Attend = Callable[["Tensor", "Tensor", "Tensor", "Layout"], "Tensor"]


@dataclass(frozen=True)
class Layout:
    """Where each sequence of a packed batch lies.

    ``spaced`` are the rows of the frames in a layout with ``gap`` empty rows around each sequence, in which a
    convolution of half-width ``gap`` cannot reach from one sequence into the next.
    """

    lengths: tuple[int, ...]  # frames of each sequence
    positions: Tensor  # (T,) int64: index of each frame within its sequence
    spaced: Tensor  # (T,) int64
    spaced_rows: int
    bounds: Tensor  # (R + 1,) int32: cumulative lengths

    @property
    def slices(self) -> list[slice]:
        ends = self.bounds.tolist()
        return [slice(start, end) for start, end in itertools.pairwise(ends)]


def make_layout(lengths: Sequence[int], gap: int, on: device) -> Layout:
    """The layout of sequences of these ``lengths`` (frames), for convolutions that reach ``gap`` frames."""
    import torch

    sizes = torch.tensor(lengths)
    bounds = torch.cat([torch.zeros(1, dtype=torch.long), sizes.cumsum(0)])
    positions = torch.cat([torch.arange(n) for n in lengths])
    which = torch.repeat_interleave(torch.arange(len(lengths)), sizes)
    spaced = torch.arange(int(bounds[-1])) + gap * (which + 1)
    return Layout(
        lengths=tuple(lengths),
        positions=positions.to(on),
        spaced=spaced.to(on),
        spaced_rows=int(bounds[-1]) + gap * (len(lengths) + 1),
        bounds=bounds.to(device=on, dtype=torch.int32),
    )


@dataclass(frozen=True)
class _Block:
    """The weights of one DiT block, as the packed computation wants them."""

    qkv_weight: Tensor  # (3 H d, D); rotary pairs half a head apart
    qkv_bias: Tensor
    qk_norm: Tensor | None  # (2, 1, d) weights of the RMS norms, if the architecture has them
    out_weight: Tensor  # (D, H d)
    out_bias: Tensor
    up_weight: Tensor  # (F, D)
    up_bias: Tensor
    down_weight: Tensor  # (D, F)
    down_bias: Tensor


@dataclass(frozen=True)
class _BlockModulation:
    """AdaLN of one block at one step; each (D,)."""

    attn_shift: Tensor
    attn_weight: Tensor  # 1 + scale
    attn_gate: Tensor
    ff_shift: Tensor
    ff_weight: Tensor  # 1 + scale
    ff_gate: Tensor


@dataclass(frozen=True)
class Modulation:
    """All that depends on the time step alone."""

    blocks: tuple[_BlockModulation, ...]
    final_weight: Tensor
    final_shift: Tensor


class PackedDiT:
    """A view of an ``f5_tts.model.DiT`` that runs packed batches.

    Args:
        dit: upstream's backbone, weights loaded, in eval mode, float32, on its device.
        compute: the number format of the matrix products; norms and the sampler's state stay float32.
        attend: attention over a packed batch; see :mod:`f5_pipeline.speech.f5.attention`.
    """

    def __init__(self, dit: Any, compute: dtype, attend: Attend) -> None:
        self.dit = dit
        self.compute = compute
        self.attend = attend
        first = dit.transformer_blocks[0].attn
        self.heads: int = first.heads
        self.head_dim: int = first.inner_dim // first.heads
        self.rotated_heads: int = first.processor.pe_attn_head or self.heads
        self.gap: int = dit.input_embed.conv_pos_embed.conv1d[0].kernel_size[0] // 2
        self.device: device = dit.proj_out.weight.device
        self._blocks = tuple(self._pack(block) for block in dit.transformer_blocks)
        mel = dit.proj_out.out_features
        projection = dit.input_embed.proj.weight
        self._project_noise = self._cast(projection[:, :mel])
        self._project_rest = projection[:, mel:]
        self._convolutions = [
            SpacedConvolution(self._cast(layer.weight), self._cast(layer.bias), layer.groups)
            for layer in dit.input_embed.conv_pos_embed.conv1d
            if hasattr(layer, "kernel_size")
        ]
        skip = dit.long_skip_connection
        self._skip = None if skip is None else self._cast(skip.weight)

    def _cast(self, weight: Tensor) -> Tensor:
        return weight.detach().to(self.compute).contiguous()

    def _pack(self, block: Any) -> _Block:
        import torch

        attn, ff = block.attn, block.ff.ff
        # Upstream rotates neighbouring channels (0,1), (2,3), …; ours are (0,d/2), (1,d/2+1), …: two plain halves.
        halves = torch.cat([torch.arange(0, self.head_dim, 2), torch.arange(1, self.head_dim, 2)])
        rows = torch.cat([head * self.head_dim + halves for head in range(self.heads)]).to(self.device)
        weights = [attn.to_q.weight[rows], attn.to_k.weight[rows], attn.to_v.weight]
        biases = [attn.to_q.bias[rows], attn.to_k.bias[rows], attn.to_v.bias]
        norms = [n.weight[halves.to(self.device)] for n in (attn.q_norm, attn.k_norm) if n is not None]
        return _Block(
            self._cast(torch.cat(weights)),
            self._cast(torch.cat(biases)),
            self._cast(torch.stack(norms)[:, None]) if norms else None,
            self._cast(attn.to_out[0].weight),
            self._cast(attn.to_out[0].bias),
            self._cast(ff[0][0].weight),
            self._cast(ff[0][0].bias),
            self._cast(ff[2].weight),
            self._cast(ff[2].bias),
        )

    def modulations(self, times: Tensor) -> list[Modulation]:
        """AdaLN's parameters for each of the S ``times`` (S,), float32; the same for every utterance."""
        import torch
        from torch.nn.functional import silu

        embedded = silu(self.dit.time_embed(times.float()))  # (S, D)
        blocks = []
        for block in self.dit.transformer_blocks:
            shift, scale, gate, ff_shift, ff_scale, ff_gate = block.attn_norm.linear(embedded).chunk(6, dim=1)
            blocks.append((shift, 1 + scale, gate, ff_shift, 1 + ff_scale, ff_gate))
        final_scale, final_shift = self.dit.norm_out.linear(embedded).chunk(2, dim=1)
        cast = [torch.stack(parts).to(self.compute) for parts in blocks]  # (6, S, D) each
        final_weight, final_bias = (1 + final_scale).to(self.compute), final_shift.to(self.compute)
        return [
            Modulation(tuple(_BlockModulation(*parts[:, step]) for parts in cast), final_weight[step], final_bias[step])
            for step in range(len(times))
        ]

    def rotations(self, layout: Layout) -> tuple[Tensor, Tensor]:
        """Cosine and sine, each (T, 1, 1, d/2), of the rotary embedding at each frame's position."""
        angles = layout.positions.float()[:, None] * self.dit.rotary_embed.inv_freq.float()[None, :]
        return angles.cos()[:, None, None].to(self.compute), angles.sin()[:, None, None].to(self.compute)

    def condition(self, reference: Tensor, text: Tensor) -> Tensor:
        """The part of the input projection that stays the same at every step, (T, D), in the compute format.

        Args:
            reference: (T, mel) log mel of the reference, zero where speech is to be generated.
            text: (T, text_dim) text embedding.
        """
        import torch
        from torch.nn.functional import linear

        both = torch.cat([reference, text], dim=-1).float()
        return linear(both, self._project_rest, self.dit.input_embed.proj.bias).to(self.compute)

    def hidden(
        self,
        noisy: Tensor,
        condition: Tensor,
        modulation: Modulation,
        layout: Layout,
        rotation: tuple[Tensor, Tensor],
    ) -> Tensor:
        """Run all blocks: (T, D) hidden states before the output projection.

        Args:
            noisy: (T, mel) the sampler's state, in the compute format.
            condition: (T, D) from :meth:`condition`.
        """
        import torch
        from torch.nn.functional import layer_norm, linear

        width = (condition.shape[-1],)
        h = linear(noisy, self._project_noise).add_(condition)
        h = h.add_(self._convolve(h, layout))
        residual = h.clone() if self._skip is not None else None
        for block, m in zip(self._blocks, modulation.blocks, strict=True):
            normed = layer_norm(h, width, m.attn_weight, m.attn_shift, 1e-6)
            attended = self._attention(block, normed, layout, rotation)
            _add_gated(h, attended, block.out_weight, block.out_bias, m.attn_gate)
            normed = layer_norm(h, width, m.ff_weight, m.ff_shift, 1e-6)
            up = gelu_tanh(linear(normed, block.up_weight, block.up_bias))
            _add_gated(h, up, block.down_weight, block.down_bias, m.ff_gate)
        if residual is not None and self._skip is not None:
            h = linear(torch.cat([h, residual], dim=-1), self._skip)
        return layer_norm(h, width, modulation.final_weight, modulation.final_shift, 1e-6)

    def project(self, hidden: Tensor) -> Tensor:
        """The output projection: (T, D) → (T, mel), float32."""
        from torch.nn.functional import linear

        out = self.dit.proj_out
        return linear(hidden.float(), out.weight, out.bias)

    def _convolve(self, h: Tensor, layout: Layout) -> Tensor:
        """The convolutional position embedding, inside each sequence."""
        for convolution in self._convolutions:
            h = mish(convolution(h, layout.spaced, layout.spaced_rows))
        return h

    def _attention(self, block: _Block, normed: Tensor, layout: Layout, rotation: tuple[Tensor, Tensor]) -> Tensor:
        from torch.nn.functional import linear, rms_norm

        frames = normed.shape[0]
        qkv = linear(normed, block.qkv_weight, block.qkv_bias).view(frames, 3, self.heads, self.head_dim)
        qk, v = qkv[:, :2], qkv[:, 2]
        if block.qk_norm is not None:
            qk = rms_norm(qk, (self.head_dim,), eps=1e-6) * block.qk_norm
        q, k = self._rotate(qk, rotation).unbind(1)  # each (T, H, d)
        return self.attend(q, k, v, layout).reshape(frames, -1)

    def _rotate(self, qk: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
        """Rotary embedding of queries and keys, (T, 2, H, d), in the heads that have it."""
        import torch

        cos, sin = rotation
        turned = qk[:, :, : self.rotated_heads]
        first, second = turned.chunk(2, dim=-1)
        pair = torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
        return pair if self.rotated_heads == self.heads else torch.cat([pair, qk[:, :, self.rotated_heads :]], dim=2)


def _add_gated(h: Tensor, x: Tensor, weight: Tensor, bias: Tensor, gate: Tensor) -> None:
    """h += gate · (x Wᵀ + b), in place."""
    import torch
    from torch.nn.functional import linear

    if h.dtype == torch.float32:  # the gate folded into the weight: the product adds itself to h, one pass less
        h.addmm_(x, (weight * gate[:, None]).t()).add_(bias * gate)
    else:
        h.addcmul_(linear(x, weight, bias), gate)
