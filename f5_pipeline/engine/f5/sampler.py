"""Sampling: from noise to mel frames along the flow, with classifier-free guidance and sway sampling.

Follows ``CFM.sample`` of F5-TTS (arXiv 2410.06885; EPSS: arXiv 2505.19931), with three differences: each utterance has
its own noise generator, only the current state is kept, and text embeddings are computed once. The network is in
``packed``.

The solver "euler" is upstream's. "ab2" is that of Adams and Bashforth of order two: it keeps one velocity more, and
evaluates the model as often, once in each step. docs/benchmarks.md compares them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from f5_pipeline.engine.f5.packed import Condition, Layout, Modulation, PackedDiT, make_layout
from f5_pipeline.engine.f5.upstream import prepare_imports
from f5_pipeline.models.spec import Solver

if TYPE_CHECKING:
    from torch import Tensor, device

#: The times of "ab2", by measurement (benchmarks/solvers.py).
_AB2_POWER, _AB2_SWAY = 1.15, 0.8


@dataclass(frozen=True)
class SamplerInput:
    """One sequence to sample."""

    tokens: Tensor  # (n,) int64: reference text + text
    reference: Tensor  # (ref_frames, mel) float32 log mel
    frames: int  # reference + generated
    noise: Tensor  # (frames, mel) float32
    cfg_strength: float  # 0: no guidance


def time_steps(nfe_step: int, sway_sampling_coef: float | None, on: device, solver: Solver = "euler") -> Tensor:
    """(nfe_step + 1,) float32 times from 0 to 1: upstream's EPSS table for this step count, else linear; then sway.

    The tables are made for Euler's method. With "ab2", times are linear to the power of 1.15, and of the coefficient of
    the sway four fifths count: less long last steps than upstream's, since an extrapolation is sensitive to these.

    Sway sampling, F5-TTS section 3.3: t + s (cos(π t / 2) − 1 + t) with s = ``sway_sampling_coef``; None: no sway.
    """
    prepare_imports()
    import torch
    from f5_tts.model.utils import get_epss_timesteps

    if solver == "euler":
        t = get_epss_timesteps(nfe_step, device=on, dtype=torch.float32)
    else:
        t = torch.linspace(0, 1, nfe_step + 1, device=on) ** _AB2_POWER
    if sway_sampling_coef is not None:
        sway = sway_sampling_coef if solver == "euler" else _AB2_SWAY * sway_sampling_coef
        t = t + sway * (torch.cos(torch.pi / 2 * t) - 1 + t)
    return t


def draw_noise(seed: int, frames: int, mel: int) -> Tensor:
    """(frames, mel) float32 standard normal noise, by ``seed`` alone: drawn on the CPU, the same for every device."""
    import torch

    return torch.randn(frames, mel, generator=torch.Generator().manual_seed(seed))


def sample(model: PackedDiT, inputs: Sequence[SamplerInput], times: Tensor, solver: Solver = "euler") -> list[Tensor]:
    """Sample all inputs in one batch.

    Inputs may differ in length, voice and guidance strength. Guidance must be zero for all or for none: without
    guidance the unconditional half is not computed.

    Args:
        model: the network.
        inputs: the sequences; their tensors on the model's device, but for the noise.
        times: (S + 1,) from :func:`time_steps`. The model is evaluated S times.
        solver: the method that solves the flow.

    Returns:
        (frames, mel) float32 log mel of each input, the reference's frames first.

    Raises:
        ValueError: guidance is zero for some inputs only.
    """
    import torch

    guided = inputs[0].cfg_strength > 1e-5
    if any((one.cfg_strength > 1e-5) != guided for one in inputs):
        raise ValueError("guidance is zero for some of the inputs only")
    lengths = [one.frames for one in inputs]
    flow = Flow(model, inputs, guided)
    x = torch.cat([one.noise.to(model.device) for one in inputs])
    last: tuple[Tensor, Tensor] | None = None  # step and velocity
    for modulation, step in zip(model.modulations(times[:-1]), times.diff(), strict=True):
        velocity = flow.velocity(x, modulation)
        mean = velocity if solver == "euler" or last is None else _extrapolated(velocity, step, *last)
        x = x + step * mean
        last = step, velocity
    mels = list(x.split(lengths))
    for one, mel in zip(inputs, mels, strict=True):
        mel[: one.reference.shape[0]] = one.reference
    return mels


def _extrapolated(velocity: Tensor, step: Tensor, last_step: Tensor, last_velocity: Tensor) -> Tensor:
    """(T, mel): the mean over the next step of the line through the last two velocities.

    Adams and Bashforth's method of order two, for steps of different lengths: Hairer, Nørsett, Wanner, Solving Ordinary
    Differential Equations I, section III.5.
    """
    return velocity + step / (2 * last_step) * (velocity - last_velocity)


class Flow:
    """The velocity field for a batch. Everything that is the same at every step is computed once, here."""

    def __init__(self, model: PackedDiT, inputs: Sequence[SamplerInput], guided: bool) -> None:
        lengths = [one.frames for one in inputs]
        self.model = model
        self.noise_layout = make_layout(lengths, model.gap, model.device)
        self.layout = make_layout(lengths * 2, model.gap, model.device) if guided else self.noise_layout
        self.condition = _condition(model, inputs, guided, self.layout)
        self.rotation = model.rotations(self.layout)
        strengths = [one.cfg_strength for one in inputs]
        self.strength = _per_frame(strengths, lengths, model.device) if guided else None

    def velocity(self, x: Tensor, modulation: Modulation) -> Tensor:
        """(T, mel): the velocity at ``x`` (T, mel).

        With guidance c + s (c − u), from the conditional c and the unconditional u: combined before the output
        projection, which is affine, so that only one half is projected.
        """
        model, noisy = self.model, x.to(self.model.compute)
        hidden = model.hidden(noisy, self.condition, modulation, self.layout, self.noise_layout, self.rotation)
        if self.strength is None:
            return model.project(hidden)
        conditional, unconditional = hidden.float().chunk(2)
        return model.project(conditional + self.strength * (conditional - unconditional))


def _per_frame(values: Sequence[float], lengths: Sequence[int], on: device) -> Tensor:
    """(T, 1): each sequence's value, repeated for its frames."""
    import torch

    return torch.repeat_interleave(torch.tensor(values), torch.tensor(lengths)).to(on)[:, None]


def _condition(model: PackedDiT, inputs: Sequence[SamplerInput], guided: bool, layout: Layout) -> Condition:
    """The condition of all C T frames: with text and reference; with guidance, then without either."""
    import torch
    from torch.nn.functional import pad

    texts = [_embed(model, one, drop=False) for one in inputs]
    references = [pad(one.reference, (0, 0, 0, one.frames - one.reference.shape[0])) for one in inputs]
    if guided:
        texts += [_embed(model, one, drop=True) for one in inputs]
        references += [torch.zeros_like(reference) for reference in references]
    return model.condition(torch.cat(references), torch.cat(texts), layout)


def _embed(model: PackedDiT, one: SamplerInput, drop: bool) -> Tensor:
    """(frames, text_dim): the text embedding of one utterance, as upstream computes it for a batch of one."""
    return model.dit.text_embed(one.tokens[None], seq_len=one.frames, drop_text=drop)[0]
