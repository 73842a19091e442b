"""The demo model's networks in training: upstream's own modules, called so that a step on a CPU is cheap.

Samples have equal lengths, so that nothing is padded or masked, and characters are read once and spread then, instead
of being read as frames. Both give what upstream's forward gives (``tests/training/test_network.py``), as long as the
global response norm of the text encoder does nothing, which is why it is kept from learning.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

EXPORTED = "ema_model.transformer."  # before the names of a model's weights, as upstream's loader wants them
TAPPED = 2  # the block after which a part that is thrown away later has to name the phoneme of each frame


def build(arch: dict[str, Any], tokens: int) -> Any:
    """F5's DiT with random weights, so that it learns from the first step on."""
    import torch
    from f5_tts.model import DiT
    from torch import nn

    sizes = {**arch, "dropout": 0.0, "attn_backend": "torch", "attn_mask_enabled": False}
    transformer = DiT(**sizes, text_num_embeds=tokens, mel_dim=100)
    width = arch["dim"]
    nn.init.normal_(transformer.proj_out.weight, std=0.01)
    for block in transformer.transformer_blocks:
        nn.init.normal_(block.attn_norm.linear.weight, std=0.01)
        with torch.no_grad():  # gates that begin at zero take long to open
            block.attn_norm.linear.bias[2 * width : 3 * width] = 0.3
            block.attn_norm.linear.bias[5 * width :] = 0.3
    for name, parameter in transformer.named_parameters():
        if ".grn." in name:
            parameter.requires_grad_(False)
    return transformer


def started(network: Any, folder: Path) -> None:
    """The weights of a model's transformer (``export``) instead of the random ones.

    Raises:
        RuntimeError: they are of another architecture, or of another vocabulary's size.
    """
    from safetensors.torch import load_file

    weights = load_file(folder / "model.safetensors")
    network.load_state_dict({name.removeprefix(EXPORTED): value for name, value in weights.items()})


def read_characters(text: Any, tokens: Tensor, dropped: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """``TextEmbedding`` on characters.

    Args:
        text: the module, ``transformer.text_embed``.
        tokens: [samples, characters], -1 where a text has ended.
        dropped: [samples] whose text is not given.

    Returns:
        [samples, characters, text_dim], and [samples, characters] where there is one.
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
    """[samples, frames, text_dim]: each character for as many frames as ``alignment.even_start`` says."""
    import torch

    each, more = (frames // lengths)[:, None], (frames % lengths)[:, None]
    frame = torch.arange(frames, device=characters.device)[None]
    few = lengths[:, None] - more  # characters that have one frame less than the others
    at = torch.where(frame < few * each, frame // each.clamp(min=1), few + (frame - few * each) // (each + 1))
    at = at.clamp(max=characters.shape[1] - 1)
    return characters.gather(1, at[..., None].expand(-1, -1, characters.shape[2]))


def rotations(transformer: Any, frames: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary embedding, each [1, frames, dim_head]."""
    angles, _ = transformer.rotary_embed.forward_from_seq_len(frames)
    return angles.cos(), angles.sin()


def velocity(
    transformer: Any, noisy: Tensor, given: Tensor, text: Tensor, time: Tensor, cosines: Tensor, sines: Tensor
) -> tuple[Tensor, Tensor]:
    """The rest of ``DiT.forward``.

    Args:
        noisy: [samples, frames, 100] between noise and speech.
        given: [samples, frames, 100] what is known of the speech, 0 elsewhere.
        text: [samples, frames, text_dim].
        time: [samples] from 0, noise, to 1, speech.

    Returns:
        [samples, frames, 100] from noise to speech, and [samples, frames, dim] what the tapped block gives.
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
        query, key = (_turned(part, cosines, sines).to(value.dtype) for part in (query, key))
        heard = scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        x = x + gate.unsqueeze(1) * attention.to_out[0](heard)
        y = block.ff_norm(x) * (1 + scale_ff[:, None]) + shift_ff[:, None]
        x = x + gate_ff.unsqueeze(1) * block.ff(y)
        if number == TAPPED:
            tapped = x
    if transformer.long_skip_connection is not None:
        x = transformer.long_skip_connection(torch.cat((x, first), dim=-1))
    return transformer.proj_out(transformer.norm_out(x, time)), tapped


def _turned(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    import torch

    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    return x * cosines + torch.stack((-odd, even), -1).flatten(-2) * sines


class Average:
    """A running average of a network's parameters, which is what is kept of it (EMA)."""

    def __init__(self, network: nn.Module, decay: float = 0.999) -> None:
        self._parameters, self._decay, self._steps = list(network.parameters()), decay, 0
        self.values = [parameter.detach().clone() for parameter in self._parameters]

    def update(self) -> None:
        import torch

        self._steps += 1
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))  # else the first random weights stay in it
        with torch.no_grad():
            torch._foreach_lerp_(self.values, [parameter.detach() for parameter in self._parameters], 1 - decay)

    def state(self) -> dict[str, Any]:
        return {"values": self.values, "steps": self._steps}

    def load(self, state: dict[str, Any]) -> None:
        self._steps = state["steps"]
        for value, stored in zip(self.values, state["values"], strict=True):
            value.copy_(stored)
