"""Loads upstream's modules from the files of a model. ``models.proof`` has checked that the files belong together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from f5_pipeline.engine.f5.upstream import prepare_imports
from f5_pipeline.errors import ModelUnsupported
from f5_pipeline.models.spec import ModelSpec

if TYPE_CHECKING:
    from torch import Tensor


def load_transformer(spec: ModelSpec, checkpoint: Path, vocabulary_size: int) -> Any:
    """Upstream's backbone with the (EMA) weights of ``checkpoint``, float32, in eval mode, on the CPU.

    Raises:
        ModelUnsupported: the backbone is not a DiT.
    """
    prepare_imports()
    from f5_tts.model import DiT

    if spec.backbone != "DiT":
        raise ModelUnsupported(spec.name, spec.backbone)
    arch = {**spec.arch, "attn_backend": "torch", "attn_mask_enabled": False, "checkpoint_activations": False}
    transformer = DiT(**arch, text_num_embeds=vocabulary_size, mel_dim=100)
    transformer.load_state_dict(read_transformer_weights(checkpoint))
    return transformer.float().eval().requires_grad_(False)


def read_transformer_weights(checkpoint: Path) -> dict[str, Tensor]:
    """The transformer's tensors by the backbone's own names. Torch files are loaded with ``weights_only=True``."""
    import torch
    from safetensors.torch import load_file

    if checkpoint.suffix == ".safetensors":
        tensors = load_file(checkpoint)
    else:
        stored = torch.load(checkpoint, map_location="cpu", weights_only=True)
        tensors = stored.get("ema_model_state_dict", stored.get("model_state_dict", stored))
    names = {name: name.removeprefix("ema_model.") for name in tensors}
    return {
        short.removeprefix("transformer."): tensors[name]
        for name, short in names.items()
        if short.startswith("transformer.")
    }


def load_vocoder(folder: Path) -> Any:
    """Vocos from ``config.yaml`` and ``pytorch_model.bin`` in ``folder``, float32, in eval mode, on the CPU."""
    prepare_imports()
    import torch
    from vocos import Vocos

    vocoder = Vocos.from_hparams(str(folder / "config.yaml"))
    vocoder.load_state_dict(torch.load(folder / "pytorch_model.bin", map_location="cpu", weights_only=True))
    return vocoder.float().eval().requires_grad_(False)


def load_tokens(vocabulary: Path) -> dict[str, int]:
    """The index of each token, read by upstream's own function."""
    prepare_imports()
    from f5_tts.model.utils import get_tokenizer

    tokens, _ = get_tokenizer(str(vocabulary), "custom")
    return tokens
