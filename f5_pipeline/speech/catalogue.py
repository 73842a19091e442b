"""The model catalogue: what each model is made of, where its files are, what it can say, and its licence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from f5_pipeline.speech.utterance import Sampling


@dataclass(frozen=True)
class SourceFile:
    """One file of a model: where it comes from and what it must hash to."""

    source: str  # "package:…" (shipped), "hf://repo@revision/path", "s3://…", "https://…", or a local path
    sha256: str | None = None  # None: recorded at the first fetch and held to from then on
    size: int | None = None  # bytes


@dataclass(frozen=True)
class ModelSpec:
    """One entry of the catalogue."""

    name: str
    description: str
    backbone: str  # "DiT" | "UNetT"
    arch: Mapping[str, Any]  # keyword arguments of f5_tts's backbone class
    tokenizer: str  # "pinyin" | "characters"
    checkpoint: SourceFile
    vocabulary: SourceFile
    vocoder_config: SourceFile
    vocoder_weights: SourceFile
    languages: tuple[str, ...]
    licence: str  # SPDX
    commercial: bool  # whether the licence allows commercial use
    max_seconds: float = 30.0  # reference + generated audio the model was trained for
    max_ref_seconds: float = 12.0
    lower_case: bool = False
    default_sampling: Sampling = field(default_factory=lambda: Sampling(32, 2.0, -1.0, 1.0, 0.15))
