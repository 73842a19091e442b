"""Trains the transformer: F5's infilling objective (arXiv 2410.06885) with three auxiliary heads, discarded afterwards.

The heads predict each frame's phoneme from a middle block, the text's phonemes from the text encoder, and how many
phonemes the speech is ahead of the evenly spread text. An interrupted run resumes from its last checkpoint.

Shapes: B samples, N frames, L characters; 100 mel channels.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from f5_pipeline.engine.f5.device import choose_precision
from f5_pipeline.storage.partial import atomic_write
from training.clips import Batch, Clips
from training.network import Average, build, load_weights, read_characters, rotations, spread, velocity
from training.reader import naming_head, spelling_loss
from training.recipe import Acoustic, Recipe

if TYPE_CHECKING:
    from torch import Tensor

_WARM_UP = 200  # steps
_NO_TEXT, _NO_REFERENCE = 0.12, 0.10  # shares of the samples, for classifier-free guidance
_FRAME, _SPELLING, _DRIFT = 0.7, 0.1, 0.2  # weights of the auxiliary losses
_EARLY = 0.05  # flow times below which the input is nearly noise, so that only the text determines the phonemes
_REPORT, _SAVE = 50, 150.0  # steps, seconds
_LOADERS, _PREFETCHED = 2, 8  # threads, and batches that are ready or being prepared


class _Network:
    """The transformer and its auxiliary heads."""

    def __init__(self, arch: dict[str, Any], tokens: int, phonemes: int, device: str) -> None:
        from torch import nn

        self.phonemes = phonemes
        self.transformer = build(arch, tokens)
        self.naming = naming_head(arch["text_dim"], phonemes)
        self.frames = nn.Sequential(nn.LayerNorm(arch["dim"]), nn.Linear(arch["dim"], phonemes))
        self.drift = nn.Sequential(nn.LayerNorm(arch["dim"]), nn.Linear(arch["dim"], 1))
        parts = {"transformer": self.transformer, "naming": self.naming, "frames": self.frames, "drift": self.drift}
        self.all = nn.ModuleDict(parts).to(device)

    def optimiser(self, rate: float) -> Any:
        """AdamW. The text encoder and its head, already trained by ``reader``, have 0.3 times the learning rate."""
        import torch

        slow = {id(parameter) for part in (self.transformer.text_embed, self.naming) for parameter in part.parameters()}
        groups: dict[tuple[float, float], list[Any]] = {}
        for parameter in self.all.parameters():
            if parameter.requires_grad:
                scale = 0.3 if id(parameter) in slow else 1.0
                decay = 0.01 if parameter.ndim >= 2 and scale == 1.0 else 0.0
                groups.setdefault((scale, decay), []).append(parameter)
        return torch.optim.AdamW(
            [{"params": found, "weight_decay": decay, "scale": scale} for (scale, decay), found in groups.items()],
            lr=rate,
            betas=(0.9, 0.98),
            fused=True,
        )


def train(
    recipe: Recipe,
    arch: dict[str, Any],
    tokens: dict[str, int],
    phonemes: int,
    clips: Clips,
    reader: Path,
    folder: Path,
) -> None:
    """Train, and write the averaged (EMA) weights to ``folder / "transformer.pt"``.

    Args:
        recipe: the training settings.
        arch: keyword arguments of the DiT.
        tokens: the number of each character.
        phonemes: how many phonemes there are.
        clips: the training data.
        reader: the file with the trained text encoder and its head.
        folder: for the checkpoint and the result.

    Raises:
        ArithmeticError: the loss is not finite.
    """
    import torch

    torch.manual_seed(recipe.seed)
    device = torch.device(recipe.device)
    parts = _Network(arch, len(tokens), phonemes, recipe.device)
    mel, labels = (torch.from_numpy(array).to(device) for array in (clips.mel, clips.phoneme))
    with torch.no_grad():  # the output starts as the mean of all speech
        parts.transformer.proj_out.bias.copy_(mel[::97].float().mean(0))
    if recipe.start:
        load_weights(parts.transformer, Path(recipe.start))
    encoder = torch.load(reader, map_location=device, weights_only=True)
    parts.transformer.text_embed.load_state_dict(encoder["text"])
    parts.naming.load_state_dict(encoder["head"])
    optimiser = parts.optimiser(recipe.acoustic.rate)
    average = Average(parts.transformer)
    checkpoint = folder / "checkpoint.pt"
    step, frames = _resume(checkpoint, parts, optimiser, average)
    forward, bfloat16 = _compiled() if recipe.compiled else velocity, computes_in_bfloat16(recipe)
    rotary: dict[int, tuple[Tensor, Tensor]] = {}  # by length
    report, saved = _Report(), time.monotonic()
    for batch in _batches(recipe, clips, tokens[" "], step, frames):
        rate = rate_at(recipe.acoustic, step, frames / recipe.acoustic.frames)
        for group in optimiser.param_groups:
            group["lr"] = rate * group["scale"]
        torch.manual_seed(recipe.seed * 1_000_003 + step)  # a resumed run draws the same numbers
        length = batch.frames.shape[1]
        if length not in rotary:
            rotary[length] = tuple(part.to(device) for part in rotations(parts.transformer, length))  # type: ignore[assignment]
        at, masked, spelt = (torch.from_numpy(a).to(device) for a in (batch.frames, batch.masked, batch.tokens))
        losses = _losses(
            parts, forward, mel[at].float(), labels[at].long(), masked, spelt, batch, rotary[length], bfloat16
        )
        if not torch.isfinite(losses["loss"]):
            raise ArithmeticError(f"the loss of step {step} is {losses['loss'].item()}: {report}")
        optimiser.zero_grad(set_to_none=True)
        losses["loss"].backward()
        torch.nn.utils.clip_grad_norm_(list(parts.all.parameters()), 1.0)
        optimiser.step()
        average.update()
        step, frames = step + 1, frames + batch.frames.size
        report.add(losses, batch.frames.size)
        if step % _REPORT == 0:
            print(f"acoustic {step}: {frames / recipe.acoustic.frames:.1%}, {report}", flush=True)
            report = _Report()
        if time.monotonic() - saved > _SAVE:
            _save(checkpoint, parts, optimiser, average, step, frames)
            saved = time.monotonic()
    with torch.no_grad():
        for parameter, value in zip(parts.transformer.parameters(), average.values, strict=True):
            parameter.copy_(value)
    _write(folder / "transformer.pt", {name: value.cpu() for name, value in parts.transformer.state_dict().items()})
    checkpoint.unlink(missing_ok=True)


def computes_in_bfloat16(recipe: Recipe) -> bool:
    """True if the recipe asks for bfloat16, or leaves it to the device and the device supports it."""
    import torch

    if recipe.bfloat16 == "auto":
        return choose_precision("auto", torch.device(recipe.device)) is torch.bfloat16
    return recipe.bfloat16


def _compiled() -> Any:
    import torch
    import torch._dynamo

    torch._dynamo.config.cache_size_limit = 64  # beyond the limit torch silently runs uncompiled code
    return torch.compile(velocity, dynamic=True)


def rate_at(acoustic: Acoustic, step: int, progress: float) -> float:
    """The learning rate: linear warm-up, constant, then linear decay to 2 %.

    ``progress``: the share of all frames that have been used, 0 to 1.
    """
    decay = (1 - progress) / (1 - acoustic.decay_from)
    return acoustic.rate * min(1.0, (step + 1) / _WARM_UP) * max(0.02, min(1.0, decay))


def lengths_at(acoustic: Acoustic, progress: float) -> tuple[int, ...]:
    """The sample lengths, in frames, to draw from at this progress."""
    for until, lengths in acoustic.lengths:
        if progress < until:
            return lengths
    return acoustic.lengths[-1][1]


def _batches(recipe: Recipe, clips: Clips, space: int, step: int, frames: int) -> Iterator[Batch]:
    """Batches until the recipe's frames are used up, prepared in other threads. ``step``, ``frames``: already done."""
    acoustic, scheduled = recipe.acoustic, frames
    pending: deque[Future[Batch]] = deque()
    with ThreadPoolExecutor(_LOADERS) as loaders:
        while frames < acoustic.frames:
            while len(pending) < _PREFETCHED and scheduled < acoustic.frames:
                draw, progress = np.random.default_rng([recipe.seed, 2, step]), scheduled / acoustic.frames
                length = int(draw.choice(lengths_at(acoustic, progress)))
                samples = max(2, round(acoustic.batch_frames / length))
                task = loaders.submit(clips.batch, draw, samples, length, acoustic.plain, acoustic.warp, space)
                pending.append(task)
                step, scheduled = step + 1, scheduled + samples * length
            batch = pending.popleft().result()
            yield batch
            frames += batch.frames.size


