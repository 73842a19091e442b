"""Training of the transformer: F5's infilling, with three helpers that are thrown away when it is done.

They name the phoneme of each frame from a middle block, the phonemes of the text from its encoder, and say how many
phonemes the speech is ahead of the evenly spread text. A run that was cut off goes on from its last checkpoint.
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
from training.network import Average, build, read_characters, rotations, spread, started, velocity
from training.reader import naming_head, spelling_loss
from training.recipe import Acoustic, Recipe

if TYPE_CHECKING:
    from torch import Tensor

_WARM_UP = 200  # steps
_NO_TEXT, _NO_REFERENCE = 0.12, 0.10  # of the samples, for guidance
_FRAME, _SPELLING, _DRIFT = 0.7, 0.1, 0.2  # weights of the helpers' losses
_EARLY = 0.05  # times at which only the text can tell
_REPORT, _SAVE = 50, 150.0  # steps, seconds
_MAKERS, _AHEAD = 2, 8  # threads, and batches that are ready or being made


class _Parts:
    """The transformer and its helpers."""

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
        """Text is learned three times slower: it has been learned before."""
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
    """Writes ``transformer.pt``, the averaged weights, into the folder."""
    import torch

    torch.manual_seed(recipe.seed)
    device = torch.device(recipe.device)
    parts = _Parts(arch, len(tokens), phonemes, recipe.device)
    mel, labels = (torch.from_numpy(array).to(device) for array in (clips.mel, clips.phoneme))
    with torch.no_grad():  # the first guess is the mean of all speech
        parts.transformer.proj_out.bias.copy_(mel[::97].float().mean(0))
    if recipe.start:
        started(parts.transformer, Path(recipe.start))
    known = torch.load(reader, map_location=device, weights_only=True)
    parts.transformer.text_embed.load_state_dict(known["text"])
    parts.naming.load_state_dict(known["head"])
    optimiser = parts.optimiser(recipe.acoustic.rate)
    average = Average(parts.transformer)
    checkpoint = folder / "checkpoint.pt"
    step, frames = _resume(checkpoint, parts, optimiser, average)
    forward, bfloat16 = _compiled() if recipe.compiled else velocity, computes_in_bfloat16(recipe)
    turned: dict[int, tuple[Tensor, Tensor]] = {}
    report, saved = _Report(), time.monotonic()
    for batch in _batches(recipe, clips, tokens[" "], step, frames):
        rate = rate_at(recipe.acoustic, step, frames / recipe.acoustic.frames)
        for group in optimiser.param_groups:
            group["lr"] = rate * group["scale"]
        torch.manual_seed(recipe.seed * 1_000_003 + step)  # so that what goes on does as if it had not been cut off
        length = batch.frames.shape[1]
        if length not in turned:
            turned[length] = tuple(part.to(device) for part in rotations(parts.transformer, length))  # type: ignore[assignment]
        at, masked, spelt = (torch.from_numpy(a).to(device) for a in (batch.frames, batch.masked, batch.tokens))
        losses = _losses(
            parts, forward, mel[at].float(), labels[at].long(), masked, spelt, batch, turned[length], bfloat16
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
    import torch

    if recipe.bfloat16 == "auto":
        return choose_precision("auto", torch.device(recipe.device)) is torch.bfloat16
    return recipe.bfloat16


def _compiled() -> Any:
    import torch
    import torch._dynamo

    torch._dynamo.config.cache_size_limit = 64  # beyond which it falls back to what is not compiled, without a word
    return torch.compile(velocity, dynamic=True)


def rate_at(acoustic: Acoustic, step: int, progress: float) -> float:
    """The learning rate: warming up, then level, then falling to 2 % of it."""
    falling = (1 - progress) / (1 - acoustic.decay_from)
    return acoustic.rate * min(1.0, (step + 1) / _WARM_UP) * max(0.02, min(1.0, falling))


def lengths_at(acoustic: Acoustic, progress: float) -> tuple[int, ...]:
    for until, lengths in acoustic.lengths:
        if progress < until:
            return lengths
    return acoustic.lengths[-1][1]


def _batches(recipe: Recipe, clips: Clips, space: int, step: int, frames: int) -> Iterator[Batch]:
    """Until all frames are used up; made while the steps before compute."""
    acoustic, made = recipe.acoustic, frames
    ready: deque[Future[Batch]] = deque()
    with ThreadPoolExecutor(_MAKERS) as makers:
        while frames < acoustic.frames:
            while len(ready) < _AHEAD and made < acoustic.frames:
                draw, progress = np.random.default_rng([recipe.seed, 2, step]), made / acoustic.frames
                length = int(draw.choice(lengths_at(acoustic, progress)))
                samples = max(2, round(acoustic.batch_frames / length))
                ready.append(makers.submit(clips.batch, draw, samples, length, acoustic.plain, acoustic.warp, space))
                step, made = step + 1, made + samples * length
            batch = ready.popleft().result()
            yield batch
            frames += batch.frames.size


def _losses(
    parts: _Parts,
    forward: Any,
    mel: Tensor,
    labels: Tensor,
    masked: Tensor,
    spelt: Tensor,
    batch: Batch,
    turned: tuple[Tensor, Tensor],
    bfloat16: bool,
) -> dict[str, Tensor]:
    """``mel``: [samples, frames, 100]; ``labels``, ``masked``: [samples, frames]; ``spelt``: [samples, characters]."""
    import torch
    from torch.nn.functional import cross_entropy, mse_loss, smooth_l1_loss

    samples, frames = masked.shape
    time_at, noise = _times(samples, mel.device), torch.randn_like(mel)
    dropped = torch.rand(samples, device=mel.device) < _NO_TEXT
    alone = dropped | (torch.rand(samples, device=mel.device) < _NO_REFERENCE)
    given = mel * (~masked & ~alone[:, None]).unsqueeze(-1)
    with torch.autocast(mel.device.type, torch.bfloat16, enabled=bfloat16):
        read, present = read_characters(parts.transformer.text_embed, spelt, dropped)
        text = spread(read, present.sum(1), frames)
        noisy = torch.lerp(noise, mel, time_at[:, None, None])
        moving, tapped = forward(parts.transformer, noisy, given, text, time_at, *turned)
        named, spelling, drift = parts.frames(tapped), parts.naming(read), parts.drift(tapped).squeeze(-1)
    flow = mse_loss(moving.float(), mel - noise, reduction="none").mean(-1)[masked].mean()
    told = masked & ~dropped[:, None]  # where the text is known and the speech is not
    if not told.any():
        return {"loss": flow, "flow": flow}
    framewise = cross_entropy(named[told].float(), labels[told])
    kept = (~dropped).nonzero().flatten()
    spelled = spelling_loss(
        spelling[kept], present[kept], [batch.phonemes[sample] for sample in kept.tolist()], parts.phonemes
    )
    ahead = _drift(labels)
    drifted = smooth_l1_loss(drift.float()[told], ahead[told])
    early = told & (time_at < _EARLY)[:, None]
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
    """Half of them where the text decides (near 0), a quarter anywhere, a quarter as sway sampling visits them."""
    import torch

    drawn, which = torch.rand(samples, device=device), torch.rand(samples, device=device)
    rest = torch.where(which < 0.75, drawn, 1 - torch.cos(math.pi / 2 * drawn))
    return torch.where(which < 0.5, 0.2 * drawn**2, rest)


def _drift(labels: Tensor) -> Tensor:
    """[samples, frames]: how many phonemes more have been said than if all were as long as each other."""
    import torch
    from torch.nn.functional import pad

    said = pad((labels[:, 1:] != labels[:, :-1]).float().cumsum(1), (1, 0))
    return said - said[:, -1:] * torch.linspace(0, 1, labels.shape[1], device=labels.device)


class _Report:
    """Means since the last one."""

    def __init__(self) -> None:
        self._sums: dict[str, list[float]] = {}
        self._frames, self._since = 0, time.monotonic()

    def add(self, losses: dict[str, Tensor], frames: int) -> None:
        self._frames += frames
        for name, value in losses.items():
            if not math.isnan(number := float(value.detach())):  # "right" of nothing
                self._sums.setdefault(name, []).append(number)

    def __str__(self) -> str:
        means = ", ".join(f"{name} {np.mean(values):.3f}" for name, values in self._sums.items())
        return f"{means}, {self._frames / (time.monotonic() - self._since):,.0f} frames/s"


def _resume(checkpoint: Path, parts: _Parts, optimiser: Any, average: Average) -> tuple[int, int]:
    """Steps and frames that are done."""
    import torch

    if not checkpoint.exists():
        return 0, 0
    stored = torch.load(checkpoint, map_location=next(parts.all.parameters()).device, weights_only=True)
    parts.all.load_state_dict(stored["parts"])
    optimiser.load_state_dict(stored["optimiser"])
    average.load(stored["average"])
    return stored["step"], stored["frames"]


def _save(checkpoint: Path, parts: _Parts, optimiser: Any, average: Average, step: int, frames: int) -> None:
    state = {"parts": parts.all.state_dict(), "optimiser": optimiser.state_dict(), "average": average.state()}
    _write(checkpoint, {**state, "step": step, "frames": frames})


def _write(path: Path, state: dict[str, Any]) -> None:
    import torch

    with atomic_write(path, flush=False) as file:
        torch.save(state, file)
