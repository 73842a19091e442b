"""Solvers of the flow: how far the speech of a few steps is from that of the exact solution.

    python benchmarks/solvers.py                        64 utterances, guidance 0, 1 and 2: an hour of a core
    python benchmarks/solvers.py --minutes 30           as many of them as are done in half an hour
    python benchmarks/solvers.py --candidates --utterances 2 --guidance 2     also methods that are not in the engine
    python benchmarks/solvers.py --check --utterances 2 --guidance 2          how exact the exact solution is

Prints a table for each guidance: by solver and steps, the mean (and the median) over the utterances of the relative L2
distance of the generated log mel frames from those of the exact solution for the same noise. Every step evaluates the
model once. The exact solution is that of a method of order three with 64 steps. ``--sound`` adds, for the last
guidance, what the product's checks find in the waveforms. The demo model, float32, one thread. Needs torch and f5-tts;
``--sound`` needs pocketsphinx.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import get_args

import numpy as np
import torch
from demo_speech import VOICES, prepare, texts, transcript

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.f5.engine import F5Engine
from f5_pipeline.engine.f5.packed import Modulation
from f5_pipeline.engine.f5.sampler import Flow, SamplerInput, time_steps
from f5_pipeline.engine.f5.sampler import sample as sample_batch
from f5_pipeline.engine.f5.vocoder import decode
from f5_pipeline.engine.protocol import Chunk, SpokenChunk
from f5_pipeline.engine.word_spacing import with_word_spacing
from f5_pipeline.models.spec import Solver
from f5_pipeline.quality.asr.comparison import compare, words_of
from f5_pipeline.quality.asr.process import RecogniserProcess
from f5_pipeline.quality.asr.recogniser import TranscriptionRequest
from f5_pipeline.quality.asr.selection import choose_recogniser
from f5_pipeline.quality.signal import columns, measure
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.clips import ClipInfo
from f5_pipeline.settings.environment import Settings

CPU = torch.device("cpu")
STEPS = (7, 10, 12, 14, 16, 32)
SOUND = (("euler", 7), ("euler", 16), ("ab2", 12), ("ab2", 14), ("euler", 32), ("ab2", 16))
EXACT_STEPS = 64
SKIPPED = 13  # the short texts, and those by which the times of "ab2" were chosen

Times = Sequence[float]
Method = Callable[["Velocity", torch.Tensor, Times], torch.Tensor]


class Velocity:
    """The velocity of one utterance at any state and time. ``evaluations`` counts its calls."""

    def __init__(self, engine: F5Engine, one: SamplerInput) -> None:
        self.model = engine._model.model
        self.flow = Flow(self.model, [one], one.cfg_strength > 0)
        self.modulations: dict[float, Modulation] = {}
        self.evaluations = 0

    def __call__(self, x: torch.Tensor, t: float) -> torch.Tensor:
        self.evaluations += 1
        if t not in self.modulations:
            (self.modulations[t],) = self.model.modulations(torch.tensor([t], dtype=torch.float32))
        return self.flow.velocity(x, self.modulations[t])


# --- methods that are not in the engine -----------------------------------------------------------------------


def runge_kutta(velocity: Velocity, x: torch.Tensor, times: Times) -> torch.Tensor:
    """The classical method of order four: four evaluations in a step."""
    for a, b in pairwise(times):
        h, middle = b - a, (a + b) / 2
        k1 = velocity(x, a)
        k2 = velocity(x + h / 2 * k1, middle)
        k3 = velocity(x + h / 2 * k2, middle)
        k4 = velocity(x + h * k3, b)
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x


def adams(order: int, corrector: int = 0) -> Method:
    """Adams and Bashforth's method of any order; with a corrector (Adams and Moulton's), which costs no evaluation.

    The corrector uses the velocity at the predicted state (PEC), as UniPC does (arXiv 2302.04867).
    """

    def solve(velocity: Velocity, x: torch.Tensor, times: Times) -> torch.Tensor:
        past: list[tuple[float, torch.Tensor]] = []  # times and velocities, the last first
        before = x
        for a, b in pairwise(times):
            now = (a, velocity(x, a))
            if corrector and past:
                x = before + _integral([now, *past][:corrector], past[0][0], a)
            past, before = [now, *past][: max(order, corrector)], x
            x = x + _integral(past[:order], a, b)
        return x

    return solve


def _integral(points: Sequence[tuple[float, torch.Tensor]], a: float, b: float) -> torch.Tensor:
    """The integral from a to b of the polynomial through the points."""
    powers = np.vander([t - a for t, _ in points], increasing=True).T
    weights = np.linalg.solve(powers, [(b - a) ** (k + 1) / (k + 1) for k in range(len(points))])
    return sum((float(w) * v for w, (_, v) in zip(weights, points, strict=True)), start=torch.zeros(()))


def exponential(velocity: Velocity, x: torch.Tensor, times: Times) -> torch.Tensor:
    """Order two, exact for a predicted clip D = x + (1 − t) v that is linear in t: x' = (D − x) / (1 − t)."""
    last: tuple[float, torch.Tensor] | None = None
    for a, b in pairwise(times):
        v = velocity(x, a)
        clip = x + (1 - a) * v
        x = x + (b - a) * v
        if last is not None:
            ratio = (1 - a) / (1 - b) if b < 1 else math.inf
            part = (1 - b) * (ratio - 1 - math.log(ratio)) if b < 1 else b - a
            x = x + part / (a - last[0]) * (clip - last[1])
        last = a, clip
    return x


