"""The stages of a training, in order. Each produces one file or folder, and is skipped if that exists."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from string import ascii_lowercase

from pydantic import BaseModel

from f5_pipeline.models.word_timing import read_word_timing
from f5_pipeline.storage.partial import atomic_write
from f5_pipeline.storage.pinned import sha256_of
from training import acoustic, card, corpus, export, reader, rendering, rhythm, teachers, vocoder
from training.clips import Clips
from training.evaluate import Model, demo_spec, evaluate, table
from training.recipe import Recipe

VOCABULARY = (" ", *ascii_lowercase, *"',.?!")
_VOCABULARY_FILE = "\n".join(VOCABULARY) + "\n"
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


class _Inputs(BaseModel):
    """The inputs of a working folder, stored in it. ``start``: sha256 of the files of the model to start from."""

    recipe: Recipe
    start: dict[str, str]


class TrainingRun:
    """A recipe and its working folder.

    Args:
        recipe: the settings.
        folder: the working folder, created if necessary.
        processes: processes that render speech.

    Raises:
        ValueError: the folder has results of another recipe, or the model to start from has another vocabulary.
        OSError, FileUnusable: the model to start from does not exist.
    """

    def __init__(self, recipe: Recipe, folder: Path, processes: int) -> None:
        self._recipe, self._folder, self._processes = recipe, folder, processes
        self._spec = demo_spec()
        folder.mkdir(parents=True, exist_ok=True)
        stored, inputs = folder / "recipe.json", _Inputs(recipe=recipe, start=_hashes(recipe.start))
        if stored.exists() and _Inputs.model_validate_json(stored.read_text(encoding="utf-8")) != inputs:
            raise ValueError(
                f"{folder} has the results of another recipe; delete it, or name another folder with --work"
            )
        stored.write_text(inputs.model_dump_json(indent=1), encoding="utf-8")

    def missing(self) -> list[str]:
        """The packages that training needs and this machine lacks, by the names to install."""
        packages = {"rapidfuzz": "rapidfuzz", "pocketsphinx": "pocketsphinx", "f5_tts": "f5-tts"}
        absent = [name for module, name in packages.items() if find_spec(module) is None]
        absent += teachers.missing(self._recipe.teacher)
        absent += [] if corpus.WORDNET.is_dir() else ["Debian's wordnet-base"]
        return absent + ([] if corpus.SCOWL.is_dir() else ["Debian's scowl"])

    def run(self, until: str) -> None:
        """Run the stages up to ``until``, skipping those whose result exists."""
        for name, (result, stage) in stages_of(self._recipe).items():
            if (self._folder / result).exists():
                print(f"{name}: {result} exists", flush=True)
            else:
                started = time.monotonic()
                stage(self)
                print(f"{name}: {result}, {time.monotonic() - started:.0f} s", flush=True)
            if name == until:
                return

    def corpus(self) -> None:
        normalise = corpus.front_end(self._spec, frozenset(VOCABULARY))
        lines = corpus.build(self._recipe.corpus.lines, self._recipe.corpus.seed, normalise, self._recipe.corpus.pairs)
        self._write("vocab.txt", _VOCABULARY_FILE)
        self._write("lines.txt", "\n".join(lines) + "\n")

    def speech(self) -> None:
        lines = self._lines()
        phonemes = rendering.phonemes_of(lines, self._recipe)
        spacing = self._folder / "spacing.json" if teachers.is_timed(self._recipe.teacher) else None
        rendering.render(self._recipe, lines, phonemes, self._folder / "speech", self._processes, spacing)
        self._write("phonemes.json", json.dumps(phonemes))  # written last, when all shards exist

    def rhythm(self) -> None:
        recipe, lines = self._recipe, self._lines()
        if teachers.is_timed(recipe.teacher):
            words = rhythm.foretold_words(recipe, lines, teachers.timed_teacher(recipe.teacher))
        else:
            words = rhythm.rendered_words(recipe, lines, self._folder / "speech")
        self._write("spacing.json", rhythm.fit(words))

    def reader(self) -> None:
        path = self._folder / "reader.pt"
        error = reader.train(
            self._recipe, dict(self._spec.arch), len(VOCABULARY), len(self._phonemes()), self._clips, path
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
        model = Model(self._folder / "model", self._spec, speakers, self._recipe.teacher)
        figures = evaluate(model, self._recipe.evaluation.sentences, self._recipe.evaluation.steps)
        print(table(figures), flush=True)
        (self._folder / STAGES["card"][0]).unlink(missing_ok=True)  # its figures are outdated
        self._write("metrics.json", json.dumps(figures, indent=1) + "\n")

    def card(self) -> None:
        figures = json.loads((self._folder / "metrics.json").read_text(encoding="utf-8"))
        card.write(self._recipe, dict(self._spec.arch), self._spec.max_seconds, figures, self._folder / "model")

    def _lines(self) -> list[str]:
        return (self._folder / "lines.txt").read_text(encoding="utf-8").splitlines()

    def _phonemes(self) -> list[str]:
        phonemes: list[str] = json.loads((self._folder / "phonemes.json").read_text(encoding="utf-8"))
        return phonemes

    @cached_property
    def _clips(self) -> Clips:
        """The training data: gigabytes, loaded once for three stages."""
        shards = [rendering.shard_file(self._folder / "speech", at) for at in range(self._recipe.speech.shards)]
        spacing = read_word_timing("demo", self._folder / "spacing.json")
        return Clips(shards, self._lines(), _tokens(), spacing, self._recipe.acoustic.balance)

    def _write(self, name: str, text: str) -> None:
        with atomic_write(self._folder / name) as file:
            file.write(text.encode())


#: By the stage's name: its result and its method. See ``stages_of`` for the order.
STAGES: dict[str, tuple[str, Callable[[TrainingRun], None]]] = {
    "corpus": ("lines.txt", TrainingRun.corpus),
    "speech": ("phonemes.json", TrainingRun.speech),
    "rhythm": ("spacing.json", TrainingRun.rhythm),
    "reader": ("reader.pt", TrainingRun.reader),
    "acoustic": ("transformer.pt", TrainingRun.acoustic),
    "vocoder": ("vocos.pt", TrainingRun.vocoder),
    "export": ("model", TrainingRun.export),
    "evaluation": ("metrics.json", TrainingRun.evaluation),
    "card": ("model/MODEL_CARD.md", TrainingRun.card),
}


def stages_of(recipe: Recipe) -> dict[str, tuple[str, Callable[[TrainingRun], None]]]:
    """The stages in the order of a recipe: with a teacher that can be told a rhythm, the rhythm comes before speech."""
    order = list(STAGES)
    if teachers.is_timed(recipe.teacher):
        speech = order.index("speech")
        order[speech : speech + 2] = ["rhythm", "speech"]
    return {name: STAGES[name] for name in order}


def _hashes(start: str) -> dict[str, str]:
    """The sha256 of the files of the model to start from.

    Raises:
        OSError, FileUnusable: a file is missing.
        ValueError: the vocabulary differs from ``VOCABULARY``.
    """
    if not start:
        return {}
    names = ("vocab.txt", "model.safetensors", "vocos/pytorch_model.bin")
    if (Path(start) / "vocab.txt").read_bytes() != _VOCABULARY_FILE.encode():
        raise ValueError(f"the vocabulary of {start} is not the one that is trained here")
    return {name: sha256_of(Path(start) / name) for name in names}


def _tokens() -> dict[str, int]:
    return {token: number for number, token in enumerate(VOCABULARY)}
