"""F5's DiT over *packed* sequences: utterances of any lengths laid end to end, without padding or masks.

Upstream pads a batch to its longest row and, with the configurations it ships, lets attention read the padding.
Packing leaves nothing to mask: linear layers see one long sequence, attention and the positional convolution stay
inside each utterance. So an utterance sounds the same alone and in a batch, and no work is spent on padding.

The weights are upstream's own modules'; only the order of computation differs:
  * the input projection and the first positional convolution are linear: the part of text and reference is computed
    once for all steps, the part of the noise once for both halves of guidance;
  * all rows share one time step, so AdaLN's modulation is a LayerNorm with weight ``1 + scale`` and bias ``shift``;
  * queries, keys and values come from one matrix product, and are rotated together;
  * on a GPU, the operations between two matrix products are one kernel (``kernels.fused``).

Weights of matrix products are stored (in, out), the order in which a CPU multiplies them fastest.

Shapes: T frames in total, R sequences, D model width, F feed-forward width, H heads, d head width, S steps. With
guidance a batch contains each sequence twice, first all conditional, then all unconditional: C = 2 copies of T frames;
else C = 1. The sampling loop is in ``sampler``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from f5_pipeline.engine.f5.kernels import GappedConvolution, add_and_norm, fused, mish, project_gelu, rotate

if TYPE_CHECKING:
    from torch import Tensor, device, dtype

Attend = Callable[["Tensor", "Tensor", "Tensor", "Layout"], "Tensor"]


@dataclass(frozen=True)
class Layout:
    """The positions of the sequences in a packed batch.

    ``gapped`` are the rows of the frames in a layout with ``gap`` empty rows around each sequence, in which a
    convolution of half-width ``gap`` cannot reach from one sequence into the next.
    """

    lengths: tuple[int, ...]  # frames of each sequence
    positions: Tensor  # (T,) int64: index of each frame within its sequence
    gapped: Tensor  # (T,) int64
    gapped_rows: int
    bounds: Tensor  # (R + 1,) int32: cumulative lengths

    @property
    def slices(self) -> list[slice]:
        """The frames of each sequence."""
        ends = itertools.accumulate(self.lengths, initial=0)  # reading ``bounds`` would wait for the device
        return [slice(start, end) for start, end in itertools.pairwise(ends)]


def make_layout(lengths: Sequence[int], gap: int, on: device) -> Layout:
    """The layout of R sequences.

    Args:
        lengths: frames of each sequence.
        gap: half-width, in frames, of the convolutions that run over the gapped layout.
        on: the device of the layout's tensors.
    """
    import torch

    sizes = torch.tensor(lengths)
    bounds = torch.cat([torch.zeros(1, dtype=torch.long), sizes.cumsum(0)])
    positions = torch.cat([torch.arange(n) for n in lengths])
    which = torch.repeat_interleave(torch.arange(len(lengths)), sizes)
    gapped = torch.arange(int(bounds[-1])) + gap * (which + 1)
    return Layout(
        lengths=tuple(lengths),
        positions=positions.to(on),
        gapped=gapped.to(on),
        gapped_rows=int(bounds[-1]) + gap * (len(lengths) + 1),
        bounds=bounds.to(device=on, dtype=torch.int32),
    )


@dataclass(frozen=True)
class Condition:
    """The part of the model's input that is the same at every step, in the compute format."""

    projected: Tensor  # (C T, D): input projection of reference and text
    convolved: Tensor  # (C T, D): its first positional convolution


@dataclass(frozen=True)
class _Block:
    """The weights of one DiT block, merged and transposed for the packed computation."""

    qkv_weight: Tensor  # (D, 3 H d)
    qkv_bias: Tensor
    qk_norm: Tensor | None  # (2, 1, d) weights of the RMS norms, if the architecture has them
    out_weight: Tensor  # (H d, D)
    out_bias: Tensor
    up_weight: Tensor  # (D, F)
    up_bias: Tensor
    down_weight: Tensor  # (F, D)
    down_bias: Tensor


@dataclass(frozen=True)
class _BlockModulation:
    """AdaLN of one block at one step; each tensor (D,)."""

    attn_shift: Tensor
    attn_weight: Tensor  # 1 + scale
    attn_gate: Tensor
    ff_shift: Tensor
    ff_weight: Tensor  # 1 + scale
    ff_gate: Tensor


