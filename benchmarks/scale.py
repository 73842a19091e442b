"""Many workers: the gain from a second one, the overhead of assigning work, and a simulated pool of 64 GPUs.

    python benchmarks/scale.py                          everything
    python benchmarks/scale.py actors --lines 400       2 single-thread actors against one single-thread process
    python benchmarks/scale.py overhead --lines 1000    an engine that costs nothing, in this process and on local Ray
    python benchmarks/scale.py plan --lines 1000000     from the resolved manifest to the first group
    python benchmarks/scale.py curve                    time of the embedded model for lines of any length
    python benchmarks/scale.py simulate --lines 1000000 --gpus 1 8 64

The first two need the extra ``ray``, and a machine on which nothing else runs.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.cluster.cost import cost_of
from f5_pipeline.cluster.policy import Policy
from f5_pipeline.cluster.sizing import speak_on_ray
from f5_pipeline.cluster.work_plan import WorkPlan
from f5_pipeline.demo.install import install
from f5_pipeline.engine.loading import load_f5_engine
from f5_pipeline.engine.protocol import HOP_LENGTH, Chunk, SpokenChunk
from f5_pipeline.engine.word_spacing import with_word_spacing
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.manifests.utterance_file import BatchContents, load_utterances, save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.spec import Sampling
from f5_pipeline.models.weights import ReadyModel, ensure_weights
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import rows_by_key
from f5_pipeline.results.leases import hold_lease
from f5_pipeline.settings.environment import load_settings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.synthesis.batch import BatchReport, SynthesisContext, clips_to_protect, speak_batch
from f5_pipeline.synthesis.executor import EngineFor, Executor, SynthesisJob
from f5_pipeline.synthesis.gc_freeze import gc_paused
from f5_pipeline.synthesis.prepare import prepare_requests
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.session import run_in_process
from f5_pipeline.synthesis.stored_takes import reuse_indexed_takes
from f5_pipeline.synthesis.transcriber import NullTranscriber

WORDS = (
    *("river", "lamp", "window", "garden", "bread", "winter", "letter", "horse"),
    *("music", "silver", "station", "evening", "harbor", "bicycle", "planet"),
)
ROOT = Path(__file__).resolve().parent.parent
GPU_TIMES_REAL_TIME = 30.0  # published for F5-TTS with 7 steps on one GPU: 33 (RTX 3090)
#: Mel frames of reference and speech, and seconds: ``curve`` on two cores of an AMD EPYC (Zen 3).
MEASURED = ((385, 0.551), (513, 0.799), (662, 1.175), (1068, 2.214), (1399, 3.358))
REFERENCE_SECONDS, CHUNK_SECONDS = 5.5, 9.0  # of the simulated voices and chunks


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", nargs="*", help="actors, overhead, plan, curve, simulate; default: all")
    arguments.add_argument("--lines", type=int, help="defaults: 400, 1000, a million, 24, a million")
    arguments.add_argument("--gpus", type=int, nargs="+", default=[1, 8, 64])
    arguments.add_argument("--repeat", type=int, default=3, help="runs of the first benchmark; it reports medians")
    arguments.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.child:
        _child(*chosen.child)
        return
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    what = chosen.what or ["actors", "overhead", "plan", "curve", "simulate"]
    if "actors" in what:
        actors(chosen.lines or 400, chosen.repeat)
    if "overhead" in what:
        overhead(chosen.lines or 1000)
    if "plan" in what:
        print(_in_child("plan", chosen.lines or 1_000_000))
    if "curve" in what:
        curve(chosen.lines or 24)
    if "simulate" in what:
        simulate(chosen.lines or 1_000_000, chosen.gpus)


# --- (a) two actors against one process ------------------------------------------------------------------------


def actors(lines: int, repeat: int) -> None:
    """Compares the time from the first clip to the last."""
    print(f"\n## 2 single-thread actors against one single-thread process, embedded model, {lines} lines\n")
    runs = [(_speed("process", lines), _speed("local", lines)) for _ in range(repeat)]
    one, two = (float(np.median(speeds)) for speeds in zip(*runs, strict=True))
    ratios = [pair[1] / pair[0] for pair in runs]
    print("| one process, audio s/s | 2 actors, audio s/s | ratio (min - max) |\n|---:|---:|---:|")
    print(f"| {one:.2f} | {two:.2f} | {np.median(ratios):.2f} ({min(ratios):.2f} - {max(ratios):.2f}) |")


def _speed(where: str, lines: int) -> float:
    return float(_in_child("speak", lines, where).split()[-1])


def _child(what: str, lines: str, *rest: str) -> None:
    """One measurement in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="scale") as folder:
        if what == "plan":
            _plan(Path(folder), int(lines))
            return
        report = _speak(Path(folder), int(lines), rest[0], load_f5_engine)
        if rest[0] == "process":
            print(report.audio_seconds_spoken / report.speak_seconds)
        else:  # in parallel, each from its first line to its last
            print(sum(worker.times_real_time for worker in report.workers))


