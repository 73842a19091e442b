"""Exports the trained model in the form that the package ships and upstream's loaders read, with reference voices."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE
from training.network import EXPORTED
from training.recipe import Recipe
from training.rendering import Renderer
from training.teachers import teacher_of

_REFERENCE_RATE = 170  # words per minute


def export(
    recipe: Recipe,
    transformer: Path,
    vocabulary: Path,
    spacing: Path,
    vocoder_config: Path,
    vocoder: Path,
    out: Path,
) -> None:
    """Write ``model.safetensors``, ``vocab.txt``, ``spacing.json``, ``vocos/`` and ``voices/`` into ``out``.

    The transformer's weights become 16-bit floats; the reference voices are rendered by the teacher.
    """
    import torch
    from safetensors.torch import save_file

    for folder in (out / "vocos", out / "voices"):
        folder.mkdir(parents=True, exist_ok=True)
    weights = torch.load(transformer, map_location="cpu", weights_only=True)
    save_file(
        {
            EXPORTED + name: value.half().contiguous()
            if value.is_floating_point() and "inv_freq" not in name
            else value.contiguous()
            for name, value in weights.items()
        },
        out / "model.safetensors",
    )
    (out / "model.safetensors").chmod(0o644)  # safetensors creates it readable by its owner only
    shutil.copyfile(vocabulary, out / "vocab.txt")
    shutil.copyfile(spacing, out / "spacing.json")
    shutil.copyfile(vocoder_config, out / "vocos" / "config.yaml")
    shutil.copyfile(vocoder, out / "vocos" / "pytorch_model.bin")
    renderer, noise = Renderer(teacher_of(recipe.teacher, spacing)), np.random.default_rng(recipe.seed)
    for name, speaker in recipe.speakers.items():
        if speaker.reference:
            clip = renderer.speak(speaker.reference, speaker, _REFERENCE_RATE, noise)
            if clip is None:
                raise ValueError(f"the reference of {name!r} is silent")
            write_wav(out / "voices" / f"{name}.wav", clip.samples)
            (out / "voices" / f"{name}.txt").write_text(speaker.reference + "\n", encoding="utf-8")


def write_wav(path: Path, samples: np.ndarray) -> None:
    """Write (n,) float samples as a WAV file: 16 bit, 24 kHz, mono."""
    import soundfile

    soundfile.write(path, samples, SAMPLE_RATE, subtype="PCM_16")
