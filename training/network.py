"""The demo model's transformer in training: upstream's own modules, called so that a step on a CPU is cheap.

Samples have equal lengths, so nothing is padded or masked; and the text encoder runs on characters, which are spread
over the frames afterwards, instead of on frames. The result equals upstream's forward pass
(``tests/training/test_network.py``) as long as the text encoder's global response norm is the identity, which is why
that norm is not trained.

Shapes: B samples, N frames, L characters, D model width, d head width.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from f5_pipeline.engine.f5.upstream import prepare_imports

if TYPE_CHECKING:
    from torch import Tensor, nn

EXPORTED = "ema_model.transformer."  # prefix of the weights' names that upstream's loader expects
TAPPED = 2  # index of the block whose output the auxiliary heads read


def build(arch: dict[str, Any], tokens: int) -> Any:
    """F5's DiT with random weights.

    Upstream initialises the output and the AdaLN gates with zeros; here they are not, so that every part learns from
    the first step.
    """
    prepare_imports()
    import torch
    from f5_tts.model import DiT
    from torch import nn

    sizes = {**arch, "dropout": 0.0, "attn_backend": "torch", "attn_mask_enabled": False}
    transformer = DiT(**sizes, text_num_embeds=tokens, mel_dim=100)
    width = arch["dim"]
    nn.init.normal_(transformer.proj_out.weight, std=0.01)
    for block in transformer.transformer_blocks:
        nn.init.normal_(block.attn_norm.linear.weight, std=0.01)
        with torch.no_grad():  # gates that start at zero open slowly
            block.attn_norm.linear.bias[2 * width : 3 * width] = 0.3
            block.attn_norm.linear.bias[5 * width :] = 0.3
    for name, parameter in transformer.named_parameters():
        if ".grn." in name:
            parameter.requires_grad_(False)
    return transformer


def load_weights(network: Any, folder: Path) -> None:
    """Load the transformer's weights from a model folder written by ``export``.

    Raises:
        RuntimeError: they have another architecture or another vocabulary size.
    """
    from safetensors.torch import load_file

    weights = load_file(folder / "model.safetensors")
    network.load_state_dict({name.removeprefix(EXPORTED): value for name, value in weights.items()})


def read_characters(text: Any, tokens: Tensor, dropped: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Run ``TextEmbedding`` on characters.

    Args:
        text: the module, ``transformer.text_embed``.
        tokens: (B, L) int64 characters, -1 after the end of a text.
        dropped: (B,) bool, True for samples without text; None: all have their text.

    Returns:
        (B, L, text_dim) embeddings, and (B, L) bool, True for characters.
    """
    tokens = tokens + 1
    ended = (tokens == 0).unsqueeze(-1)
    if dropped is not None:
        tokens = tokens.masked_fill(dropped[:, None], 0)
    x = (text.text_embed(tokens) + text.freqs_cis[: tokens.shape[1]]).masked_fill(ended, 0.0)
    for block in text.text_blocks:
        y = block.dwconv(x.transpose(1, 2)).transpose(1, 2)
        y = block.pwconv2(block.act(block.pwconv1(block.norm(y))))
        x = (x + y).masked_fill(ended, 0.0)
    return x, ~ended.squeeze(-1)


def spread(characters: Tensor, lengths: Tensor, frames: int) -> Tensor:
    """Repeat each character for its frames in the evenly spread text (``alignment.even_start``).

    Args:
        characters: (B, L, text_dim).
        lengths: (B,) characters of each text.
        frames: N.

    Returns:
        (B, N, text_dim).
    """
    import torch

    each, more = (frames // lengths)[:, None], (frames % lengths)[:, None]
    frame = torch.arange(frames, device=characters.device)[None]
    few = lengths[:, None] - more  # the number of characters with one frame less than the others
    at = torch.where(frame < few * each, frame // each.clamp(min=1), few + (frame - few * each) // (each + 1))
    at = at.clamp(max=characters.shape[1] - 1)
    return characters.gather(1, at[..., None].expand(-1, -1, characters.shape[2]))


def rotations(transformer: Any, frames: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary embedding, each (1, N, d)."""
    angles, _ = transformer.rotary_embed.forward_from_seq_len(frames)
    return angles.cos(), angles.sin()


def velocity(
    transformer: Any, noisy: Tensor, given: Tensor, text: Tensor, time: Tensor, cosines: Tensor, sines: Tensor
) -> tuple[Tensor, Tensor]:
    """``DiT.forward`` after the text embedding.

    Args:
        transformer: F5's DiT.
        noisy: (B, N, 100) the flow's state, between noise and speech.
        given: (B, N, 100) log mel of the reference, 0 in the frames to generate.
        text: (B, N, text_dim) from ``spread``.
        time: (B,) from 0, noise, to 1, speech.
        cosines, sines: from ``rotations``.

    Returns:
        (B, N, 100) velocity, and (B, N, D) output of the block ``TAPPED``.
    """
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    time = transformer.time_embed(time)
    x = transformer.input_embed(noisy, given, text)
    first, tapped = x, x
    for number, block in enumerate(transformer.transformer_blocks):
        y, gate, shift_ff, scale_ff, gate_ff = block.attn_norm(x, emb=time)
        attention = block.attn
        query, key, value = (
            part(y).unflatten(-1, (attention.heads, -1)).transpose(1, 2)
            for part in (attention.to_q, attention.to_k, attention.to_v)
        )
        query, key = (_rotate(part, cosines, sines).to(value.dtype) for part in (query, key))
        attended = scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        x = x + gate.unsqueeze(1) * attention.to_out[0](attended)
        y = block.ff_norm(x) * (1 + scale_ff[:, None]) + shift_ff[:, None]
        x = x + gate_ff.unsqueeze(1) * block.ff(y)
        if number == TAPPED:
            tapped = x
    if transformer.long_skip_connection is not None:
        x = transformer.long_skip_connection(torch.cat((x, first), dim=-1))
    return transformer.proj_out(transformer.norm_out(x, time)), tapped


def _rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """The rotary embedding (arXiv 2104.09864) of ``x`` (B, H, N, d); neighbouring channels are a complex number."""
    import torch

    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    return x * cosines + torch.stack((-odd, even), -1).flatten(-2) * sines


class Average:
    """The exponential moving average (EMA) of a network's parameters, which becomes the trained model."""

    def __init__(self, network: nn.Module, decay: float = 0.999) -> None:
        self._parameters, self._decay, self._steps = list(network.parameters()), decay, 0
        self.values = [parameter.detach().clone() for parameter in self._parameters]

    def update(self) -> None:
        import torch

        self._steps += 1
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))  # forgets the initial weights sooner
        with torch.no_grad():
            torch._foreach_lerp_(self.values, [parameter.detach() for parameter in self._parameters], 1 - decay)

    def state(self) -> dict[str, Any]:
        return {"values": self.values, "steps": self._steps}

    def load(self, state: dict[str, Any]) -> None:
        self._steps = state["steps"]
        for value, stored in zip(self.values, state["values"], strict=True):
            value.copy_(stored)