def _in_child(what: str, lines: int, *rest: str) -> str:
    command = [sys.executable, __file__, "--child", what, str(lines), *rest]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "F5_RECOGNISER": "none", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return done.stdout.strip()


def _speak(folder: Path, lines: int, where: str, engine: EngineFor) -> BatchReport:
    store, settings = LocalStore(folder / "store"), load_settings()
    settings = settings.model_copy(update={"ray_address": where, "ray_cpus_per_worker": 1})
    catalogue = load_catalogue(settings)
    install(store)
    store.write("manifests/b.csv", "".join(_manifest(lines)).encode())
    store.write("manifests/b.toml", b"max_attempts = 1")
    save_utterances(store, "b", read_utterances(store, "b", settings, catalogue))
    execute: Executor = run_in_process
    if where != "process":
        execute = speak_on_ray(settings, logging.getLogger("scale"))
    return speak_batch("b", SynthesisContext(store, settings.cache, catalogue, engine, execute=execute))


def _manifest(lines: int) -> Iterator[str]:
    generator = random.Random(lines)
    yield "text,voice\n"
    for number in range(lines):
        words = generator.choices(WORDS, k=generator.randrange(3, 12))
        yield f"{' '.join(words)} {_letters(number)}.,{generator.choice(('f2', 'm1'))}\n"


def _letters(number: int) -> str:
    """A number as a word, so that all lines differ."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


# --- (b) the overhead of assigning work ------------------------------------------------------------------------


class CostsNothing:
    """An engine whose speech is noise."""

    def __init__(self) -> None:
        self._noise = np.random.default_rng(1).normal(0, 0.05, 24_000 * 60).astype(np.float32)

    def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
        for index, chunk in enumerate(chunks):
            yield SpokenChunk(index, self._noise[: chunk.frames * HOP_LENGTH])


def load_nothing(model: ReadyModel) -> CostsNothing:
    return CostsNothing()


def overhead(lines: int) -> None:
    """Both measure, encode and store clips: the difference is the overhead of Ray and the scheduler."""
    print(f"\n## {lines} lines of an engine that costs nothing\n")
    from benchmarks.scale import load_nothing as engine  # workers import it by this name

    with tempfile.TemporaryDirectory(prefix="scale") as folder:
        one_process = _speak(Path(folder) / "process", lines, "process", engine)
        started = time.monotonic()
        on_ray = _speak(Path(folder) / "ray", lines, "local", engine)
        seconds = time.monotonic() - started
    working = max(worker.speaking_seconds for worker in on_ray.workers)
    ready = max(worker.held_seconds for worker in on_ray.workers)
    print("| | s |\n|---|---:|")
    print(f"| one process, total | {one_process.seconds:.2f} |")
    print(f"| local Ray, total | {seconds:.2f} |")
    print(f"| of it, the workers held (starting, speaking) | {ready:.2f} |")
    print(f"| of it, the busiest worker speaking and storing | {working:.2f} |")


# --- (c) a plan of a million lines -----------------------------------------------------------------------------


def _plan(folder: Path, lines: int) -> None:
    """The work of the driver from the resolved manifest to the first group."""
    os.environ.setdefault("F5_CACHE", str(folder / "cache"))
    settings, store = load_settings(), LocalStore(folder / "store")
    install(store)
    catalogue = load_catalogue(settings)
    _write_resolved(store, lines)
    before = _memory()
    steps: list[tuple[str, float]] = []
    started = time.monotonic()

    def step(name: str) -> None:
        steps.append((name, time.monotonic() - started - sum(seconds for _, seconds in steps)))

    with gc_paused():
        contents = load_utterances(store, "b")
    step("reading utterances.jsonl")
    models = {"demo": ReadyModel(catalogue["demo"], ensure_weights(catalogue["demo"], settings.cache, store))}
    with gc_paused():
        requests, _ = prepare_requests(contents.utterances, models, store, settings.cache)
    step("voices, characters, clip keys, durations")
    rows, transcriber = rows_by_key(store, "b", Judge().fingerprint), NullTranscriber()
    with ExitStack() as leases, gc_paused():
        reused, _damaged = reuse_indexed_takes(requests, ClipStore(store), rows, transcriber)
        lease = leases.enter_context(hold_lease(store, "b", clips_to_protect(requests, reused)))
        step("lease of the clips of first takes")
        job = SynthesisJob("b", lease, store, settings.cache, requests, reused, load_f5_engine, Judge(), transcriber)
        plan = WorkPlan(job)
        first = plan.backlog.take(plan.backlog.cost / 1000)
        step("looking clips up, costs, order")
    assert first is not None
    plan.work_item(first)
    total = time.monotonic() - started
    print(f"\n## A plan of {lines:,} lines ({sum(map(_seconds, requests)) / 3600:,.0f} hours of audio)\n")
    print("| step | s |\n|---|---:|")
    for name, seconds in steps:
        print(f"| {name} | {seconds:.1f} |")
    print(f"| total | {total:.1f} |")
    print(f"\nPeak memory of the process: {_memory() / 1e9:.2f} GB, {before / 1e9:.2f} GB before the plan.")


def _seconds(request: SynthesisRequest) -> float:
    return request.expected_seconds


def _write_resolved(store: LocalStore, lines: int) -> None:
    """In another process, as the benchmark does not measure reading the manifest."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from benchmarks.scale import _resolve; "
        "_resolve(sys.argv[2], int(sys.argv[3]))"
    )
    subprocess.run([sys.executable, "-c", code, str(ROOT), store.url, str(lines)], check=True)


