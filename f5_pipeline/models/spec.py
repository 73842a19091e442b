"""What a model is: the files it is made of, its architecture, its limits and its default sampling settings.

The catalogue's entries become ``ModelSpec`` values in ``entry``; the files on this machine are in ``weights``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sampling:
    """How F5-TTS samples. All of it shapes the sound, so all of it is in the clip key."""

    nfe_step: int  # steps of the Euler solver
    cfg_strength: float  # classifier-free guidance; 0 skips the unconditional half
    sway_sampling_coef: float | None  # None: no sway
    speed: float  # 1.0 is the reference's own speech rate
    cross_fade_duration: float  # seconds, between the chunks of a long text


#: What files a model may have, by their names in the catalogue; all but the last it must have.
FILES = ("checkpoint", "vocabulary", "vocoder_config", "vocoder_weights", "spacing")


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
    backbone: str  # "DiT"
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
    ref_silence_seconds: float = 1.0  # of silence after the reference's speech, as upstream advises
    lower_case: bool = False
    spacing: SourceFile | None = None  # how long words take, of a model that wants room for them (``text.spacing``)
    default_sampling: Sampling = field(default_factory=lambda: Sampling(32, 2.0, -1.0, 1.0, 0.15))

    @property
    def files(self) -> Mapping[str, SourceFile]:
        """The files that it has, four or five, by their names in the catalogue."""
        return {name: file for name in FILES if (file := getattr(self, name)) is not None}