@dataclass(frozen=True)
class Modulation:
    """Everything that depends on the time step alone."""

    blocks: tuple[_BlockModulation, ...]
    final_weight: Tensor  # (D,)
    final_shift: Tensor  # (D,)


class PackedDiT:
    """A view of an ``f5_tts.model.DiT`` that runs packed batches.

    Args:
        dit: upstream's backbone, weights loaded, in eval mode, float32, on its device.
        compute: the number format of the matrix products; norms and the sampler's state stay float32.
        attend: attention over a packed batch; see :mod:`f5_pipeline.engine.f5.attention`.
        cpu_forms: use the rotation and residual code that is fast on a CPU; None: if the device is a CPU.
    """

    def __init__(self, dit: Any, compute: dtype, attend: Attend, cpu_forms: bool | None = None) -> None:
        self.dit = dit
        self.compute = compute
        self.attend = attend
        first = dit.transformer_blocks[0].attn
        self.heads: int = first.heads
        self.head_dim: int = first.inner_dim // first.heads
        self.rotated_heads: int = first.processor.pe_attn_head or self.heads
        self.gap: int = dit.input_embed.conv_pos_embed.conv1d[0].kernel_size[0] // 2
        self.device: device = dit.proj_out.weight.device
        self._cpu_forms = self.device.type == "cpu" if cpu_forms is None else cpu_forms
        self._blocks = tuple(self._pack(block) for block in dit.transformer_blocks)
        mel = dit.proj_out.out_features
        projection = dit.input_embed.proj.weight
        self._project_noise = self._cast(projection[:, :mel].t())
        self._project_rest = projection[:, mel:]
        self._first_convolution, *self._convolutions = [
            GappedConvolution(self._cast(layer.weight), self._cast(layer.bias), layer.groups)
            for layer in dit.input_embed.conv_pos_embed.conv1d
            if hasattr(layer, "kernel_size")
        ]
        skip = dit.long_skip_connection
        self._skip = None if skip is None else self._cast(skip.weight.t())
        self._rotate, self._add_and_norm = fused(rotate, self.device), fused(add_and_norm, self.device)

    def _cast(self, weight: Tensor) -> Tensor:
        return weight.detach().to(self.compute).contiguous()

    def _pack(self, block: Any) -> _Block:
        import torch

        attn, ff = block.attn, block.ff.ff
        projections = [attn.to_q, attn.to_k, attn.to_v]
        norms = [norm.weight for norm in (attn.q_norm, attn.k_norm) if norm is not None]
        return _Block(
            self._cast(torch.cat([projection.weight for projection in projections]).t()),
            self._cast(torch.cat([projection.bias for projection in projections])),
            self._cast(torch.stack(norms)[:, None]) if norms else None,
            self._cast(attn.to_out[0].weight.t()),
            self._cast(attn.to_out[0].bias),
            self._cast(ff[0][0].weight.t()),
            self._cast(ff[0][0].bias),
            self._cast(ff[2].weight.t()),
            self._cast(ff[2].bias),
        )

    def modulations(self, times: Tensor) -> list[Modulation]:
        """AdaLN's parameters for each of ``times`` (S,) float32; the same for every utterance."""
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

    def rotations(self, layout: Layout) -> Tensor:
        """Rotary embedding at each frame's position, float32, in the form that ``kernels.rotate`` takes."""
        import torch

        angles = layout.positions.float()[:, None] * self.dit.rotary_embed.inv_freq.float()[None, :]
        if not self._cpu_forms:
            return torch.stack([angles.cos(), angles.sin()], dim=-1)
        turns = torch.polar(torch.ones_like(angles), angles)[:, None, None]
        # Expanded in memory: a product with a broadcast factor takes several times as long on a CPU.
        return turns.expand(-1, 2, self.rotated_heads, -1).contiguous()

    def condition(self, reference: Tensor, text: Tensor, layout: Layout) -> Condition:
        """The contribution of text and reference to the input.

        Args:
            reference: (C T, mel) log mel of the reference, zero in the frames to generate.
            text: (C T, text_dim) text embedding.
            layout: of the C T frames.
        """
        import torch
        from torch.nn.functional import linear

        both = torch.cat([reference, text], dim=-1).float()
        projected = linear(both, self._project_rest, self.dit.input_embed.proj.bias).to(self.compute)
        return Condition(projected, self._first_convolution(projected, layout.gapped, layout.gapped_rows))

    def hidden(
        self,
        noisy: Tensor,
        condition: Condition,
        modulation: Modulation,
        layout: Layout,
        noise_layout: Layout,
        rotation: Tensor,
    ) -> Tensor:
        """Run all blocks: (C T, D) hidden states before the output projection.

        Args:
            noisy: (T, mel) the sampler's state, in the compute format.
            condition: from :meth:`condition`.
            layout: of the C T frames.
            noise_layout: of the T frames of ``noisy``.
            rotation: from :meth:`rotations` of ``layout``.
        """
        import torch
        from torch.nn.functional import layer_norm

        h = self._embed(noisy, condition, layout, noise_layout)
        residual = h.clone() if self._skip is not None else None
        # One buffer for all blocks: allocating memory of this size takes measurable time.
        buffer = h.new_empty(h.shape[0], 3 * self.heads * self.head_dim)
        width = (h.shape[-1],)
        final = (modulation.final_weight, modulation.final_shift)
        following = [(m.attn_weight, m.attn_shift) for m in modulation.blocks[1:]] + [final]
        normed = layer_norm(h, width, modulation.blocks[0].attn_weight, modulation.blocks[0].attn_shift, 1e-6)
        for block, m, after in zip(self._blocks, modulation.blocks, following, strict=True):
            attended = self._attention(block, normed, layout, rotation, buffer)
            before = (m.ff_weight, m.ff_shift)
            normed = self._advance(h, attended, block.out_weight, block.out_bias, m.attn_gate, before)
            up = project_gelu(normed, block.up_weight, block.up_bias)
            normed = self._advance(h, up, block.down_weight, block.down_bias, m.ff_gate, after)
        if residual is None or self._skip is None:
            return normed
        return layer_norm(torch.cat([h, residual], dim=-1) @ self._skip, width, *final, 1e-6)

    def project(self, hidden: Tensor) -> Tensor:
        """The output projection: (T, D) → (T, mel), float32."""
        from torch.nn.functional import linear

        out = self.dit.proj_out
        return linear(hidden.float(), out.weight, out.bias)

    def _embed(self, noisy: Tensor, condition: Condition, layout: Layout, noise_layout: Layout) -> Tensor:
        """(C T, D): projected input plus its convolutional position embedding, inside each sequence."""
        projected = noisy @ self._project_noise
        convolved = self._first_convolution(projected, noise_layout.gapped, noise_layout.gapped_rows, bias=False)
        c = mish(_add_to_copies(convolved, condition.convolved))
        for convolution in self._convolutions:
            c = mish(convolution(c, layout.gapped, layout.gapped_rows))
        return _add_to_copies(projected, condition.projected).add_(c)

    def _advance(
        self, h: Tensor, x: Tensor, weight: Tensor, bias: Tensor, gate: Tensor, norm: tuple[Tensor, Tensor]
    ) -> Tensor:
        """h += gate · (x W + b), in place; returns LayerNorm(h), the input of the next layer. ``h``: (T, D)."""
        import torch
        from torch.nn.functional import layer_norm

        if not self._cpu_forms or h.dtype != torch.float32:
            return self._add_and_norm(h, torch.addmm(bias, x, weight), gate, *norm)
        # With the gate folded into the weight, the matrix product adds to h itself: one pass fewer.
        h.addmm_(x, weight * gate).add_(bias * gate)
        return layer_norm(h, h.shape[-1:], *norm, 1e-6)

    def _attention(self, block: _Block, normed: Tensor, layout: Layout, rotation: Tensor, buffer: Tensor) -> Tensor:
        """(T, H d): the heads' outputs before the output projection. ``buffer``: (T, 3 H d), overwritten."""
        import torch

        frames = normed.shape[0]
        qkv = torch.addmm(block.qkv_bias, normed, block.qkv_weight, out=buffer)
        qkv = qkv.view(frames, 3, self.heads, self.head_dim)
        q, k = self._rotate(qkv[:, :2], rotation, self.rotated_heads, block.qk_norm).unbind(1)  # each (T, H, d)
        return self.attend(q, k, qkv[:, 2], layout).reshape(frames, -1)


def _add_to_copies(x: Tensor, copies: Tensor) -> Tensor:
    """(C T, D): ``x`` (T, D) added to each of the C copies in ``copies`` (C T, D)."""
    return (x + copies.unflatten(0, (-1, x.shape[0]))).flatten(0, 1)
