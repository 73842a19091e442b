"""The names and shapes of the tensors that a checkpoint must contain for its architecture. No torch.

The rules restate what the classes of f5_tts and Vocos allocate; a test compares them with the real classes. ``proof``
reads the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from f5_pipeline.models.entry import Backbone

Shape = tuple[int, ...]
Shapes = dict[str, Shape]

MEL_CHANNELS = 100  # of all F5-TTS models
_FREQUENCY_CHANNELS = 256  # of the time step's sinusoidal embedding
_MLP_FACTOR = 2  # of the text encoder's ConvNeXt blocks


def expected_shapes(arch: Mapping[str, Any], vocabulary_size: int) -> Shapes:
    """Name and shape of every tensor of an ``f5_tts.model.DiT`` built with ``arch``.

    Args:
        arch: keyword arguments of the class, as in the catalogue.
        vocabulary_size: the number of tokens. The embedding has one more row, for the filler token.
    """
    spec = Backbone.model_validate(dict(arch))
    return dict([*_front(spec, vocabulary_size), *_blocks(spec), *_linear("proj_out", MEL_CHANNELS, spec.dim)])


def expected_vocos_shapes(channels: int, dim: int, intermediate_dim: int, num_layers: int, n_fft: int) -> Shapes:
    """Name and shape of every trained tensor of a Vocos with ConvNeXt blocks and an inverse STFT head.

    Args:
        channels: mel channels of the input.
        dim: width of the backbone.
        intermediate_dim: width inside a ConvNeXt block.
        num_layers: number of ConvNeXt blocks.
        n_fft: FFT size of the head, which predicts ``n_fft / 2 + 1`` magnitudes and phases.
    """
    shapes: Shapes = {"backbone.embed.weight": (dim, channels, 7), "backbone.embed.bias": (dim,)}
    shapes.update(_pair("backbone.norm", (dim,)))
    for layer in range(num_layers):
        block = f"backbone.convnext.{layer}"
        shapes[f"{block}.gamma"] = (dim,)
        shapes.update(_convnext(block, dim, intermediate_dim))
    shapes.update(_pair("backbone.final_layer_norm", (dim,)))
    shapes.update(_linear("head.out", n_fft + 2, dim))
    return shapes


def _pair(name: str, shape: Shape) -> Iterator[tuple[str, Shape]]:
    """A weight of ``shape`` and a bias of its first dimension's size."""
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


def _linear(name: str, rows: int, columns: int) -> Iterator[tuple[str, Shape]]:
    return _pair(name, (rows, columns))


def _convnext(block: str, dim: int, inner: int) -> Iterator[tuple[str, Shape]]:
    yield from _pair(f"{block}.dwconv", (dim, 1, 7))
    yield from _pair(f"{block}.norm", (dim,))
    yield from _linear(f"{block}.pwconv1", inner, dim)
    yield from _linear(f"{block}.pwconv2", dim, inner)


def _front(spec: Backbone, vocabulary_size: int) -> Iterator[tuple[str, Shape]]:
    """The time, text, input and position embeddings."""
    yield from _linear("time_embed.time_mlp.0", spec.dim, _FREQUENCY_CHANNELS)
    yield from _linear("time_embed.time_mlp.2", spec.dim, spec.dim)
    text_dim = spec.text_dim or MEL_CHANNELS
    yield "text_embed.text_embed.weight", (vocabulary_size + 1, text_dim)
    for layer in range(spec.conv_layers):
        block = f"text_embed.text_blocks.{layer}"
        yield from _convnext(block, text_dim, text_dim * _MLP_FACTOR)
        yield f"{block}.grn.gamma", (1, 1, text_dim * _MLP_FACTOR)
        yield f"{block}.grn.beta", (1, 1, text_dim * _MLP_FACTOR)
    yield from _linear("input_embed.proj", spec.dim, 2 * MEL_CHANNELS + text_dim)
    for layer in (0, 2):
        yield from _pair(f"input_embed.conv_pos_embed.conv1d.{layer}", (spec.dim, spec.dim // 16, 31))
    yield "rotary_embed.inv_freq", (spec.dim_head // 2,)


def _attention(block: str, spec: Backbone) -> Iterator[tuple[str, Shape]]:
    inner = spec.heads * spec.dim_head
    for part in ("to_q", "to_k", "to_v"):
        yield from _linear(f"{block}.{part}", inner, spec.dim)
    yield from _linear(f"{block}.to_out.0", spec.dim, inner)
    if spec.qk_norm is not None:
        yield f"{block}.q_norm.weight", (spec.dim_head,)
        yield f"{block}.k_norm.weight", (spec.dim_head,)


def _feed_forward(block: str, spec: Backbone) -> Iterator[tuple[str, Shape]]:
    inner = int(spec.dim * spec.ff_mult)
    yield from _linear(f"{block}.ff.0.0", inner, spec.dim)
    yield from _linear(f"{block}.ff.2", spec.dim, inner)


def _blocks(spec: Backbone) -> Iterator[tuple[str, Shape]]:
    for layer in range(spec.depth):
        block = f"transformer_blocks.{layer}"
        yield from _linear(f"{block}.attn_norm.linear", 6 * spec.dim, spec.dim)
        yield from _attention(f"{block}.attn", spec)
        yield from _feed_forward(f"{block}.ff", spec)
    if spec.long_skip_connection:
        yield "long_skip_connection.weight", (spec.dim, 2 * spec.dim)
    yield from _linear("norm_out.linear", 2 * spec.dim, spec.dim)
