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

TeacherName = Literal["espeak", "kokoro", "cmu", "stub"]

RECIPES = Path(__file__).with_name("recipes")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Speaker(_Strict):
    """A voice of the teacher.

    Attributes:
        voice: espeak-ng's language and variant, such as ``en-us+f2``; Kokoro's name, such as ``bf_emma``, or ``heart``:
            its ``af_heart`` by hibari-tts, 60 times as fast; flite's ``slt``, ``rms`` or ``awb``.
        pitch: 0 to 99; espeak-ng only.
        intonation: 0 to 100; espeak-ng only.
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
        pairs: share of the lines that are two sentences, for the pause at a full stop inside a text.
        seed: of the random choices.
    """

    lines: PositiveInt
    pairs: float = Field(0.0, ge=0, le=0.45)
    seed: int = 1


class Speech(_Strict):
    """The rendering by the teacher.

    Attributes:
        words_per_minute: speech rates, one of which is drawn for each block of lines; 170 is Kokoro's own pace.
        pitch_spread: the largest difference to a speaker's own pitch, drawn in steps of 5; espeak-ng only.
        rhythm_lines: lines to whose timing the table of word durations is fitted, if the teacher tells it before it
            sounds; espeak-ng's table is fitted to all of its speech.
        shards: number of files.
        audio_share: share of the shards whose audio is kept for the vocoder.
    """

    words_per_minute: tuple[int, ...] = (155, 170, 185)
    pitch_spread: int = Field(0, ge=0, le=30)
    rhythm_lines: PositiveInt = 2000
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
        balance: a speaker with n times as many clips as another is drawn n^balance times as often.
        lengths: pairs (progress, lengths): until that progress samples have one of these lengths, in frames.
    """

    frames: PositiveInt
    batch_frames: PositiveInt = 2560
    rate: PositiveFloat = 1.5e-3
    decay_from: float = Field(0.5, ge=0, lt=1)
    plain: float = Field(0.15, ge=0, le=1)
    warp: float = Field(1.0, ge=0, le=1)
    balance: float = Field(1.0, ge=0, le=1)
    lengths: tuple[tuple[float, tuple[PositiveInt, ...]], ...]


class Vocoder(_Strict):
    """Training of the vocoder.

    Attributes:
        steps: number of steps.
        segments: segments in a step.
        segment_frames: mel frames of a segment.
        rate: peak learning rate.
        adversarial: share of the steps, the last ones, with discriminators (``training.discriminators``).
    """

    steps: PositiveInt
    segments: PositiveInt = 16
    segment_frames: PositiveInt = 64
    rate: PositiveFloat = 1.5e-3
    adversarial: float = Field(0.0, ge=0, le=1)


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
        teacher: the synthesizer whose speech the model learns: espeak-ng; Kokoro-82M, with hibari-tts; CMU's flite;
            or a stub for tests.
        start: folder of a model whose weights training starts from; "": random weights.
        device: where to train.
        bfloat16: use bfloat16 for the transformer's matrix products; "auto": if the hardware supports it.
        compiled: compile the transformer with ``torch.compile``.
    """

    seed: int = 1
    teacher: TeacherName = "espeak"
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
