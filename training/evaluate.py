"""Evaluates a model of the demo's form against espeak-ng, on sentences that are not in the training data.

    python -m training.evaluate                            the shipped model
    python -m training.evaluate --model FOLDER             another model, as written by ``export``
    python -m training.evaluate --voices m1 m3 f2 f5       only these voices, to compare models with different ones
    python -m training.evaluate --sentences 20 --steps 7 16 32

The product's own engine speaks, and pocketsphinx transcribes with its general model of English. It hardly understands
espeak-ng, so its figures are meaningful only relative to those of espeak-ng's own speech.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from f5_pipeline.engine.f5.engine import F5Engine
from f5_pipeline.engine.protocol import Chunk, SpeechEngine, seconds_of
from f5_pipeline.engine.word_spacing import with_word_spacing
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.proof import read_vocabulary
from f5_pipeline.models.spec import ModelSpec, Sampling
from f5_pipeline.models.weights import ModelFiles, ReadyModel
from f5_pipeline.settings.environment import Settings
from f5_pipeline.text.front_end import reference_text
from training.corpus import front_end, held_out
from training.export import write_wav
from training.measures import Comparison, Sentence, compare, compared_mel, nearer_pitch, pocketsphinx, word_error_rate
from training.recipe import Speaker, load
from training.rendering import Clip, Renderer, Samples

DEMO = Path(__file__).parents[1] / "f5_pipeline" / "demo"
_THREADS = 2
_PITCH_SENTENCES = 40  # sentences spoken with a reference of another pitch
_RATE = 170  # words per minute of espeak-ng's renderings
_SHIPPED = (".safetensors", ".yaml", ".bin", ".wav", ".txt", ".json")
_OTHER_PITCH = 25  # difference to a speaker's own pitch, in espeak-ng's units: more than any recipe's ``pitch_spread``


@dataclass(frozen=True)
class Model:
    """A folder as written by ``export``, and the speakers of its voices."""

    folder: Path
    spec: ModelSpec
    speakers: dict[str, Speaker]

    @property
    def files(self) -> ModelFiles:
        weights, vocabulary = self.folder / "model.safetensors", self.folder / "vocab.txt"
        spacing = self.folder / "spacing.json"
        return ModelFiles(
            weights, vocabulary, self.folder / "vocos", "", {}, 0.0, 0, spacing if spacing.exists() else None
        )


def evaluate(model: Model, sentences: int, steps: Sequence[int], threads: int = _THREADS) -> dict[str, Any]:
    """The figures by name; "steps" has those that depend on the sampler, by the number of steps."""
    with _threads(threads):
        return _evaluate(model, sentences, steps) | {"threads": threads}


def table(figures: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    by_steps = figures["steps"]
    head = f"{figures['sentences']} sentences, voices {', '.join(figures['voices'])}"
    rows = [[name, *(column[name] for column in by_steps.values())] for name in next(iter(by_steps.values()))]
    rows += [[name, *[figures[name]] * len(by_steps)] for name in ("espeak_word_error_rate", "threads", "megabytes")]
    lines = [[head, *(f"{count} steps" for count in by_steps)], ["---", *["---:"] * len(by_steps)], *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('_', ' ') for cell in line)} |" for line in lines)


def demo_spec() -> ModelSpec:
    return load_catalogue(Settings())["demo"]


def _evaluate(model: Model, sentences: int, steps: Sequence[int]) -> dict[str, Any]:
    renderer, noise = Renderer(), np.random.default_rng(7)
    normalise = front_end(model.spec, frozenset(read_vocabulary(model.spec.name, model.files.vocabulary)))
    texts = [normalise(text) for text in held_out()[:sentences]]
    voices = list(model.speakers)
    originals = {voice: [_rendered(renderer, text, model.speakers[voice], noise) for text in texts] for voice in voices}
    mels = {voice: [compared_mel(clip.samples) for clip in clips] for voice, clips in originals.items()}
    chosen = [
        Sentence(text, voice, originals[voice][index])
        for index, text in enumerate(texts)
        for voice in [voices[index % len(voices)]]
    ]
    transcribe = pocketsphinx()
    best = word_error_rate(texts, [sentence.original.samples for sentence in chosen], transcribe)
    figures: dict[str, Any] = {
        "sentences": len(chosen),
        "voices": voices,
        "megabytes": round(sum(path.stat().st_size for path in _shipped(model.folder)) / 1e6, 2),
        "espeak_word_error_rate": round(best, 4),
        "steps": {},
    }
    engine = with_word_spacing(
        F5Engine(model.spec, model.files, device="cpu"), ReadyModel(model.spec, model.files).word_timing
    )
    for count in steps:
        started = time.perf_counter()
        spoken = _speak(engine, chosen, model, count)
        seconds = time.perf_counter() - started
        comparisons = [
            compare(sentence, samples, mels[sentence.voice], index, {voice: mels[voice][index] for voice in voices})
            for index, (sentence, samples) in enumerate(zip(chosen, spoken, strict=True))
        ]
        error = word_error_rate(texts, spoken, transcribe)
        figures["steps"][str(count)] = _means(comparisons) | {
            "word_error_rate": round(error, 4),
            "relative_word_error_rate": round(error / best, 3),
            "pitch_followed": _pitch_followed(engine, renderer, chosen[:_PITCH_SENTENCES], model, count, noise),
            "times_real_time": round(sum(seconds_of(sentence.frames) for sentence in chosen) / seconds, 2),
        }
        print(f"{count} steps: {figures['steps'][str(count)]}", flush=True)
    return figures


def _means(comparisons: Sequence[Comparison]) -> dict[str, float]:
    return {
        "retrieval": round(float(np.mean([one.retrieved for one in comparisons])), 3),
        "right_voice": round(float(np.mean([one.right_voice for one in comparisons])), 3),
        "words_in_time": round(
            sum(one.in_time for one in comparisons) / max(1, sum(one.words for one in comparisons)), 3
        ),
        "first_sound": round(float(np.mean([one.first_sound for one in comparisons])), 3),
        "distance": round(float(np.mean([one.distance for one in comparisons])), 3),
    }


def _shipped(folder: Path) -> Iterator[Path]:
    for part in (".", "vocos", "voices"):
        yield from (path for path in (folder / part).iterdir() if path.suffix in _SHIPPED)


def _rendered(renderer: Renderer, text: str, speaker: Speaker, noise: np.random.Generator, pitch: int = 0) -> Clip:
    clip = renderer.speak(text, speaker, _RATE, noise, pitch)
    if clip is None:
        raise ValueError(f"espeak-ng's rendering of {text!r} is silent")
    return clip


def _speak(
    engine: SpeechEngine, sentences: Sequence[Sentence], model: Model, steps: int, reference: Path | None = None
) -> list[Samples]:
    """The model's speech, each sentence as long as espeak-ng's. ``reference``: replaces the voices' own recordings."""
    chunks = []
    for seed, sentence in enumerate(sentences):
        audio = reference or model.folder / "voices" / f"{sentence.voice}.wav"
        ref_text = reference_text((model.folder / "voices" / f"{sentence.voice}.txt").read_text(encoding="utf-8"))
        sampling = Sampling(steps, model.spec.default_sampling.cfg_strength, -1.0, 1.0, 0.15)
        chunks.append(Chunk(sentence.text, str(audio), _seconds(audio), ref_text, sentence.frames, sampling, seed=seed))
    samples: dict[int, Samples] = {}
    for spoken in engine.speak(chunks):
        if spoken.samples is None:
            raise RuntimeError(f"{sentences[spoken.index].text!r} was not spoken: {spoken.error}")
        samples[spoken.index] = spoken.samples
    return [samples[index] for index in range(len(sentences))]