def _losses(
    parts: _Network,
    forward: Any,
    mel: Tensor,
    labels: Tensor,
    masked: Tensor,
    spelt: Tensor,
    batch: Batch,
    rotary: tuple[Tensor, Tensor],
    bfloat16: bool,
) -> dict[str, Tensor]:
    """The total loss, its terms, and the head's accuracy near the noise.

    The flow loss is the mean squared error of the velocity, x₁ − x₀ at x = (1 − t) x₀ + t x₁ between noise x₀ and
    speech x₁, over the masked frames (conditional flow matching, arXiv 2210.02747).

    Args:
        parts: the transformer and the heads.
        forward: ``velocity``, compiled or not.
        mel: (B, N, 100) float32 speech x₁.
        labels: (B, N) int64 phoneme of each frame.
        masked: (B, N) bool, the frames to generate.
        spelt: (B, L) int64 characters, -1 after the end.
        batch: the batch that these come from, for its phonemes.
        rotary: from ``rotations``.
        bfloat16: use autocast.

    Returns:
        "loss", "flow", "frame", "spelling", "drift" and "right" (scalars); only the first two if no text is given.
    """
    import torch
    from torch.nn.functional import cross_entropy, mse_loss, smooth_l1_loss

    samples, frames = masked.shape
    time_at, noise = _times(samples, mel.device), torch.randn_like(mel)
    dropped = torch.rand(samples, device=mel.device) < _NO_TEXT
    unconditional = dropped | (torch.rand(samples, device=mel.device) < _NO_REFERENCE)
    given = mel * (~masked & ~unconditional[:, None]).unsqueeze(-1)
    with torch.autocast(mel.device.type, torch.bfloat16, enabled=bfloat16):
        read, present = read_characters(parts.transformer.text_embed, spelt, dropped)
        text = spread(read, present.sum(1), frames)
        noisy = torch.lerp(noise, mel, time_at[:, None, None])
        predicted, tapped = forward(parts.transformer, noisy, given, text, time_at, *rotary)
        named, spelling, drift = parts.frames(tapped), parts.naming(read), parts.drift(tapped).squeeze(-1)
    flow = mse_loss(predicted.float(), mel - noise, reduction="none").mean(-1)[masked].mean()
    with_text = masked & ~dropped[:, None]
    if not with_text.any():
        return {"loss": flow, "flow": flow}
    framewise = cross_entropy(named[with_text].float(), labels[with_text])
    kept = (~dropped).nonzero().flatten()
    spelled = spelling_loss(
        spelling[kept], present[kept], [batch.phonemes[sample] for sample in kept.tolist()], parts.phonemes
    )
    ahead = _drift(labels)
    drifted = smooth_l1_loss(drift.float()[with_text], ahead[with_text])
    early = with_text & (time_at < _EARLY)[:, None]
    right = (named.detach().argmax(-1) == labels)[early].float().mean()
    return {
        "loss": flow + _FRAME * framewise + _SPELLING * spelled + _DRIFT * drifted,
        "flow": flow,
        "frame": framewise,
        "spelling": spelled,
        "drift": drifted,
        "right": right,
    }


