"""Writes the model card: the model's parts, training data, intended use, limits and measurements."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from f5_pipeline.engine.protocol import HOP_LENGTH
from f5_pipeline.storage.partial import atomic_write
from training.evaluate import table
from training.recipe import Recipe, TeacherName

_CARD = """\
# The embedded demo model

A small F5-TTS trained for this package and shipped inside it, so that the whole pipeline works on any machine,
offline. It is meant for first steps, tests and continuous integration. It is not meant for production: for speech that
people will listen to, choose another model of the catalogue.

## What it is

| part | file | MB | contents |
|---|---|---:|---|
| acoustic model | `model.safetensors` | {acoustic} | F5-TTS `DiT`: {arch}; 16-bit averaged (EMA) weights |
| vocabulary | `vocab.txt` | 0.0 | the space, `a` to `z`, and `' , . ? !` |
| durations | `spacing.json` | {spacing} | word durations, for padding texts (docs/models.md) |
| vocoder | `vocos/` | {vocoder} | Vocos, 16-bit weights |
| voices | `voices/` | {voices} | {names}: a reference recording each, with its transcript |

Architecture, checkpoint and vocoder are in upstream's own formats: upstream's loaders read them unchanged. The model
also reads unpadded text, but with the rhythm of its spelling. Audio is 24 kHz, mono.

## What it was trained on

Only on synthetic speech, {origin}: {lines:,} lines from WordNet,
from SCOWL's word lists and from templates, read by {teacher} in {voice_count}
voices. Training used {frames:,} frames of {hop} samples.
{provenance}
`python -m training` trains a model of this kind from random weights (docs/training.md).

## Licence

MIT, as the rest of this package: weights, vocabulary, vocoder and voices. Commercial use is allowed.

## Limits

* **English only**, in the characters of its vocabulary: the text front end lower-cases the text and writes out numbers;
  other characters are refused.
* **The shipped voices only.** A reference recording of another speaker is outside its training data.
* {sound}
* {seconds:g} seconds of reference and generated speech together. Longer texts are split into chunks.

## Measured

Against the teacher's own rendering, on sentences, names and numbers that are not in the training data; docs/training.md
defines each figure. There was no listening test.

{table}
"""


@dataclass(frozen=True)
class _Origin:
    """What a card says about a teacher."""

    teacher: str
    provenance: str
    sound: str


_ORIGINS: dict[TeacherName, _Origin] = {
    "espeak": _Origin(
        "the open-source formant synthesizer espeak-ng",
        "**It contains no recording of a person, and none of its voices belongs to one.** Neither the weights nor the "
        "outputs of\nanother neural model were used.",
        "**Robotic.** It imitates a formant synthesizer and sounds like one.",
    ),
    "kokoro": _Origin(
        "the neural synthesizers Kokoro-82M and hibari-tts (Apache-2.0)",
        "**It contains no recording of a person**, but it learned from another neural model's output. Kokoro-82M's "
        "authors\nname among its training data synthetic audio of closed text-to-speech services, whose terms usually "
        "forbid that, and\ndo not say whose voices it has.",
        "**Small.** It imitates a neural synthesizer of 16 times its size.",
    ),
    "cmu": _Origin(
        "the open-source synthesizer flite",
        "Its teacher's voices were made from recordings that Carnegie Mellon University has published for any use (CMU "
        "ARCTIC).\nNeither the weights nor the outputs of another neural model were used.",
        "**Mechanical.** It imitates a small synthesizer and sounds like one.",
    ),
    "stub": _Origin(
        "a stub that plays a tone for each letter",
        "**It contains no recording of a person.**",
        "**Not speech.** It was trained to test the training.",
    ),
}


def write(recipe: Recipe, arch: dict[str, Any], max_seconds: float, figures: dict[str, Any], model: Path) -> None:
    """Write ``MODEL_CARD.md`` into the model's folder, with the figures of ``evaluate``."""
    card = _CARD.format(
        acoustic=_megabytes(model / "model.safetensors"),
        arch=", ".join(f"{name} {value}" for name, value in arch.items()),
        spacing=_megabytes(model / "spacing.json"),
        vocoder=_megabytes(*(model / "vocos").iterdir()),
        voices=_megabytes(*(model / "voices").iterdir()),
        names=", ".join(f"`{path.stem}`" for path in sorted((model / "voices").glob("*.wav"))),
        lines=recipe.corpus.lines,
        voice_count=len(recipe.speakers),
        teacher=_ORIGINS[recipe.teacher].teacher,
        provenance=_ORIGINS[recipe.teacher].provenance,
        sound=_ORIGINS[recipe.teacher].sound,
        origin="in the last of several training runs that started from random weights"
        if recipe.start
        else "from random weights",
        frames=recipe.acoustic.frames,
        hop=HOP_LENGTH,
        seconds=max_seconds,
        table=table(figures),
    )
    with atomic_write(model / "MODEL_CARD.md") as file:
        file.write(card.encode())


def _megabytes(*paths: Path) -> str:
    return f"{sum(path.stat().st_size for path in paths) / 1e6:.1f}"
