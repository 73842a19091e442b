"""Models and chunks for the engine's tests: the embedded checkpoint, and small models with random weights."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from f5_tts.model import CFM, DiT

from f5_pipeline.engine.f5.attention import choose_attention
from f5_pipeline.engine.f5.load import load_tokens, load_transformer
from f5_pipeline.engine.f5.packed import PackedDiT
from f5_pipeline.engine.f5.sampler import SamplerInput, draw_noise
from f5_pipeline.engine.protocol import Chunk
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.spec import ModelSpec, Sampling
from f5_pipeline.models.weights import ModelFiles, ensure_weights
from f5_pipeline.settings.environment import Settings

VOICES = Path(str(files("f5_pipeline.demo") / "voices"))
MEL = {
    "n_fft": 1024,
    "hop_length": 256,
    "win_length": 1024,
    "n_mel_channels": 100,
    "target_sample_rate": 24_000,
    "mel_spec_type": "vocos",
}
SMALL = {"dim": 128, "depth": 3, "heads": 4, "dim_head": 32, "ff_mult": 2, "text_dim": 64, "conv_layers": 2}
ARCHITECTURES = {
    "v1": {"text_mask_padding": True, "pe_attn_head": None},
    "v0": {"text_mask_padding": False, "pe_attn_head": 1},
    "upsampling": {"text_mask_padding": True, "text_embedding_average_upsampling": True, "long_skip_connection": True},
    "qk_norm": {"text_mask_padding": True, "qk_norm": "rms_norm"},
}
VOCABULARY = 40
SAMPLING = Sampling(5, 1.0, -1.0, 1.0, 0.15)
CHUNK = Chunk(
    "a small boat on the lake.",
    str(VOICES / "m3.wav"),
    3.1,
    "a quick brown fox jumps over the lazy dog near the river.",
    130,
    SAMPLING,
    7,
)


def demo_spec() -> ModelSpec:
    return load_catalogue(Settings())["demo"]


@functools.cache
def demo_files() -> ModelFiles:
    return ensure_weights(demo_spec(), Settings().cache, None)


@functools.cache
def backbone(name: str) -> Any:
    """Upstream's DiT: "demo", or one of ``ARCHITECTURES`` with random parameters."""
    if name == "demo":
        return load_transformer(demo_spec(), demo_files().checkpoint, len(load_tokens(demo_files().vocabulary)))
    torch.manual_seed(1)
    model = DiT(**SMALL, **ARCHITECTURES[name], text_num_embeds=VOCABULARY, mel_dim=100).eval().requires_grad_(False)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.08)
    return model


def packed(name: str, precision: torch.dtype = torch.float32, cpu_forms: bool = True) -> PackedDiT:
    attend = choose_attention("torch", torch.device("cpu"), precision.itemsize == 2, 64)
    return PackedDiT(backbone(name), precision, attend, cpu_forms)


def upstream(name: str) -> CFM:
    """Upstream's sampler with the same weights."""
    return CFM(transformer=backbone(name), mel_spec_kwargs=MEL).eval()


def sampler_inputs(lengths: Sequence[int], cfg_strength: float = 2.0) -> list[SamplerInput]:
    """One input for each length (frames), each with its own reference, text and seed."""
    torch.manual_seed(7)
    inputs = []
    for seed, frames in enumerate(lengths):
        reference = torch.randn(20 + 7 * (seed % 5), 100)
        tokens = torch.randint(0, 31, (10 + frames // 12,))
        inputs.append(SamplerInput(tokens, reference, frames, draw_noise(seed, frames, 100), cfg_strength))
    return inputs


def relative_error(left: torch.Tensor, right: torch.Tensor) -> float:
    """Relative L2 distance."""
    return float((left - right).norm() / right.norm())
