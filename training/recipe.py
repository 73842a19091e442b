"""A recipe: everything that decides which weights come out, but for the machine's rounding. One TOML file each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RECIPES = Path(__file__).with_name("recipes")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Speaker(_Strict):
    """A voice of espeak-ng.

    Attributes:
        voice: language and variant, such as ``en-us+f2``.
        pitch: 0 to 99.
        intonation: 0 to 100.
        share: of the lines, relative to those of the other speakers.
        reference: what the shipped reference voice says; without it the speaker is heard in training only.
    """

    voice: str
    pitch: int = Field(50, ge=0, le=99)
    intonation: int = Field(50, ge=0, le=100)
    share: PositiveFloat = 1.0
    reference: str = ""


class Corpus(_Strict):
    """Attributes: lines: how many; seed: of what is drawn."""

    lines: PositiveInt
    seed: int = 1


class Speech(_Strict):
    """Attributes: words_per_minute: each line is read at one of these; pitch_spread: by which it is drawn around a
    speaker's own, in steps of 5; audio_share: of the shards whose sound is kept for the vocoder."""

    words_per_minute: tuple[int, ...] = (155, 170, 185)
    pitch_spread: int = Field(0, ge=0, le=30)
    shards: PositiveInt
    audio_share: float = Field(0.1, gt=0, le=1)


class Reader(_Strict):
    """Spelling to phonemes. Attributes: batches; lines: of a batch; rate: peak learning rate."""

    batches: PositiveInt
    lines: PositiveInt = 64
    rate: PositiveFloat = 2e-3


class Acoustic(_Strict):
    """The transformer.

    Attributes:
        frames: of training altogether; the sum of all batches.
        batch_frames: of one step.
        rate: peak learning rate.
        decay_from: progress from which it falls, to nearly nothing.
        plain: share of the samples whose text has no room for its words (``f5_pipeline.models.word_timing``).
        warp: how far words are moved there, to where the evenly spread text has them; 0: not at all, 1: wholly.
        lengths: progress until which samples have one of these lengths, in frames.
    """

    frames: PositiveInt
    batch_frames: PositiveInt = 2560
    rate: PositiveFloat = 1.5e-3
    decay_from: float = Field(0.5, ge=0, lt=1)
    plain: float = Field(0.15, ge=0, le=1)
    warp: float = Field(1.0, ge=0, le=1)
    lengths: tuple[tuple[float, tuple[PositiveInt, ...]], ...]


class Vocoder(_Strict):
    """Attributes: steps; segments: of a step; segment_frames; rate: peak learning rate."""

    steps: PositiveInt
    segments: PositiveInt = 16
    segment_frames: PositiveInt = 64
    rate: PositiveFloat = 1.5e-3


class Evaluation(_Strict):
    """Attributes: sentences: so many of the held-out ones; steps: of the sampler, for each of which it is done."""

    sentences: PositiveInt = 200
    steps: tuple[PositiveInt, ...] = (7,)


class Recipe(_Strict):
    """Attributes: bfloat16: for the transformer's products; "auto": where the device multiplies it itself; start: the
    folder of a model whose weights training begins with, instead of random ones."""

    seed: int = 1
    start: str = ""
    device: Literal["cpu", "cuda"] = "cpu"
    bfloat16: bool | Literal["auto"] = False
    compiled: bool = False
    speakers: dict[str, Speaker]
    corpus: Corpus
    speech: Speech
    reader: Reader
    acoustic: Acoustic
    vocoder: Vocoder
    evaluation: Evaluation = Evaluation()


def load(name: str) -> Recipe:
    """The recipe of that name, or of that file.

    Raises:
        FileNotFoundError: there is none.
        pydantic.ValidationError: it has a key that no recipe has, or a value that none may have.
    """
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    with path.open("rb") as file:
        read: dict[str, Any] = tomllib.load(file)
    return Recipe.model_validate(read)
