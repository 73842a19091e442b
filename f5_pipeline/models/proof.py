"""Checks that the files of a model belong together, before they are loaded.

A safetensors file needs only its header read. A torch file is a pickle: torch itself opens it, in a separate process,
with ``weights_only=True``. ``shapes`` has the expected shapes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from safetensors import SafetensorError, safe_open

from f5_pipeline.errors import BadWeights
from f5_pipeline.models.shapes import MEL_CHANNELS, Shapes, expected_shapes, expected_vocos_shapes
from f5_pipeline.models.spec import ModelSpec

_PAIRING_FIX = "Give the model's own arch and vocabulary in the catalogue, or the checkpoint that belongs to them."

#: The parameters of F5-TTS's mel spectrograms; a vocoder for other ones would produce noise.
_MEL = {"sample_rate": 24_000, "n_fft": 1024, "hop_length": 256, "n_mels": MEL_CHANNELS}

#: The only classes that a vocoder's configuration may name: Vocos imports and calls any class that it finds there.
_VOCOS_CLASSES = {
    "feature_extractor": "vocos.feature_extractors.MelSpectrogramFeatures",
    "backbone": "vocos.models.VocosBackbone",
    "head": "vocos.heads.ISTFTHead",
}

_LIST_TORCH_FILE = """
import json, sys, torch
try:
    data = torch.load(sys.argv[1], map_location="cpu", weights_only=True, mmap=True)
except RuntimeError as error:
    if "mmap" not in str(error):
        raise
    data = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
for key in ("ema_model_state_dict", "model_state_dict"):
    if isinstance(data, dict) and key in data:
        data = data[key]
        break
shapes = {key: list(value.shape) for key, value in data.items() if torch.is_tensor(value)}
json.dump(shapes, sys.stdout)
"""


def read_vocabulary(model: str, path: Path) -> tuple[str, ...]:
    """The distinct tokens of a vocabulary file, in order: one per line, as upstream reads them.

    Raises:
        BadWeights: the file is not UTF-8 text, or has no tokens.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadWeights(model, f"the vocabulary {path} is not UTF-8 text.", _PAIRING_FIX) from None
    tokens = tuple(dict.fromkeys(text.removesuffix("\n").split("\n") if text else ()))
    if not tokens:
        raise BadWeights(model, f"the vocabulary {path} is empty.", _PAIRING_FIX)
    return tokens


def prove_checkpoint(spec: ModelSpec, checkpoint: Path, vocabulary: Path) -> None:
    """Compare the checkpoint's tensor names and shapes with the architecture and the vocabulary.

    Raises:
        BadWeights: they do not match; the message names the first tensors that differ.
    """
    tokens = read_vocabulary(spec.name, vocabulary)
    expected = expected_shapes(spec.arch, len(tokens))
    found = {name.removeprefix("transformer."): shape for name, shape in _model_tensors(spec, checkpoint).items()}
    rows = "text_embed.text_embed.weight"
    if _differences(expected, found) == [rows] and expected[rows][1:] == found.get(rows, ())[1:]:
        reason = f"the vocabulary {vocabulary} has {len(tokens)} tokens, the checkpoint {found[rows][0] - 1}."
        raise BadWeights(spec.name, reason, _PAIRING_FIX)
    _compare(spec.name, f"the checkpoint {checkpoint} is not a {spec.backbone} of this architecture", expected, found)


def prove_vocoder(spec: ModelSpec, config: Path, weights: Path) -> None:
    """Compare a vocoder's configuration with F5-TTS's spectrograms, and its weights with its configuration.

    Raises:
        BadWeights: they do not match.
    """
    parts = _vocoder_parts(spec.name, config)
    _check_mel(spec.name, config, parts)
    backbone, head = parts["backbone"], parts["head"]
    sizes: list[Any] = [backbone.get(key) for key in ("input_channels", "dim", "intermediate_dim", "num_layers")]
    if not all(isinstance(size, int) and 0 < size <= _LARGEST for size in sizes):
        reason = f"{config} lacks a valid input_channels, dim, intermediate_dim or num_layers of the vocoder."
        raise BadWeights(spec.name, reason, _VOCODER_FIX)
    channels, dim, inner, layers = sizes
    expected = expected_vocos_shapes(channels, dim, inner, layers, head["n_fft"])
    found = _torch_tensors(spec.name, weights)
    # Buffers (window, filter bank) are computed, not learned; versions of Vocos differ in which of them they save.
    learned = {name: shape for name, shape in found.items() if name.startswith(("backbone.", "head.out."))}
    _compare(spec.name, f"the vocoder {weights} is not the one that its config.yaml describes", expected, learned)


