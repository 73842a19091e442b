"""The stages of a recipe, in order. Each makes one thing and is skipped if that is there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from ctypes.util import find_library
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from string import ascii_lowercase

from pydantic import BaseModel

from f5_pipeline.models.word_timing import read_word_timing
from f5_pipeline.storage.partial import atomic_write
from f5_pipeline.storage.pinned import sha256_of
from training import acoustic, card, corpus, export, reader, rendering, rhythm, vocoder
from training.clips import Clips
from training.evaluate import Model, demo_spec, evaluate, table
from training.recipe import Recipe

VOCABULARY = (" ", *ascii_lowercase, *"',.?!")
_WRITTEN = "\n".join(VOCABULARY) + "\n"
_VOCODER_CONFIG = """\
feature_extractor:
  class_path: vocos.feature_extractors.MelSpectrogramFeatures
  init_args:
    sample_rate: 24000
    n_fft: 1024
    hop_length: 256
    n_mels: 100
    padding: center
backbone:
  class_path: vocos.models.VocosBackbone
  init_args:
    input_channels: 100
    dim: 192
    intermediate_dim: 512
    num_layers: 4
head:
  class_path: vocos.heads.ISTFTHead
  init_args:
    dim: 192
    n_fft: 1024
    hop_length: 256
    padding: center