def _times(samples: int, device: Any) -> Tensor:
    """(B,) flow times: half near 0, where the text matters most, a quarter uniform, a quarter as in sway sampling."""
    import torch

    drawn, which = torch.rand(samples, device=device), torch.rand(samples, device=device)
    rest = torch.where(which < 0.75, drawn, 1 - torch.cos(math.pi / 2 * drawn))
    return torch.where(which < 0.5, 0.2 * drawn**2, rest)


def _drift(labels: Tensor) -> Tensor:
    """(B, N): the phonemes spoken up to each frame, minus the number if all were equally long. ``labels``: (B, N)."""
    import torch
    from torch.nn.functional import pad

    spoken = pad((labels[:, 1:] != labels[:, :-1]).float().cumsum(1), (1, 0))
    return spoken - spoken[:, -1:] * torch.linspace(0, 1, labels.shape[1], device=labels.device)


class _Report:
    """Means of the losses since the last report."""

    def __init__(self) -> None:
        self._sums: dict[str, list[float]] = {}
        self._frames, self._since = 0, time.monotonic()

    def add(self, losses: dict[str, Tensor], frames: int) -> None:
        self._frames += frames
        for name, value in losses.items():
            if not math.isnan(number := float(value.detach())):  # "right" is NaN if there was no early frame
                self._sums.setdefault(name, []).append(number)

    def __str__(self) -> str:
        means = ", ".join(f"{name} {np.mean(values):.3f}" for name, values in self._sums.items())
        return f"{means}, {self._frames / (time.monotonic() - self._since):,.0f} frames/s"


def _resume(checkpoint: Path, parts: _Network, optimiser: Any, average: Average) -> tuple[int, int]:
    """Restore the checkpoint, if there is one; returns the steps and frames already done."""
    import torch

    if not checkpoint.exists():
        return 0, 0
    stored = torch.load(checkpoint, map_location=next(parts.all.parameters()).device, weights_only=True)
    parts.all.load_state_dict(stored["parts"])
    optimiser.load_state_dict(stored["optimiser"])
    average.load(stored["average"])
    return stored["step"], stored["frames"]


def _save(checkpoint: Path, parts: _Network, optimiser: Any, average: Average, step: int, frames: int) -> None:
    state = {"parts": parts.all.state_dict(), "optimiser": optimiser.state_dict(), "average": average.state()}
    _write(checkpoint, {**state, "step": step, "frames": frames})


def _write(path: Path, state: dict[str, Any]) -> None:
    import torch

    with atomic_write(path, flush=False) as file:
        torch.save(state, file)
