"""Spectrogram discriminators for the vocoder: small networks that learn to tell its speech from the teacher's.

One for each resolution of a short-time Fourier transform, as in UnivNet (arXiv 2106.07889) and Vocos (arXiv
2306.00814), with a fraction of their weights, because training has two cores. Losses: hinge, and the L1 distance of the
hidden layers (feature matching, arXiv 1910.06711). Used in training only.

Shapes: B segments, n samples, T frames, F frequencies.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

_RESOLUTIONS = ((1024, 256), (512, 128), (2048, 512))  # FFT and hop, in samples
_CHANNELS = (1, 8, 16, 32, 64)  # of the layers
_KERNEL = (3, 5)  # frames, frequencies
_STRIDES = (4, 2, 2, 2)  # of the layers, in frequency
_SLOPE = 0.1
_FLOOR = 1e-4  # of magnitudes


class Discriminators:
    """The discriminators of all resolutions, 0.12 million weights.

    Attributes:
        networks: their layers, by resolution.
    """

    def __init__(self, device: str) -> None:
        import torch
        from torch import nn

        self.networks: Any = nn.ModuleList([_layers() for _ in _RESOLUTIONS]).to(device)
        self._windows = [torch.hann_window(size, device=device) for size, _ in _RESOLUTIONS]

    def own_loss(self, real: Tensor, made: Tensor) -> Tensor:
        """What the discriminators minimise: real speech should score above 1, made speech below -1.

        ``real``, ``made``: (B, n) float32, 24 kHz; no gradient flows into ``made``.
        """
        import torch

        total = torch.zeros((), device=real.device)
        for real_layers, made_layers in zip(self._run(real), self._run(made.detach()), strict=True):
            total = total + (1 - real_layers[-1]).relu().mean() + (1 + made_layers[-1]).relu().mean()
        return total / len(_RESOLUTIONS)

    def vocoder_losses(self, real: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
        """What the vocoder minimises: made speech should score above 1; and its hidden layers should equal the real's.

        Arguments as in ``own_loss``. Returns two scalars.
        """
        import torch

        with torch.no_grad():
            real_layers = self._run(real)
        adversarial = features = torch.zeros((), device=real.device)
        for ours, theirs in zip(self._run(made), real_layers, strict=True):
            adversarial = adversarial + (1 - ours[-1]).relu().mean()
            hidden = zip(ours[:-1], theirs[:-1], strict=True)
            distances = [(one - other).abs().mean() / other.abs().mean() for one, other in hidden]
            features = features + torch.stack(distances).mean()
        return adversarial / len(_RESOLUTIONS), features / len(_RESOLUTIONS)

    def _run(self, samples: Tensor) -> list[list[Tensor]]:
        """The outputs of all layers of each network; the last is the score, (B, 1, T, F / 32)."""
        import torch

        outputs: list[list[Tensor]] = []
        for network, window, (size, hop) in zip(self.networks, self._windows, _RESOLUTIONS, strict=True):
            spectrum = torch.stft(samples, size, hop, window=window, return_complex=True).abs()
            x = spectrum.clamp(min=_FLOOR).log().transpose(1, 2).unsqueeze(1)
            found = [x := layer(x) for layer in network]
            outputs.append(found)
        return outputs


def _layers() -> Any:
    from torch import nn
    from torch.nn.utils.parametrizations import weight_norm

    middle = (_KERNEL[0] // 2, _KERNEL[1] // 2)
    hidden = [
        nn.Sequential(weight_norm(nn.Conv2d(before, after, _KERNEL, (1, stride), middle)), nn.LeakyReLU(_SLOPE))
        for (before, after), stride in zip(pairwise(_CHANNELS), _STRIDES, strict=True)
    ]
    return nn.ModuleList([*hidden, weight_norm(nn.Conv2d(_CHANNELS[-1], 1, 3, padding=1))])