def dpm_solver(velocity: Velocity, x: torch.Tensor, times: Times) -> torch.Tensor:
    """DPM-Solver++ 2M (arXiv 2211.01095): D linear in log(t / (1 − t)). Its ends, at ±∞, are steps of order one."""
    last: tuple[float, torch.Tensor] | None = None
    for a, b in pairwise(times):
        clip = extrapolated = x + (1 - a) * velocity(x, a)
        if last is not None and last[0] > 0 and b < 1:
            extrapolated = clip + (_log_ratio(b) - _log_ratio(a)) / (2 * (_log_ratio(a) - _log_ratio(last[0]))) * (
                clip - last[1]
            )
        x = x + (b - a) / (1 - a) * (extrapolated - x)
        last = a, clip
    return x


def _log_ratio(t: float) -> float:
    return math.log(t / (1 - t))


CANDIDATES: dict[str, Method] = {
    "Adams-Bashforth 2": adams(2),
    "Adams-Bashforth 2, corrector 2": adams(2, 2),
    "Adams-Bashforth 2, corrector 3": adams(2, 3),
    "Adams-Bashforth 3": adams(3),
    "exponential 2": exponential,
    "DPM-Solver++ 2M": dpm_solver,
}


def grids(steps: int) -> Iterator[tuple[str, Times]]:
    """The time grids of the candidates by name; EPSS where upstream has a table, with its sway of −1."""
    linear = torch.linspace(0, 1, steps + 1)
    scheduled = time_steps(steps, None, CPU)
    if not torch.allclose(scheduled, linear):
        yield "EPSS", time_steps(steps, -1.0, CPU).tolist()
    for power, sway in ((1.0, -1.0), (1.0, -0.8), (1.0, -0.6), (1.15, -0.8), (1.3, -0.6), (2.0, 0.0)):
        t = linear**power
        yield f"power {power}, sway {sway}", (t + sway * (torch.cos(torch.pi / 2 * t) - 1 + t)).tolist()


# --- utterances -----------------------------------------------------------------------------------------------


def utterances(count: int) -> tuple[F5Engine, list[tuple[str, str, float]], list[SamplerInput]]:
    """The engine, the lines (text, voice, expected seconds), and the sampler's input for each."""
    sentences = texts(count + SKIPPED, np.random.default_rng(1))[SKIPPED:]
    lines = [(text, VOICES[at % len(VOICES)]) for at, text in enumerate(sentences)]
    model, requests = prepare(lines)
    engine = F5Engine(model.spec, model.files, "cpu", "float32")
    recorder = Recorder()
    list(with_word_spacing(recorder, model.word_timing).speak([request.chunks()[0] for request in requests]))
    inputs = [engine._prepare(chunk) for chunk in recorder.chunks]
    lengths = [request.expected_seconds for request in requests]
    return engine, [(*line, seconds) for line, seconds in zip(lines, lengths, strict=True)], inputs


