"""Trains the small Vocos (arXiv 2306.00814), from mel spectrograms to audio, without a discriminator.

The loss is the L1 distance of log mel spectrograms plus a spectral loss at five resolutions.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from f5_pipeline.engine.f5.upstream import prepare_imports
from f5_pipeline.engine.protocol import HOP_LENGTH
from f5_pipeline.storage.partial import atomic_write
from training.network import Average
from training.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor

_RESOLUTIONS = ((2048, 512), (1024, 256), (512, 128), (256, 64), (128, 32))  # FFT and hop, in samples
_GAIN = (0.7, 1.2)  # range of the random gain of a segment
_NOISE = 0.05  # standard deviation of noise added to half of the log mels, because the transformer's output is inexact
_MEL, _WARM_UP, _REPORT = 2.0, 100, 100


def train(recipe: Recipe, config: Path, audio: Any, path: Path) -> None:
    """Train, and write the averaged weights as 16-bit floats in the form that upstream's ``load_vocoder`` reads.

    Args:
        recipe: the settings.
        config: Vocos's configuration file.
        audio: (n,) int16, 24 kHz.
        path: the file to write.
    """
    prepare_imports()
    import torch
    from f5_tts.model.modules import get_vocos_mel_spectrogram
    from vocos import Vocos

    torch.manual_seed(recipe.seed)
    draw, vocoder = np.random.default_rng([recipe.seed, 3]), Vocos.from_hparams(str(config)).to(recipe.device)
    if recipe.start:
        vocoder.load_state_dict(torch.load(Path(recipe.start) / "vocos" / "pytorch_model.bin", weights_only=True))
    network = torch.nn.ModuleList([vocoder.backbone, vocoder.head])
    parameters, settings = list(network.parameters()), recipe.vocoder
    optimiser = torch.optim.AdamW(parameters, lr=settings.rate, betas=(0.8, 0.95), weight_decay=0.01)
    average, length = Average(network), settings.segment_frames * HOP_LENGTH
    windows = {size: torch.hann_window(size, device=recipe.device) for size, _ in _RESOLUTIONS}
    for step in range(settings.steps):
        cosine = 0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * step / settings.steps))
        optimiser.param_groups[0]["lr"] = settings.rate * min(1, (step + 1) / _WARM_UP) * cosine
        target = _segments(draw, audio, settings.segments, length).to(recipe.device)
        with torch.no_grad():
            mel = get_vocos_mel_spectrogram(target)
            noisy = mel + torch.randn_like(mel) * _NOISE if draw.random() < 0.5 else mel
        output = vocoder.head(vocoder.backbone(noisy))[:, :length]
        output_mel = get_vocos_mel_spectrogram(output)
        mel_loss = (output_mel - mel[..., : output_mel.shape[-1]]).abs().mean()
        spectra = _spectral_loss(output, target[:, : output.shape[1]], windows)
        optimiser.zero_grad(set_to_none=True)
        (_MEL * mel_loss + spectra).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimiser.step()
        average.update()
        if (step + 1) % _REPORT == 0:
            print(
                f"vocoder {step + 1}/{settings.steps}: mel {mel_loss.item():.4f}, spectra {spectra.item():.4f}",
                flush=True,
            )
    with torch.no_grad():
        for parameter, value in zip(parameters, average.values, strict=True):
            parameter.copy_(value)
    with atomic_write(path) as file:
        torch.save({name: _export(name, value) for name, value in vocoder.state_dict().items()}, file)


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
