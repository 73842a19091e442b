"""How well a model of the demo's form speaks, against espeak-ng itself: on sentences that no training has heard.

    python -m training.evaluate                            the model that the package ships
    python -m training.evaluate --model FOLDER             another, as ``export`` writes it
    python -m training.evaluate --voices m1 m3 f2 f5       in these voices, to compare models of different ones
    python -m training.evaluate --sentences 20 --steps 7 16 32

Everything is spoken by the product's own engine and heard by pocketsphinx with its general model of English, which
hardly understands espeak-ng: only the distance to espeak-ng's own figures tells something.
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
from f5_pipeline.engine.protocol import SpeechChunk, SpeechEngine, seconds_of
from f5_pipeline.engine.word_spacing import with_word_spacing
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.proof import read_vocabulary
from f5_pipeline.models.spec import ModelSpec, Sampling
from f5_pipeline.models.weights import ModelFiles, ReadyModel
from f5_pipeline.settings.environment import Settings
from f5_pipeline.text.front_end import reference_text
from training.corpus import held_out, sayer
from training.export import write_wav
from training.measures import Likeness, Saying, compared, likeness, nearer_pitch, pocketsphinx, word_error_rate
from training.recipe import Speaker, load
from training.rendering import Booth, Clip, Samples

DEMO = Path(__file__).parents[1] / "f5_pipeline" / "demo"
_THREADS = 2
_BENT = 40  # sentences that are spoken with a reference of another pitch
_RATE = 170  # words per minute, of what is compared with
_SHIPPED = (".safetensors", ".yaml", ".bin", ".wav", ".txt", ".json")
_OTHER_PITCH = 25  # espeak-ng's units, off a speaker's own: further than any recipe's ``pitch_spread``


@dataclass(frozen=True)
class Model:
    """A folder as ``export`` writes it, and who its voices are."""

    folder: Path
    spec: ModelSpec
    speakers: dict[str, Speaker]

    @property
    def files(self) -> ModelFiles:
        weights, vocabulary = self.folder / "model.safetensors", self.folder / "vocab.txt"
        spacing = self.folder / "spacing.json"
        spaced = spacing if spacing.exists() else None  # none had it once
        return ModelFiles(weights, vocabulary, self.folder / "vocos", "", {}, 0.0, 0, spaced)


def evaluate(model: Model, sentences: int, steps: Sequence[int], threads: int = _THREADS) -> dict[str, Any]:
    """The figures, by name; those that depend on the steps of the sampler by their number."""
    with _threads(threads):
        return _evaluate(model, sentences, steps) | {"threads": threads}


def table(found: dict[str, Any]) -> str:
    """As Markdown."""
    by_steps = found["steps"]
    head = f"{found['sentences']} sentences, voices {', '.join(found['voices'])}"
    rows = [[name, *(figures[name] for figures in by_steps.values())] for name in next(iter(by_steps.values()))]
    rows += [[name, *[found[name]] * len(by_steps)] for name in ("espeak_word_error_rate", "threads", "megabytes")]
    lines = [[head, *(f"{count} steps" for count in by_steps)], ["---", *["---:"] * len(by_steps)], *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('_', ' ') for cell in line)} |" for line in lines)


def demo_spec() -> ModelSpec:
    return load_catalogue(Settings())["demo"]


def _evaluate(model: Model, sentences: int, steps: Sequence[int]) -> dict[str, Any]:
    booth, noise = Booth(), np.random.default_rng(7)
    say = sayer(model.spec, frozenset(read_vocabulary(model.spec.name, model.files.vocabulary)))
    texts = [(text, say(text)) for text in held_out()[:sentences]]
    voices = list(model.speakers)
    originals = {voice: [_spoken(booth, said, model.speakers[voice], noise) for _, said in texts] for voice in voices}
    mels = {voice: [compared(clip.samples) for clip in clips] for voice, clips in originals.items()}
    sayings = [
        Saying(text, said, voice, originals[voice][at])
        for at, (text, said) in enumerate(texts)
        for voice in [voices[at % len(voices)]]
    ]
    hear, said = pocketsphinx(), [saying.said for saying in sayings]
    best = word_error_rate(said, [saying.original.samples for saying in sayings], hear)
    found: dict[str, Any] = {
        "sentences": len(sayings),
        "voices": voices,
        "megabytes": round(sum(path.stat().st_size for path in _shipped(model.folder)) / 1e6, 2),
        "espeak_word_error_rate": round(best, 4),
        "steps": {},
    }
    engine = with_word_spacing(
        F5Engine(model.spec, model.files, device="cpu"), ReadyModel(model.spec, model.files).word_timing
    )
    for count in steps:
        begun = time.perf_counter()
        spoken = _speak(engine, sayings, model, count)
        seconds = time.perf_counter() - begun
        like = [
            likeness(saying, samples, mels[saying.voice], at, {voice: mels[voice][at] for voice in voices})
            for at, (saying, samples) in enumerate(zip(sayings, spoken, strict=True))
        ]
        error = word_error_rate(said, spoken, hear)
        found["steps"][str(count)] = _figures(like) | {
            "word_error_rate": round(error, 4),
            "relative_word_error_rate": round(error / best, 3),
            "pitch_followed": _pitch_followed(engine, booth, sayings[:_BENT], model, count, noise),
            "times_real_time": round(sum(seconds_of(saying.frames) for saying in sayings) / seconds, 2),
        }
        print(f"{count} steps: {found['steps'][str(count)]}", flush=True)
    return found


def _figures(like: Sequence[Likeness]) -> dict[str, float]:
    return {
        "retrieval": round(float(np.mean([one.retrieved for one in like])), 3),
        "right_voice": round(float(np.mean([one.right_voice for one in like])), 3),
        "words_in_time": round(sum(one.in_time for one in like) / max(1, sum(one.words for one in like)), 3),
        "first_sound": round(float(np.mean([one.first_sound for one in like])), 3),
        "distance": round(float(np.mean([one.distance for one in like])), 3),
    }


def _shipped(folder: Path) -> Iterator[Path]:
    for part in (".", "vocos", "voices"):
        yield from (path for path in (folder / part).iterdir() if path.suffix in _SHIPPED)


def _spoken(booth: Booth, said: str, speaker: Speaker, noise: np.random.Generator, pitch: int = 0) -> Clip:
    clip = booth.speak(said, speaker, _RATE, noise, pitch)
    if clip is None:
        raise ValueError(f"nothing is heard when espeak-ng reads {said!r}")
    return clip


def _speak(
    engine: SpeechEngine, sayings: Sequence[Saying], model: Model, steps: int, reference: Path | None = None
) -> list[Samples]:
    """Each as long as espeak-ng's; ``reference`` is a recording to be used instead of the voices' own."""
    chunks = []
    for at, saying in enumerate(sayings):
        audio = reference or model.folder / "voices" / f"{saying.voice}.wav"
        transcript = (model.folder / "voices" / f"{saying.voice}.txt").read_text(encoding="utf-8")
        sampling = Sampling(steps, model.spec.default_sampling.cfg_strength, -1.0, 1.0, 0.15)
        chunks.append(
            SpeechChunk(
                saying.said, str(audio), _seconds(audio), reference_text(transcript), saying.frames, sampling, seed=at
            )
        )
    found: dict[int, Samples] = {}
    for spoken in engine.speak(chunks):
        if spoken.samples is None:
            raise RuntimeError(f"{sayings[spoken.index].said!r} was not spoken: {spoken.error}")
        found[spoken.index] = spoken.samples
    return [found[at] for at in range(len(sayings))]


def _seconds(path: Path) -> float:
    import soundfile

    return float(soundfile.info(path).duration)


def _pitch_followed(
    engine: SpeechEngine, booth: Booth, sayings: Sequence[Saying], model: Model, steps: int, noise: np.random.Generator
) -> float:
    """Share of the clips that follow a reference of a pitch which training never had, not the speaker's own pitch."""
    followed = 0
    with TemporaryDirectory() as folder:
        for at, saying in enumerate(sayings):
            speaker = model.speakers[saying.voice]
            pitch = _OTHER_PITCH if speaker.pitch + _OTHER_PITCH <= 99 else -_OTHER_PITCH
            path = Path(folder) / f"{at}.wav"
            write_wav(path, _spoken(booth, speaker.reference, speaker, noise, pitch).samples)
            (samples,) = _speak(engine, [saying], model, steps, path)
            other = _spoken(booth, saying.said, speaker, noise, pitch)
            followed += nearer_pitch(samples, other.samples, saying.original.samples)
    return round(followed / len(sayings), 3)


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
    parser.add_argument("--model", type=Path, default=DEMO, help="a folder as the package's demo/")
    parser.add_argument("--recipe", default="cpu", help="whose speakers its voices are")
    parser.add_argument("--voices", nargs="+", help="which of them; else all")
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--steps", type=int, nargs="+", default=[7])
    parser.add_argument("--guidance", type=float, help="strength of it; else the demo model's")
    parser.add_argument("--threads", type=int, default=_THREADS)
    parser.add_argument("--json", type=Path, help="where to write the figures, too")
    asked = parser.parse_args()
    known = load(asked.recipe).speakers
    there = sorted(path.stem for path in (asked.model / "voices").glob("*.wav"))
    wanted = asked.voices or [name for name in known if name in there]
    if strange := [name for name in wanted if name not in known or name not in there]:
        parser.error(f"{asked.model} and the recipe {asked.recipe} have no voice {', '.join(strange)}")
    spec = demo_spec()
    if asked.guidance is not None:
        spec = replace(spec, default_sampling=replace(spec.default_sampling, cfg_strength=asked.guidance))
    model = Model(asked.model, spec, {name: known[name] for name in wanted})
    found = evaluate(model, asked.sentences, asked.steps, asked.threads)
    print(table(found))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