class Recorder:
    """Instead of an engine: keeps the chunks that it is to speak."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []

    def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
        self.chunks += chunks
        return iter(())


def exact(velocity: Velocity, one: SamplerInput, method: Method) -> torch.Tensor:
    """(frames, mel): the exact solution by a method."""
    return method(velocity, one.noise, time_steps(EXACT_STEPS, -1.0, CPU, "ab2").tolist())


def distance(mel: torch.Tensor, other: torch.Tensor, one: SamplerInput) -> float:
    """Relative L2 distance of the generated frames."""
    start = one.reference.shape[0]
    return float((mel[start:] - other[start:]).norm() / other[start:].norm())


def solutions(
    engine: F5Engine, velocity: Velocity, one: SamplerInput, steps: Sequence[int], candidates: bool
) -> Iterator[tuple[str, int, torch.Tensor]]:
    """Name, steps and mel of each solution."""
    for count in steps:
        for solver in get_args(Solver):
            if (solver, count) != ("ab2", 32):  # costs as much as half an exact solution
                times = time_steps(count, -1.0, CPU, solver)
                yield solver, count, sample_batch(engine._model.model, [one], times, solver)[0]
        if candidates:
            for grid, points in grids(count):
                for name, method in CANDIDATES.items():
                    before = velocity.evaluations
                    mel = method(velocity, one.noise, points)
                    assert velocity.evaluations - before == count
                    yield f"{name}, {grid}", count, mel


# --- what the product's checks find ---------------------------------------------------------------------------


class Checks:
    """The product's signal measures and its word check, on the waveforms of solutions."""

    def __init__(self, engine: F5Engine) -> None:
        spec = choose_recogniser(Settings(), "pocketsphinx")
        assert spec is not None
        self.recogniser, self.vocoder = RecogniserProcess(spec), engine._model._vocoder
        self.found: dict[str, list[tuple[bool, bool, int, int]]] = defaultdict(list)

    def add(self, name: str, mel: torch.Tensor, one: SamplerInput, line: tuple[str, str, float]) -> None:
        text, voice, seconds = line
        samples = decode(self.vocoder, [mel[one.reference.shape[0] :]])[0].numpy().clip(-1, 1)
        words = self.recogniser.transcribe(TranscriptionRequest(samples, text, transcript(voice), "en"))
        check = compare(words_of(text), [word.text for word in words], words_of(transcript(voice)))
        info = ClipInfo("", "", 0, 0.0, dict(columns(measure(samples, SAMPLE_RATE, seconds, text))))
        signal, words_too = (Judge().clip(info, each).status != "ok" for each in (None, check))
        errors = round(check.word_error_rate * check.expected)
        self.found[name].append((signal, words_too, errors, check.expected))

    def report(self) -> str:
        lines = ["| solution | suspect by signal | suspect by either | word errors |", "|---|---:|---:|---:|"]
        for name, found in self.found.items():
            signal, either, errors, expected = (sum(column) for column in zip(*found, strict=True))
            lines.append(f"| {name} | {signal} of {len(found)} | {either} | {errors} of {expected} |")
        return "\n".join(lines)


def table(distances: dict[tuple[str, int], list[float]], steps: Sequence[int]) -> str:
    lines = [f"| solver |{'|'.join(f' {count} steps ' for count in steps)}|", f"|---|{'---:|' * len(steps)}"]
    for name in dict.fromkeys(name for name, _ in distances):
        cells = (distances.get((name, count)) for count in steps)
        shown = (f"{np.mean(cell):.3f} ({np.median(cell):.3f})" if cell else "–" for cell in cells)
        lines.append(f"| {name} | {' | '.join(shown)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--utterances", type=int, default=64)
    parser.add_argument("--guidance", type=float, nargs="+", default=[0.0, 1.0, 2.0])
    parser.add_argument("--steps", type=int, nargs="+", default=list(STEPS))
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no utterance after this time")
    parser.add_argument("--candidates", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--sound", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    engine, lines, inputs = utterances(arguments.utterances)
    checks = Checks(engine) if arguments.sound else None
    distances: dict[float, dict[tuple[str, int], list[float]]] = defaultdict(lambda: defaultdict(list))
    end, done = time.monotonic() + 60 * arguments.minutes, 0
    for line, given in zip(lines, inputs, strict=True):
        if time.monotonic() > end:
            break
        for guidance in arguments.guidance:
            one = replace(given, cfg_strength=guidance)
            velocity, here = Velocity(engine, one), distances[guidance]
            with torch.inference_mode():
                solution = exact(velocity, one, adams(3, 3))
                if arguments.check:
                    finer = exact(velocity, one, runge_kutta)
                    here["exact solution, from that of order four", 0].append(distance(solution, finer, one))
                    continue
                heard = checks if guidance == arguments.guidance[-1] else None
                if heard:
                    heard.add("exact", solution, one, line)
                for name, count, mel in solutions(engine, velocity, one, arguments.steps, arguments.candidates):
                    here[name, count].append(distance(mel, solution, one))
                    if heard and (name, count) in SOUND:
                        heard.add(f"{name}, {count} steps", mel, one, line)
        done += 1
        print(f"\n{done} utterances", flush=True)
        for guidance, found in distances.items():
            print(f"\nguidance {guidance:g}\n\n{table(found, [0] if arguments.check else arguments.steps)}", flush=True)
        if checks:
            print(f"\n{checks.report()}", flush=True)
    if checks:
        checks.recogniser.close()


if __name__ == "__main__":
    main()