def _seconds(path: Path) -> float:
    import soundfile

    return float(soundfile.info(path).duration)


def _pitch_followed(
    engine: SpeechEngine,
    renderer: Renderer,
    sentences: Sequence[Sentence],
    model: Model,
    steps: int,
    noise: np.random.Generator,
) -> float:
    """The share of clips whose pitch follows a reference with a pitch outside the training data."""
    followed = 0
    with TemporaryDirectory() as folder:
        for number, sentence in enumerate(sentences):
            speaker = model.speakers[sentence.voice]
            pitch = _OTHER_PITCH if speaker.pitch + _OTHER_PITCH <= 99 else -_OTHER_PITCH
            path = Path(folder) / f"{number}.wav"
            write_wav(path, _rendered(renderer, speaker.reference, speaker, noise, pitch).samples)
            (samples,) = _speak(engine, [sentence], model, steps, path)
            other = _rendered(renderer, sentence.text, speaker, noise, pitch)
            followed += nearer_pitch(samples, other.samples, sentence.original.samples)
    return round(followed / len(sentences), 3)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=DEMO, help="a model folder like the package's demo/")
    parser.add_argument("--recipe", default="cpu", help="the recipe that defines the voices' speakers")
    parser.add_argument("--voices", nargs="+", help="the voices to speak in; default: all")
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--steps", type=int, nargs="+", default=[7])
    parser.add_argument("--guidance", type=float, help="cfg_strength; default: the demo model's")
    parser.add_argument("--threads", type=int, default=_THREADS)
    parser.add_argument("--json", type=Path, help="a file to write the figures to as well")
    arguments = parser.parse_args()
    speakers = load(arguments.recipe).speakers
    recorded = sorted(path.stem for path in (arguments.model / "voices").glob("*.wav"))
    voices = arguments.voices or [name for name in speakers if name in recorded]
    if unknown := [name for name in voices if name not in speakers or name not in recorded]:
        parser.error(f"{arguments.model} and the recipe {arguments.recipe} have no voice {', '.join(unknown)}")
    spec = demo_spec()
    if arguments.guidance is not None:
        spec = replace(spec, default_sampling=replace(spec.default_sampling, cfg_strength=arguments.guidance))
    model = Model(arguments.model, spec, {name: speakers[name] for name in voices})
    figures = evaluate(model, arguments.sentences, arguments.steps, arguments.threads)
    print(table(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
