"""Trains the small Vocos (arXiv 2306.00814), from mel spectrograms to audio.

The loss is the L1 distance of log mel spectrograms plus a spectral loss at five resolutions; in the last steps, if the
recipe says so, also that of ``discriminators``. An interrupted run resumes from its last checkpoint.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from f5_pipeline.engine.f5.upstream import prepare_imports
from f5_pipeline.engine.protocol import HOP_LENGTH
from f5_pipeline.storage.partial import atomic_write
from training.discriminators import Discriminators
from training.network import Average
from training.recipe import Recipe
from training.recipe import Vocoder as Settings

if TYPE_CHECKING:
    from torch import Tensor

_RESOLUTIONS = ((2048, 512), (1024, 256), (512, 128), (256, 64), (128, 32))  # FFT and hop, in samples
_GAIN = (0.7, 1.2)  # range of the random gain of a segment
_NOISE = 0.05  # standard deviation of noise added to half of the log mels, because the transformer's output is inexact
_MEL, _ADVERSARIAL, _FEATURES = 2.0, 0.05, 0.1  # weights of losses
_JUDGED = 4  # of so many segments the discriminators get one: they cost more than the vocoder
_RAMP = 200  # steps in which the weights of the adversarial losses rise from 0
_DISCRIMINATORS_RATE = 5e-4  # learning rate of the discriminators
_WARM_UP, _REPORT, _SAVE = 100, 100, 150.0  # steps, steps, seconds


def train(recipe: Recipe, config: Path, audio: Any, path: Path) -> None:
    """Train, and write the averaged weights as 16-bit floats in the form that upstream's ``load_vocoder`` reads.

    Args:
        recipe: the settings.
        config: Vocos's configuration file.
        audio: (n,) int16, 24 kHz.
        path: the file to write; the checkpoint is next to it.
    """
    prepare_imports()
    import torch
    from vocos import Vocos

    torch.manual_seed(recipe.seed)
    vocoder, settings = Vocos.from_hparams(str(config)).to(recipe.device), recipe.vocoder
    if recipe.start:
        vocoder.load_state_dict(torch.load(Path(recipe.start) / "vocos" / "pytorch_model.bin", weights_only=True))
    state = _State(vocoder, settings, recipe.device)
    checkpoint, length = path.with_name("vocoder_checkpoint.pt"), settings.segment_frames * HOP_LENGTH
    saved = time.monotonic()
    for step in range(state.resume(checkpoint), settings.steps):
        torch.manual_seed(recipe.seed * 1_000_003 + step)  # a resumed run draws the same numbers
        draw = np.random.default_rng([recipe.seed, 3, step])
        losses = state.step(step, _segments(draw, audio, settings.segments, length).to(recipe.device))
        if (step + 1) % _REPORT == 0:
            report = ", ".join(f"{name} {value:.4f}" for name, value in losses.items())
            print(f"vocoder {step + 1}/{settings.steps}: {report}", flush=True)
        if time.monotonic() - saved > _SAVE:
            state.save(checkpoint, step + 1)
            saved = time.monotonic()
    with torch.no_grad():
        for parameter, value in zip(state.parameters, state.average.values, strict=True):
            parameter.copy_(value)
    with atomic_write(path) as file:
        torch.save({name: _export(name, value) for name, value in vocoder.state_dict().items()}, file)
    checkpoint.unlink(missing_ok=True)


class _State:
    """Everything that a step changes: vocoder, discriminators, their optimisers, and the average."""

    def __init__(self, vocoder: Any, settings: Settings, device: str) -> None:
        import torch

        self._vocoder, self._settings = vocoder, settings
        self._network = torch.nn.ModuleList([vocoder.backbone, vocoder.head])
        self._discriminators = Discriminators(device)
        self.parameters = list(self._network.parameters())
        judging = list(self._discriminators.networks.parameters())
        self._optimiser, self._discriminators_optimiser = (
            torch.optim.AdamW(learning, lr=rate, betas=(0.8, 0.95), weight_decay=0.01)
            for learning, rate in ((self.parameters, settings.rate), (judging, _DISCRIMINATORS_RATE))
        )
        self.average = Average(self._network)
        self._windows = {size: torch.hann_window(size, device=device) for size, _ in _RESOLUTIONS}
        self._first_adversarial = settings.steps - round(settings.adversarial * settings.steps)

    def step(self, step: int, target: Tensor) -> dict[str, float]:
        """One step of training, on (B, n) float32 segments; returns the losses by name."""
        import torch
        from f5_tts.model.modules import get_vocos_mel_spectrogram

        cosine = 0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * step / self._settings.steps))
        self._optimiser.param_groups[0]["lr"] = self._settings.rate * min(1, (step + 1) / _WARM_UP) * cosine
        with torch.no_grad():
            mel = get_vocos_mel_spectrogram(target)
            noisy = mel + torch.randn_like(mel) * _NOISE if torch.rand(()) < 0.5 else mel
        output = self._vocoder.head(self._vocoder.backbone(noisy))[:, : target.shape[1]]
        target = target[:, : output.shape[1]]
        output_mel = get_vocos_mel_spectrogram(output)
        losses = {
            "mel": (output_mel - mel[..., : output_mel.shape[-1]]).abs().mean(),
            "spectra": _spectral_loss(output, target, self._windows),
        }
        total = _MEL * losses["mel"] + losses["spectra"]
        if step >= self._first_adversarial:
            some = max(1, len(target) // _JUDGED)
            losses["discriminators"] = self._train_discriminators(target[:some], output[:some])
            losses["adversarial"], losses["features"] = self._discriminators.vocoder_losses(
                target[:some], output[:some]
            )
            ramp = min(1, (step - self._first_adversarial) / _RAMP)  # the discriminators know nothing at first
            total = total + ramp * (_ADVERSARIAL * losses["adversarial"] + _FEATURES * losses["features"])
        self._optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 5.0)
        self._optimiser.step()
        self.average.update()
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _train_discriminators(self, real: Tensor, made: Tensor) -> Tensor:
        loss = self._discriminators.own_loss(real, made)
        self._discriminators_optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._discriminators_optimiser.step()
        return loss

    def resume(self, checkpoint: Path) -> int:
        """Restore the checkpoint, if there is one; returns the steps already done."""
        import torch

        if not checkpoint.exists():
            return 0
        stored = torch.load(checkpoint, map_location=self.parameters[0].device, weights_only=True)
        for name, part in self._parts().items():
            part.load_state_dict(stored[name])
        self.average.load(stored["average"])
        return int(stored["step"])

    def save(self, checkpoint: Path, step: int) -> None:
        import torch

        state = {name: part.state_dict() for name, part in self._parts().items()}
        with atomic_write(checkpoint, flush=False) as file:
            torch.save({**state, "average": self.average.state(), "step": step}, file)

    def _parts(self) -> dict[str, Any]:
        return {
            "network": self._network,
            "optimiser": self._optimiser,
            "discriminators": self._discriminators.networks,
            "discriminators_optimiser": self._discriminators_optimiser,
        }


def _export(name: str, value: Tensor) -> Tensor:
    """Weights as 16-bit floats; windows and filter banks unchanged."""
    weight = value.is_floating_point() and not name.startswith("feature") and "window" not in name
    return (value.half() if weight else value).cpu()


def _segments(draw: np.random.Generator, audio: Any, count: int, length: int) -> Tensor:
    """(count, length) float32: random segments of the audio with random gain."""
    import torch

    starts = draw.integers(0, len(audio) - length, count)
    cut = np.stack([audio[start : start + length] for start in starts]).astype(np.float32) / 32768
    return torch.from_numpy(cut * draw.uniform(*_GAIN, (count, 1)).astype(np.float32))


def _spectral_loss(output: Tensor, target: Tensor, windows: dict[int, Tensor]) -> Tensor:
    """Spectral convergence ‖|S| − |T|‖ / ‖|T|‖ plus the L1 distance of log magnitudes, averaged over resolutions.

    Parallel WaveGAN (arXiv 1910.11480), equations 3 to 6. ``output``, ``target``: (count, length).
    """
    import torch

    total = torch.zeros((), device=output.device)
    for size, hop in _RESOLUTIONS:
        ours, theirs = (
            torch.stft(x, size, hop, window=windows[size], return_complex=True).abs().clamp(min=1e-4)
            for x in (output, target)
        )
        total = total + (ours - theirs).norm() / theirs.norm() + (ours.log() - theirs.log()).abs().mean()
    return total / len(_RESOLUTIONS)