def _resolve(url: str, lines: int) -> None:
    """The result of the asset ``utterances`` for a manifest of plain words."""
    sampling, utterances = Sampling(16, 2.0, -1.0, 1.0, 0.15), []
    for number, row in enumerate(_manifest(lines)):
        text, _, voice = row.strip().rpartition(",")
        if number:
            name = f"{number:07}"
            utterances.append(
                Utterance(name, number, text.capitalize(), text, voice, "demo", "en", sampling, max_attempts=3)
            )
    save_utterances(LocalStore(url), "b", BatchContents(BatchSettings(), tuple(utterances), (), "0" * 64))


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


# --- (d) simulated pools ---------------------------------------------------------------------------------------


def curve(lines: int) -> None:
    """Seconds against ``cost_of``, with the embedded model in one thread. ``MEASURED`` has these results."""
    import torch

    print("\n## Time and cost of lines, embedded model, one thread\n")
    print("| words | frames | cost | s | s for a million of cost |\n|---:|---:|---:|---:|---:|")
    from f5_pipeline.engine.f5.engine import F5Engine

    torch.set_num_threads(1)
    settings = load_settings()
    with tempfile.TemporaryDirectory(prefix="scale") as folder:
        store = LocalStore(folder)
        install(store)
        rows = [" ".join(random.Random(n).choices(WORDS, k=n)) for n in (2, 5, 10, 20, 30)]
        store.write("manifests/b.csv", "".join(["text,voice\n", *(f"{row}.,f2\n" for row in rows)]).encode())
        catalogue = load_catalogue(settings)
        contents = read_utterances(store, "b", settings, catalogue)
        model = ReadyModel(catalogue["demo"], ensure_weights(catalogue["demo"], settings.cache, store))
        requests, _ = prepare_requests(contents.utterances, {"demo": model}, store, settings.cache)
        engine = with_word_spacing(
            F5Engine(model.spec, model.files, "cpu", "float32", "torch", None), model.word_timing
        )
        for request in requests:
            (chunk,) = request.chunks()
            list(engine.speak([chunk]))  # warm-up
            started = time.monotonic()
            list(engine.speak([chunk] * lines))
            seconds, cost = (time.monotonic() - started) / lines, cost_of(request)
            words = request.utterance.spoken_text.count(" ") + 1
            frames = request.speakers[0].reference.frames + chunk.frames
            print(f"| {words} | {frames} | {cost:.0f} | {seconds:.3f} | {seconds / cost * 1e6:.1f} |")


def simulate(lines: int, gpus: Sequence[int]) -> None:
    """The real scheduler, with machines of one speed, and of three; 1 % of the workers die per hour.

    The time of a line is proportional to the time that ``curve`` measured for its length; the scheduler estimates it
    with ``cost_of``.
    """
    from tests.cluster.simulation import Machine, Simulation

    generator = np.random.default_rng(0)
    seconds = np.clip(generator.lognormal(np.log(4.2), 0.6, lines), 0.6, 120.0)
    chunks = np.ceil(seconds / CHUNK_SECONDS)
    frames = (REFERENCE_SECONDS + seconds / chunks) * SAMPLE_RATE / HOP_LENGTH
    costs = chunks * frames * (1 + frames / 4096)
    work = chunks * np.interp(frames, *zip(*MEASURED, strict=True))
    unit = work.sum() / seconds.sum()  # work per second of audio
    print(f"\n## {lines:,} mixed lines, {seconds.sum() / 3600:,.0f} hours; simulated\n")
    print("| GPUs | times real time, each | hours | busy | busy, starts counted | groups | deaths | planned in, s |")
    print("|---:|---|---:|---:|---:|---:|---:|---:|")
    for count in gpus:
        for speeds in ([GPU_TIMES_REAL_TIME], *([[60.0, 30.0, 10.0]] if count > 1 else [])):
            machines = [Machine(speed * unit, deaths_per_hour=0.01) for speed in speeds]
            started = time.monotonic()
            outcome = Simulation(costs, Policy(count), machines, seed=count, work=work).run()
            took = time.monotonic() - started
            assert len(outcome.spoken) == lines
            shown = " / ".join(f"{speed:g}" for speed in speeds)
            print(
                f"| {count} | {shown} | {outcome.seconds / 3600:.2f} | {outcome.busy:.1%} | {outcome.used:.1%} "
                f"| {outcome.groups:,} | {outcome.deaths} | {took:.1f} |"
            )


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
