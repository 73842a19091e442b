"""Evaluates a model of the demo's form against its teacher, on sentences that are not in the training data.

    python -m training.evaluate                            the shipped model
    python -m training.evaluate --model FOLDER             another model, as written by ``export``
    python -m training.evaluate --voices m1 m3 f2 f5       only these voices, to compare models with different ones
    python -m training.evaluate --sentences 20 --steps 7 16 32
    python -m training.evaluate --recipe natural --model build/training/natural/model

The product's own engine speaks; ``judges`` and ``measures`` judge. The teacher's own speech gets the same figures.
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
from numpy.typing import NDArray

from f5_pipeline.engine.f5.engine import F5Engine
from f5_pipeline.engine.protocol import Chunk, SpeechEngine, seconds_of
from f5_pipeline.engine.word_spacing import with_word_spacing
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.proof import read_vocabulary
from f5_pipeline.models.spec import ModelSpec, Sampling
from f5_pipeline.models.weights import ModelFiles, ReadyModel
from f5_pipeline.settings.environment import Settings
from f5_pipeline.text.front_end import reference_text
from training import judges, teachers
from training.corpus import front_end, held_out
from training.export import write_wav
from training.measures import Comparison, Sentence, compare, compared_mel, nearer_pitch, word_errors
from training.recipe import Speaker, TeacherName, load
from training.rendering import Clip, Renderer
from training.teachers import teacher_of
from training.teachers.protocol import OWN_RATE, Samples

DEMO = Path(__file__).parents[1] / "f5_pipeline" / "demo"
_THREADS = 2
_PITCH_SENTENCES = 40  # sentences spoken with a reference of another pitch
_SHIPPED = (".safetensors", ".yaml", ".bin", ".wav", ".txt", ".json")
_OTHER_PITCH = 25  # difference to a speaker's own pitch, in espeak-ng's units: more than any recipe's ``pitch_spread``


@dataclass(frozen=True)
class Model:
    """A folder as written by ``export``, the speakers of its voices, and their teacher."""

    folder: Path
    spec: ModelSpec
    speakers: dict[str, Speaker]
    teacher: TeacherName = "espeak"

    @property
    def files(self) -> ModelFiles:
        weights, vocabulary = self.folder / "model.safetensors", self.folder / "vocab.txt"
        spacing = self.folder / "spacing.json"
        return ModelFiles(
            weights, vocabulary, self.folder / "vocos", "", {}, 0.0, 0, spacing if spacing.exists() else None
        )

    def renderer(self) -> Renderer:
        """The teacher, in the rhythm of the model's texts if it can be told one."""
        return Renderer(teacher_of(self.teacher, self.files.spacing))


