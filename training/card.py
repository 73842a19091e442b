"""The model card: what the model is, what it was trained on, what it may be used for, and how good it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from f5_pipeline.engine.protocol import HOP_LENGTH
from f5_pipeline.storage.partial import atomic_write
from training.evaluate import table
from training.recipe import Recipe

_CARD = """\
# The embedded demo model

A small F5-TTS of our own, shipped inside the package so that the whole pipeline works on any machine, offline,
from the first minute. It is meant for first steps, tests and continuous integration. It is not meant for
production: for speech that people will listen to, choose another model of the catalogue.

## What it is

| part | file | MB | what |
|---|---|---:|---|
| acoustic model | `model.safetensors` | {acoustic} | F5-TTS `DiT`: {arch}; 16-bit averaged (EMA) weights |
| vocabulary | `vocab.txt` | 0.0 | the space, `a` to `z`, and `' , . ? !` |
| durations | `spacing.json` | {spacing} | how long words take, for texts with room for them (docs/models.md) |
| vocoder | `vocos/` | {vocoder} | Vocos, 16-bit weights |
| voices | `voices/` | {voices} | {names}: a reference each, with its transcript |

Architecture, checkpoint and vocoder are in upstream's own formats: upstream's loaders read them unchanged. Without room
for its words a text is read, too, in the rhythm of its spelling.
Audio is 24 kHz, mono.

## What it was trained on

Only on synthetic speech, {begun}: {lines:,} lines of WordNet,
of SCOWL's word lists and of templates, read by the open-source formant synthesizer espeak-ng in {voice_count} voices;
{frames:,} frames of {hop} samples were seen.
**No recording of a person is in it, and no voice of it belongs to one.** Neither the weights nor the outputs of another
neural model went into it. `python -m training` makes its like from nothing (docs/training.md).

## Licence

MIT, ours, as the rest of this package: weights, vocabulary, vocoder and voices. Commercial use is allowed.

## Limits

* **English only**, in the characters of its vocabulary: text is lower-cased and numbers are spelled out before it gets
  here; whatever else it is asked to say is refused.
* **The shipped voices only.** A reference recording of somebody else is outside of what it has heard in training.
* **Robotic.** It imitates a formant synthesizer and sounds like one.
* {seconds:g} seconds of reference and generated speech together. Longer texts are spoken in pieces.

## Measured

Against espeak-ng's own rendering, on sentences, names and numbers that training never heard; docs/training.md says what
each figure is. The recogniser (pocketsphinx, general English) hardly understands espeak-ng itself, so that only the
relative word error rate tells something. There was no listening test.

{table}
"""


def write(recipe: Recipe, arch: dict[str, Any], max_seconds: float, found: dict[str, Any], model: Path) -> None:
    """``MODEL_CARD.md`` into the model's folder, from the figures that ``evaluate`` found."""
    card = _CARD.format(
        acoustic=_megabytes(model / "model.safetensors"),
        arch=", ".join(f"{name} {value}" for name, value in arch.items()),
        spacing=_megabytes(model / "spacing.json"),
        vocoder=_megabytes(*(model / "vocos").iterdir()),
        voices=_megabytes(*(model / "voices").iterdir()),
        names=", ".join(f"`{path.stem}`" for path in sorted((model / "voices").glob("*.wav"))),
        lines=recipe.corpus.lines,
        voice_count=len(recipe.speakers),
        begun="in the last of several legs that began with random weights" if recipe.start else "from random weights",
        frames=recipe.acoustic.frames,
        hop=HOP_LENGTH,
        seconds=max_seconds,
        table=table(found),
    )
    with atomic_write(model / "MODEL_CARD.md") as file:
        file.write(card.encode())


def _megabytes(*paths: Path) -> str:
    return f"{sum(path.stat().st_size for path in paths) / 1e6:.1f}"
