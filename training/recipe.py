"""Recipes: all settings that determine the trained weights, except for the machine's rounding. One TOML file each."""

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
        share: the speaker's share of the lines, relative to the other speakers'.
        reference: text of the shipped reference voice; "": the speaker is used in training only.
    """

    voice: str
    pitch: int = Field(50, ge=0, le=99)
    intonation: int = Field(50, ge=0, le=100)
    share: PositiveFloat = 1.0
    reference: str = ""


class Corpus(_Strict):
    """The text corpus.

    Attributes:
        lines: number of lines.
        seed: of the random choices.
    """

    lines: PositiveInt
    seed: int = 1


class Speech(_Strict):
    """The rendering by espeak-ng.

    Attributes:
        words_per_minute: speech rates, one of which is drawn for each block of lines.
        pitch_spread: the largest difference to a speaker's own pitch, drawn in steps of 5.
        shards: number of files.
        audio_share: share of the shards whose audio is kept for the vocoder.
    """

    words_per_minute: tuple[int, ...] = (155, 170, 185)
    pitch_spread: int = Field(0, ge=0, le=30)
    shards: PositiveInt
    audio_share: float = Field(0.1, gt=0, le=1)


class Reader(_Strict):
    """Training of the text encoder, from spelling to phonemes.

    Attributes:
        batches: number of batches.
        lines: lines in a batch.
        rate: peak learning rate.
    """

    batches: PositiveInt
    lines: PositiveInt = 64
    rate: PositiveFloat = 2e-3


class Acoustic(_Strict):
    """Training of the transformer.

    Attributes:
        frames: total frames of all batches.
        batch_frames: frames of one batch.
        rate: peak learning rate.
        decay_from: progress (0 to 1) at which the learning rate begins to decay.
        plain: share of the samples with unpadded text (``f5_pipeline.models.word_timing``).
        warp: how far the words of these are moved (``share`` of ``training.alignment.moved``).
        lengths: pairs (progress, lengths): until that progress samples have one of these lengths, in frames.
    """

    frames: PositiveInt
    batch_frames: PositiveInt = 2560
    rate: PositiveFloat = 1.5e-3
    decay_from: float = Field(0.5, ge=0, lt=1)
    plain: float = Field(0.15, ge=0, le=1)
    warp: float = Field(1.0, ge=0, le=1)
    lengths: tuple[tuple[float, tuple[PositiveInt, ...]], ...]


class Vocoder(_Strict):
    """Training of the vocoder.

    Attributes:
        steps: number of steps.
        segments: segments in a step.
        segment_frames: mel frames of a segment.
        rate: peak learning rate.
    """

    steps: PositiveInt
    segments: PositiveInt = 16
    segment_frames: PositiveInt = 64
    rate: PositiveFloat = 1.5e-3


class Evaluation(_Strict):
    """The evaluation.

    Attributes:
        sentences: number of held-out sentences.
        steps: the sampler's step counts to evaluate.
    """

    sentences: PositiveInt = 200
    steps: tuple[PositiveInt, ...] = (7,)


class Recipe(_Strict):
    """All settings of a training.

    Attributes:
        seed: of the random numbers.
        start: folder of a model whose weights training starts from; "": random weights.
        device: where to train.
        bfloat16: use bfloat16 for the transformer's matrix products; "auto": if the hardware supports it.
        compiled: compile the transformer with ``torch.compile``.
    """

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
    """Read a recipe by its name in ``recipes/``, or from a file if ``name`` ends in ``.toml``.

    Raises:
        FileNotFoundError: there is no such recipe.
        pydantic.ValidationError: it has an unknown key or an invalid value.
    """
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    with path.open("rb") as file:
        read: dict[str, Any] = tomllib.load(file)
    return Recipe.model_validate(read)
