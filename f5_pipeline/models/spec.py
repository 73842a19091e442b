"""``ModelSpec``: a model's files, architecture, limits and default sampling settings.

``entry`` builds it from a catalogue entry; ``weights`` finds and fetches the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

#: The methods that solve the flow: Euler's, as upstream, and Adams-Bashforth's of order two. See ``engine.f5.sampler``.
Solver = Literal["euler", "ab2"]


@dataclass(frozen=True)
class Sampling:
    """F5-TTS's sampling settings. All of them shape the sound, so all of them are part of the clip key."""

    nfe_step: int  # steps of the solver; each evaluates the model once, whatever the solver
    cfg_strength: float  # classifier-free guidance; 0 skips the unconditional half
    sway_sampling_coef: float | None  # None: no sway sampling
    speed: float  # 1.0 is the reference's own speech rate
    cross_fade_duration: float  # seconds, between the chunks of a long text
    solver: Solver = "euler"

    @property
    def settings(self) -> dict[str, float | str | None]:
        """The values by name, as in clip keys and files. Euler is left out, as when there was no other solver."""
        return {name: value for name, value in vars(self).items() if (name, value) != ("solver", "euler")}


#: The files of a model, by their keys in the catalogue. All but the last are required.
FILES = ("checkpoint", "vocabulary", "vocoder_config", "vocoder_weights", "spacing")


@dataclass(frozen=True)
class SourceFile:
    """One file of a model: its source and expected sha256."""

    #: "package:…" (shipped), "hf://repo@revision/path", "s3://…", "https://…" with or without a token, or a local path
    source: str = field(repr=False)
    sha256: str | None = None  # None: recorded at the first fetch and verified from then on
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
    commercial: bool  # True if the licence allows commercial use
    max_seconds: float = 30.0  # reference + generated audio the model was trained for
    max_ref_seconds: float = 12.0
    ref_silence_seconds: float = 1.0  # silence after the reference's speech, as upstream recommends
    lower_case: bool = False
    spacing: SourceFile | None = None  # word durations, for a model that needs padded text (``word_timing``)
    default_sampling: Sampling = field(default_factory=lambda: Sampling(32, 2.0, -1.0, 1.0, 0.15))

    @property
    def files(self) -> Mapping[str, SourceFile]:
        """Its files (four or five) by their keys in the catalogue."""
        return {name: file for name in FILES if (file := getattr(self, name)) is not None}
