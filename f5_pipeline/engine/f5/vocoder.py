"""Vocos over *packed* utterances: one pass of its backbone per batch; each utterance sounds as it does alone.

In a batch padded to its longest row, the vocoder's convolutions would read the padding, and compute it as well. Here
utterances lie end to end with a few empty frames between them, so that no convolution reaches from one into the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from f5_pipeline.engine.f5.packed import make_layout

if TYPE_CHECKING:
    from torch import Tensor


def decode(vocoder: Any, mels: Sequence[Tensor]) -> list[Tensor]:
    """The waveform of each log mel spectrogram.

    Args:
        vocoder: a ``vocos.Vocos`` with a convolutional backbone.
        mels: (frames, 100) float32 each, on the vocoder's device.

    Returns:
        (samples,) float32 each, 24 kHz, in the order of ``mels``.
    """
    import torch

    backbone = vocoder.backbone
    layout = make_layout([mel.shape[0] for mel in mels], backbone.embed.kernel_size[0] // 2, mels[0].device)
    x = mels[0].new_zeros(1, layout.gapped_rows, mels[0].shape[1])
    x[0, layout.gapped] = torch.cat(list(mels))
    inside = x.new_zeros(1, 1, layout.gapped_rows)
    inside[..., layout.gapped] = 1.0
    x = backbone.norm(backbone.embed(x.transpose(1, 2)).transpose(1, 2)).transpose(1, 2)
    for block in backbone.convnext:
        x = block(x * inside)  # clears the gaps, which the previous block filled
    x = backbone.final_layer_norm(x.transpose(1, 2))[0, layout.gapped]
    # The head overlap-adds frames, so it runs on one utterance at a time; it takes very little time.
    return [vocoder.head(x[part][None])[0] for part in layout.slices]