_LARGEST_CONFIG = 100_000  # bytes; Vocos's own has 500
_LARGEST = 100_000  # upper bound of a vocoder's sizes, so that listing the expected shapes stays fast
_VOCODER_FIX = "Use a Vocos for 24 kHz, 100 mel channels and hop 256, such as hf://charactr/vocos-mel-24khz."


class _PlainLoader(yaml.SafeLoader):
    """Loads YAML without aliases: a few lines of nested ones stand for more values than fit in any memory."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has aliases")
        return super().compose_node(parent, index)


def _vocoder_parts(model: str, config: Path) -> dict[str, Mapping[str, Any]]:
    try:
        if config.stat().st_size > _LARGEST_CONFIG:
            raise ValueError
        read = yaml.load(config.read_text(encoding="utf-8"), _PlainLoader)
        parts = {part: (read[part]["class_path"], dict(read[part].get("init_args") or {})) for part in _VOCOS_CLASSES}
    except (yaml.YAMLError, RecursionError, ValueError, KeyError, TypeError, AttributeError):
        raise BadWeights(model, f"{config} is not the configuration of a Vocos.", _VOCODER_FIX) from None
    for part, (name, _) in parts.items():
        if name != _VOCOS_CLASSES[part]:
            raise BadWeights(model, f"{config} names the {part} {str(name)[:80]!r}.", _VOCODER_FIX)
    return {part: arguments for part, (_, arguments) in parts.items()}


def _check_mel(model: str, config: Path, parts: Mapping[str, Mapping[str, Any]]) -> None:
    mel = {**_MEL, **parts["feature_extractor"]}  # Vocos's own defaults are the same
    wrong = {key: mel[key] for key, value in _MEL.items() if mel[key] != value}
    wrong |= {
        f"head's {key}": parts["head"].get(key)
        for key in ("n_fft", "hop_length")
        if parts["head"].get(key) != _MEL[key]
    }
    if wrong:
        listed = ", ".join(f"{key} {value}" for key, value in wrong.items())
        raise BadWeights(model, f"the vocoder of {config} is made for other spectrograms ({listed}).", _VOCODER_FIX)


def _model_tensors(spec: ModelSpec, path: Path) -> Shapes:
    """The shapes of the tensors that upstream's loader passes to the model: without the EMA's counters and prefix."""
    tensors = _safetensors(spec.name, path) if path.suffix == ".safetensors" else _torch_tensors(spec.name, path)
    tensors = {name.replace("ema_model.", ""): shape for name, shape in tensors.items()}
    # Left out: the EMA's counters, and the spectrogram constants that early checkpoints contain.
    return {
        name: shape
        for name, shape in tensors.items()
        if name not in ("initted", "step") and not name.startswith("mel_spec.")
    }


def _safetensors(model: str, path: Path) -> Shapes:
    try:
        with safe_open(path, framework="np") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        reason = f"{path} is not a complete safetensors file ({error})."
        raise BadWeights(model, reason, "Delete it, so that it is fetched again.") from None


def _torch_tensors(model: str, path: Path) -> Shapes:
    command = [sys.executable, "-c", _LIST_TORCH_FILE, str(path.absolute())]
    # Not in the working folder: a user's torch.py there would be imported instead of torch.
    done = subprocess.run(command, capture_output=True, text=True, cwd=sys.prefix, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["torch was killed"])[-1][:300]
        reason = f"torch cannot open {path} as a file that contains only tensors ({last})."
        raise BadWeights(model, reason, "Convert it to safetensors, if you trust it.")
    return {name: tuple(shape) for name, shape in json.loads(done.stdout).items()}


def _differences(expected: Shapes, found: Shapes) -> list[str]:
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def _compare(model: str, claim: str, expected: Shapes, found: Shapes) -> None:
    differing = _differences(expected, found)
    if not differing:
        return
    listed = "; ".join(
        f"{name} is {_format_shape(found.get(name))} and should be {_format_shape(expected.get(name))}"
        for name in differing[:3]
    )
    count = "1 tensor differs" if len(differing) == 1 else f"{len(differing)} tensors differ"
    reason = f"{claim}: {count}, among them {listed}."
    raise BadWeights(model, reason, _PAIRING_FIX)


def _format_shape(shape: tuple[int, ...] | None) -> str:
    return "absent" if shape is None else "x".join(map(str, shape)) or "a scalar"
