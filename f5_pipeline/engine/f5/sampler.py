"""Sampling: from per-utterance noise to mel frames, by Euler steps of the flow, with guidance and sway.

Follows ``CFM.sample`` of F5-TTS (arXiv 2410.06885; EPSS: arXiv 2505.19931). Three things differ: noise belongs to
the utterance (its own generator), only the current state is kept, and text embeddings are computed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from f5_pipeline.engine.f5.packed import Condition, Layout, Modulation, PackedDiT, make_layout

if TYPE_CHECKING:
    from torch import Tensor, device


@dataclass(frozen=True)
class Item:
    """One sequence to sample."""

    tokens: Tensor  # (n,) int64: reference text + text
    reference: Tensor  # (ref_frames, mel) float32 log mel
    frames: int  # reference + generated
    noise: Tensor  # (frames, mel) float32
    cfg_strength: float


def time_steps(nfe_step: int, sway_sampling_coef: float | None, on: device) -> Tensor:
    """(nfe_step + 1,) times from 0 to 1: upstream's EPSS table where there is one, else linear; then sway.

    Sway: t + s (cos(π t / 2) − 1 + t), F5-TTS section 3.3.
    """
    import torch
    from f5_tts.model.utils import get_epss_timesteps

    t = get_epss_timesteps(nfe_step, device=on, dtype=torch.float32)
    if sway_sampling_coef is not None:
        t = t + sway_sampling_coef * (torch.cos(torch.pi / 2 * t) - 1 + t)
    return t


def draw_noise(seed: int, frames: int, mel: int) -> Tensor:
    """(frames, mel) normal noise from ``seed`` alone: drawn on the CPU, so that every device gets the same."""
    import torch

    return torch.randn(frames, mel, generator=torch.Generator().manual_seed(seed))


def sample(model: PackedDiT, items: Sequence[Item], times: Tensor) -> list[Tensor]:
    """Sample all items together: a list of (frames, mel) float32, the reference's frames in front.

    Items may differ in length, voice and guidance; guidance must be zero for all of them or for none, since zero
    skips the unconditional half.
    """
    import torch

    guided = items[0].cfg_strength > 1e-5
    if any((item.cfg_strength > 1e-5) != guided for item in items):
        raise ValueError("guidance is zero for some of the items only")
    lengths = [item.frames for item in items]
    flow = _Flow(model, items, guided)
    x = torch.cat([item.noise.to(model.device) for item in items])
    for modulation, step in zip(model.modulations(times[:-1]), times.diff(), strict=True):
        x = x + step * flow.velocity(x, modulation)
    done = list(x.split(lengths))
    for item, mel in zip(items, done, strict=True):
        mel[: item.reference.shape[0]] = item.reference
    return done


class _Flow:
    """The model's velocity field for some items: all that does not change from step to step, computed once."""

    def __init__(self, model: PackedDiT, items: Sequence[Item], guided: bool) -> None:
        lengths = [item.frames for item in items]
        self.model = model
        self.noise_layout = make_layout(lengths, model.gap, model.device)
        self.layout = make_layout(lengths * 2, model.gap, model.device) if guided else self.noise_layout
        self.condition = _condition(model, items, guided, self.layout)
        self.rotation = model.rotations(self.layout)
        strengths = [item.cfg_strength for item in items]
        self.strength = _per_frame(strengths, lengths, model.device) if guided else None

    def velocity(self, x: Tensor, modulation: Modulation) -> Tensor:
        """(T, mel): the flow at ``x``; with guidance c + s (c − u), combined before the (affine) output projection."""
        model, noisy = self.model, x.to(self.model.compute)
        hidden = model.hidden(noisy, self.condition, modulation, self.layout, self.noise_layout, self.rotation)
        if self.strength is None:
            return model.project(hidden)
        conditional, unconditional = hidden.float().chunk(2)
        return model.project(conditional + self.strength * (conditional - unconditional))


def _per_frame(values: Sequence[float], lengths: Sequence[int], on: device) -> Tensor:
    import torch

    return torch.repeat_interleave(torch.tensor(values), torch.tensor(lengths)).to(on)[:, None]


def _condition(model: PackedDiT, items: Sequence[Item], guided: bool, layout: Layout) -> Condition:
    """Of the conditional sequences, then of the same without reference and text."""
    import torch
    from torch.nn.functional import pad

    texts = [_embed(model, item, drop=False) for item in items]
    references = [pad(item.reference, (0, 0, 0, item.frames - item.reference.shape[0])) for item in items]
    if guided:
        texts += [_embed(model, item, drop=True) for item in items]
        references += [torch.zeros_like(reference) for reference in references]
    return model.condition(torch.cat(references), torch.cat(texts), layout)


def _embed(model: PackedDiT, item: Item, drop: bool) -> Tensor:
    """(frames, text_dim): each utterance on its own, as upstream embeds a batch of one."""
    return model.dit.text_embed(item.tokens[None], seq_len=item.frames, drop_text=drop)[0]