"""


class _Begun(BaseModel):
    """What decides what a folder has. Attributes: start: sha256 of the files of the model to start with."""

    recipe: Recipe
    start: dict[str, str]


class DeliveryBuilder:
    """A recipe and the folder in which it is carried out.

    Raises:
        ValueError: the folder has what another recipe has made, or the model to start with reads other characters.
        OSError, FileUnusable: the model to start with is not there.
    """

    def __init__(self, recipe: Recipe, folder: Path, processes: int) -> None:
        self._recipe, self._folder, self._processes = recipe, folder, processes
        self._spec = demo_spec()
        folder.mkdir(parents=True, exist_ok=True)
        begun, mine = folder / "recipe.json", _Begun(recipe=recipe, start=_hashes(recipe.start))
        if begun.exists() and _Begun.model_validate_json(begun.read_text(encoding="utf-8")) != mine:
            raise ValueError(
                f"{folder} has what another recipe has made; delete it, or name another folder with --work"
            )
        begun.write_text(mine.model_dump_json(indent=1), encoding="utf-8")

    def missing(self) -> list[str]:
        """What is needed and not on this machine, as people install it."""
        packages = {"rapidfuzz": "rapidfuzz", "pocketsphinx": "pocketsphinx", "f5_tts": "f5-tts"}
        absent = [name for module, name in packages.items() if find_spec(module) is None]
        absent += [] if find_library("espeak-ng") else ["Debian's espeak-ng"]
        absent += [] if corpus.WORDNET.is_dir() else ["Debian's wordnet-base"]
        return absent + ([] if corpus.SCOWL.is_dir() else ["Debian's scowl"])

    def run(self, until: str) -> None:
        for name, (made, stage) in STAGES.items():
            if (self._folder / made).exists():
                print(f"{name}: {made} is there", flush=True)
            else:
                begun = time.monotonic()
                stage(self)
                print(f"{name}: {made}, {time.monotonic() - begun:.0f} s", flush=True)
            if name == until:
                return

    def corpus(self) -> None:
        say = corpus.sayer(self._spec, frozenset(VOCABULARY))
        lines = corpus.build(self._recipe.corpus.lines, self._recipe.corpus.seed, say)
        self._write("vocab.txt", _WRITTEN)
        self._write("lines.txt", "\n".join(lines) + "\n")

    def speech(self) -> None:
        lines = self._lines()
        phonemes = rendering.phonemes_of(lines, self._recipe)
        rendering.render(self._recipe, lines, phonemes, self._folder / "speech", self._processes)
        self._write("phonemes.json", json.dumps(phonemes))  # the last: all shards are there

    def rhythm(self) -> None:
        self._write("spacing.json", rhythm.fit(self._recipe, self._lines(), self._folder / "speech"))

    def reader(self) -> None:
        made = self._folder / "reader.pt"
        error = reader.train(
            self._recipe, dict(self._spec.arch), len(VOCABULARY), len(self._phonemes()), self._clips, made
        )
        print(f"reader: {error:.1%} of the phonemes of unseen lines are wrong", flush=True)

    def acoustic(self) -> None:
        acoustic.train(
            self._recipe,
            dict(self._spec.arch),
            _tokens(),
            len(self._phonemes()),
            self._clips,
            self._folder / "reader.pt",
            self._folder,
        )

    def vocoder(self) -> None:
        self._write("vocos.yaml", _VOCODER_CONFIG)
        vocoder.train(self._recipe, self._folder / "vocos.yaml", self._clips.audio, self._folder / "vocos.pt")

    def export(self) -> None:
        partial = self._folder / "model.partial"
        export.export(
            self._recipe,
            self._folder / "transformer.pt",
            self._folder / "vocab.txt",
            self._folder / "spacing.json",
            self._folder / "vocos.yaml",
            self._folder / "vocos.pt",
            partial,
        )
        partial.rename(self._folder / "model")

    def evaluation(self) -> None:
        speakers = {name: speaker for name, speaker in self._recipe.speakers.items() if speaker.reference}
        model = Model(self._folder / "model", self._spec, speakers)
        found = evaluate(model, self._recipe.evaluation.sentences, self._recipe.evaluation.steps)
        print(table(found), flush=True)
        (self._folder / STAGES["card"][0]).unlink(missing_ok=True)  # it has other figures
        self._write("metrics.json", json.dumps(found, indent=1) + "\n")

    def card(self) -> None:
        found = json.loads((self._folder / "metrics.json").read_text(encoding="utf-8"))
        card.write(self._recipe, dict(self._spec.arch), self._spec.max_seconds, found, self._folder / "model")

    def _lines(self) -> list[str]:
        return (self._folder / "lines.txt").read_text(encoding="utf-8").splitlines()

    def _phonemes(self) -> list[str]:
        read: list[str] = json.loads((self._folder / "phonemes.json").read_text(encoding="utf-8"))
        return read

    @cached_property
    def _clips(self) -> Clips:
        """Gigabytes: three stages of a run share them."""
        shards = [rendering.shard_file(self._folder / "speech", at) for at in range(self._recipe.speech.shards)]
        return Clips(shards, self._lines(), _tokens(), read_word_timing("demo", self._folder / "spacing.json"))

    def _write(self, name: str, text: str) -> None:
        with atomic_write(self._folder / name) as file:
            file.write(text.encode())


#: By name: the file that it makes, and how.
STAGES: dict[str, tuple[str, Callable[[DeliveryBuilder], None]]] = {
    "corpus": ("lines.txt", DeliveryBuilder.corpus),
    "speech": ("phonemes.json", DeliveryBuilder.speech),
    "rhythm": ("spacing.json", DeliveryBuilder.rhythm),
    "reader": ("reader.pt", DeliveryBuilder.reader),
    "acoustic": ("transformer.pt", DeliveryBuilder.acoustic),
    "vocoder": ("vocos.pt", DeliveryBuilder.vocoder),
    "export": ("model", DeliveryBuilder.export),
    "evaluation": ("metrics.json", DeliveryBuilder.evaluation),
    "card": ("model/MODEL_CARD.md", DeliveryBuilder.card),
}


def _hashes(start: str) -> dict[str, str]:
    """Of the files with which training begins.

    Raises:
        OSError, FileUnusable: one is missing.
        ValueError: its vocabulary is not ours.
    """
    if not start:
        return {}
    names = ("vocab.txt", "model.safetensors", "vocos/pytorch_model.bin")
    if (Path(start) / "vocab.txt").read_bytes() != _WRITTEN.encode():
        raise ValueError(f"{start} reads other characters than this vocabulary's")
    return {name: sha256_of(Path(start) / name) for name in names}


def _tokens() -> dict[str, int]:
    return {token: number for number, token in enumerate(VOCABULARY)}