class _Judges:
    """All judges that this machine has."""

    def __init__(self) -> None:
        self.recogniser, self._transcribe = judges.transcriber()
        self._embed = judges.speaker_embedding()
        found = {"dnsmos": judges.dnsmos(), "distillmos": judges.distillmos()}
        self._quality = {name: judge for name, judge in found.items() if judge is not None}

    def embeddings(self, spoken: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """A unit vector for each clip; none without the judge."""
        return [self._embed(samples) for samples in spoken] if self._embed else []

    def figures(self, sentences: Sequence[Sentence], spoken: Sequence[Samples]) -> list[dict[str, float]]:
        """For each clip its wrong words, its sentence's words, and the marks of its quality."""
        return [
            dict(zip(("wrong", "words"), word_errors(one.text, self._transcribe(samples, one.text)), strict=True))
            | {name: judge(samples) for name, judge in self._quality.items()}
            for one, samples in zip(sentences, spoken, strict=True)
        ]


def evaluate(model: Model, sentences: int, steps: Sequence[int], threads: int = _THREADS) -> dict[str, Any]:
    """The figures by name; "steps" has those that depend on the sampler, by the number of steps."""
    with _threads(threads):
        return _evaluate(model, sentences, steps) | {"threads": threads}


def table(figures: dict[str, Any]) -> str:
    """The figures as Markdown tables: all clips, and the clips of each voice."""
    steps = figures["steps"]
    head = f"{figures['sentences']} sentences, voices {', '.join(figures['voices'])}"
    names = [name for name in next(iter(steps.values())) if name != "by_voice"]
    rows = [[name, *(column[name] for column in steps.values())] for name in names]
    rows += [[name, *[value] * len(steps)] for name, value in figures["teacher_figures"].items()]
    rows += [[name, *[figures[name]] * len(steps)] for name in ("recogniser", "threads", "megabytes")]
    by_voice = [
        [f"{voice}, {name}", *(column["by_voice"][voice].get(name, "–") for column in steps.values()), value]
        for voice, marks in figures["teacher_by_voice"].items()
        for name, value in marks.items()
    ]
    titles = [f"{count} steps" for count in steps]
    return _markdown([head, *titles], rows) + "\n\n" + _markdown(["by voice", *titles, "teacher"], by_voice)


def _markdown(head: list[Any], rows: list[list[Any]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('_', ' ') for cell in line)} |" for line in lines)


def demo_spec() -> ModelSpec:
    return load_catalogue(Settings())["demo"]


def _evaluate(model: Model, sentences: int, steps: Sequence[int]) -> dict[str, Any]:
    renderer, noise = model.renderer(), np.random.default_rng(7)
    normalise = front_end(model.spec, frozenset(read_vocabulary(model.spec.name, model.files.vocabulary)))
    texts = [normalise(text) for text in held_out()[:sentences]]
    voices = list(model.speakers)
    rendered = {
        text: {voice: renderer.speak(text, model.speakers[voice], OWN_RATE, noise) for voice in voices}
        for text in texts
    }
    # A teacher may leave out a text whose words it does not tell apart; every voice has the same texts.
    clips = {text: complete for text, by_voice in rendered.items() if (complete := _complete(by_voice))}
    mels = {voice: [compared_mel(one[voice].samples) for one in clips.values()] for voice in voices}
    chosen = [
        Sentence(text, voice, one[voice])
        for index, (text, one) in enumerate(clips.items())
        for voice in [voices[index % len(voices)]]
    ]
    judging = _Judges()
    own = [sentence.original.samples for sentence in chosen]
    embedded, best = judging.embeddings(own), judging.figures(chosen, own)
    teacher = _summary(chosen, best, _similarities(chosen, embedded, embedded))
    figures: dict[str, Any] = {
        "sentences": len(chosen),
        "voices": voices,
        "teacher": model.teacher,
        "recogniser": judging.recogniser,
        "megabytes": round(sum(path.stat().st_size for path in _shipped(model.folder)) / 1e6, 2),
        "teacher_figures": {f"teacher_{name}": value for name, value in teacher.items() if name != "by_voice"},
        "teacher_by_voice": teacher["by_voice"],
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
        similar = _similarities(chosen, judging.embeddings(spoken), embedded)
        found = _means(comparisons) | _summary(chosen, judging.figures(chosen, spoken), similar)
        if teacher["word_error_rate"]:
            found["relative_word_error_rate"] = round(found["word_error_rate"] / teacher["word_error_rate"], 3)
        if renderer.teacher.has_pitch:
            followed = _pitch_followed(engine, renderer, chosen[:_PITCH_SENTENCES], model, count, noise)
            found["pitch_followed"] = followed
        found["times_real_time"] = round(sum(seconds_of(sentence.frames) for sentence in chosen) / seconds, 2)
        figures["steps"][str(count)] = found
        print(f"{count} steps: {found}", flush=True)
    return figures


def _complete(by_voice: dict[str, Clip | None]) -> dict[str, Clip]:
    """The clips of all voices; empty if one is missing."""
    found = {voice: clip for voice, clip in by_voice.items() if clip is not None}
    return found if len(found) == len(by_voice) else {}


def _similarities(
    sentences: Sequence[Sentence], embedded: Sequence[NDArray[np.float32]], teacher: Sequence[NDArray[np.float32]]
) -> list[dict[str, float]]:
    """For each clip the cosine of its embedding to the mean of the teacher's other sentences in its voice.

    And 1 if no other voice's mean is nearer. Empty without embeddings, and for a voice with only one sentence.
    """
    found = []
    for at, embedding in enumerate(embedded):
        sums: dict[str, NDArray[np.float32]] = {}
        for other, (sentence, own) in enumerate(zip(sentences, teacher, strict=True)):
            if other != at:
                sums[sentence.voice] = sums.get(sentence.voice, 0) + own
        near = {voice: float(embedding @ total / np.linalg.norm(total)) for voice, total in sums.items()}
        mine = near.get(sentences[at].voice)
        nearest = {"nearest_speaker": float(mine == max(near.values()))}
        found.append({} if mine is None else {"similarity": mine, **nearest})
    return found


def _summary(
    sentences: Sequence[Sentence], judged: Sequence[dict[str, float]], similar: Sequence[dict[str, float]]
) -> dict[str, Any]:
    """The word error rate and the means of the other marks, of all clips and "by_voice"."""
    rows = [one | two for one, two in zip(judged, similar or [{}] * len(judged), strict=True)]
    by_voice: dict[str, list[dict[str, float]]] = {}
    for sentence, row in zip(sentences, rows, strict=True):
        by_voice.setdefault(sentence.voice, []).append(row)
    return _marks(rows) | {"by_voice": {voice: _marks(found) for voice, found in by_voice.items()}}


def _marks(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    error = sum(row["wrong"] for row in rows) / sum(row["words"] for row in rows)
    names = dict.fromkeys(name for row in rows for name in row if name not in ("wrong", "words"))
    means = {name: round(float(np.mean([row[name] for row in rows if name in row])), 3) for name in names}
    return {"word_error_rate": round(error, 4), **means}


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


def _rendered(renderer: Renderer, text: str, speaker: Speaker, noise: np.random.Generator, pitch: int) -> Clip:
    clip = renderer.speak(text, speaker, OWN_RATE, noise, pitch)
    if clip is None:
        raise ValueError(f"the teacher's rendering of {text!r} is silent")
    return clip


def _speak(
    engine: SpeechEngine, sentences: Sequence[Sentence], model: Model, steps: int, reference: Path | None = None
) -> list[Samples]:
    """The model's speech, each sentence as long as the teacher's. ``reference``: replaces the voices' recordings."""
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
    parser.add_argument("--recipe", default="cpu", help="the recipe that defines teacher and speakers")
    parser.add_argument("--voices", nargs="+", help="the voices to speak in; default: all")
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--steps", type=int, nargs="+", default=[7])
    parser.add_argument("--guidance", type=float, help="cfg_strength; default: the demo model's")
    parser.add_argument("--threads", type=int, default=_THREADS)
    parser.add_argument("--json", type=Path, help="a file to write the figures to as well")
    arguments = parser.parse_args()
    recipe = load(arguments.recipe)
    speakers = recipe.speakers
    if missing := teachers.missing(recipe.teacher):
        parser.error(f"this machine lacks {', '.join(missing)}")
    recorded = sorted(path.stem for path in (arguments.model / "voices").glob("*.wav"))
    voices = arguments.voices or [name for name in speakers if name in recorded]
    if unknown := [name for name in voices if name not in speakers or name not in recorded]:
        parser.error(f"{arguments.model} and the recipe {arguments.recipe} have no voice {', '.join(unknown)}")
    spec = demo_spec()
    if arguments.guidance is not None:
        spec = replace(spec, default_sampling=replace(spec.default_sampling, cfg_strength=arguments.guidance))
    model = Model(arguments.model, spec, {name: speakers[name] for name in voices}, recipe.teacher)
    figures = evaluate(model, arguments.sentences, arguments.steps, arguments.threads)
    print(table(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
