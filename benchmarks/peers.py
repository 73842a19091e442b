"""Our engine and upstream's sampler against other F5-TTS engines on the CPU: same model, lines, steps and threads.

    python benchmarks/peers.py FOLDER --write                       writes the checkpoint to convert, and ends
    python benchmarks/peers.py FOLDER --python PEERS/bin/python     runs the engines in turn
    python benchmarks/peers.py FOLDER --python PEERS/bin/python --check

FOLDER has the checkpoint and what the peers' converters made of it: each ``*.tmod`` is spoken by vox-tts, each
``*.gguf`` by crispasr. ``--python`` is a Python that has these packages; an engine that is not installed or cannot load
its file is named and skipped. Nothing is downloaded. The model has random weights; a published checkpoint with the same
file names works as well. docs/benchmarks.md has the commands of the converters. ``--check`` gives the peers the noise
that upstream starts from, and prints how far their waveforms are from upstream's.

The engines speak the same lines in turn, as often as ``--repeat`` says; the table has the medians. "CPU s" counts all
threads of the engine's process: it depends less on other work on the machine than the time on the clock. Ours speaks
one line per thread at a time, the others one line after the other.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from engine import Line, Speak, _spec, demo_lines, machine, ours, random_model, timed, upstream, upstream_waveforms
from numpy.typing import NDArray

from f5_pipeline.engine.protocol import HOP_LENGTH
from f5_pipeline.models.weights import ModelFiles

PEERS = {"vox-tts": ("*.tmod", "weights as in the file, float32"), "crispasr": ("*.gguf", "weights as in the file")}
Waveform = NDArray[np.float32]  # (n,)
TEXTS = ("please call me back.", "the roads were covered with ice.", "he rides his bicycle to work.")


@dataclass(frozen=True)
class Engine:
    """An engine and its row of the table."""

    name: str
    release: str
    precision: str
    speak: Speak
    cpu_seconds: Callable[[], float]  # of the engine's process, so far


@dataclass(frozen=True)
class Run:
    """What one run over the lines cost, for each second of audio."""

    wall: float
    cpu: float
    audio_seconds: float


class Peer:
    """A process that speaks with another engine.

    Raises:
        RuntimeError: the engine is not installed, cannot load the model or fails; the text is the last that it printed.
    """

    def __init__(self, python: str, distribution: str, model: Path, args: argparse.Namespace) -> None:
        self._args, self.cpu = args, 0.0
        self._printed = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by close()
        threads = str(args.threads)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment |= {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "GGML_NO_BACKTRACE": "1"}
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name("peer_worker.py")), distribution, str(model), threads],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._printed, text=True, env=environment,
        )  # fmt: skip
        self.release = str(self._answer()["version"])

    def speak(self, batch: Sequence[Line]) -> Iterator[float]:
        for line in batch:
            yield self.ask(line)

    def ask(self, line: Line, **more: str) -> float:
        """The seconds of the line's audio. ``more``: as ``peer_worker.py`` says."""
        assert self._process.stdin
        request = {"text": line.text, "ref_audio": line.ref_audio, "ref_text": line.ref_text, **more}
        sampling = {"steps": self._args.nfe_step, "cfg": self._args.cfg}
        print(json.dumps(request | sampling), file=self._process.stdin, flush=True)
        answer = self._answer()
        self.cpu = answer["cpu"]
        return answer["seconds"]

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._printed.close()

    def _answer(self) -> dict[str, float]:
        assert self._process.stdout
        answer = self._process.stdout.readline()
        if not answer:
            status = self._process.wait()
            self._printed.seek(0)
            printed = self._printed.read().split("\n")
            raise RuntimeError(next((text for text in reversed(printed) if text.strip()), f"exit status {status}"))
        return dict(json.loads(answer))


def start_peers(
    args: argparse.Namespace, warm_up: Sequence[Line], stack: contextlib.ExitStack
) -> Iterator[tuple[Peer, Engine]]:
    """The peers that are installed and can speak with a model of FOLDER; the others are named on standard output."""
    for distribution, (pattern, precision) in PEERS.items():
        models = sorted(args.folder.glob(pattern))
        if not models:
            print(f"{distribution}: skipped, no {pattern} in {args.folder}")
        for model in models:
            try:
                peer = Peer(args.python, distribution, model, args)
                stack.callback(peer.close)
                timed(peer.speak, warm_up)
            except (RuntimeError, OSError) as error:
                print(f"{distribution}, {model.name}: skipped, {error}")
                continue
            name = f"{distribution}, {model.name}"
            yield peer, Engine(name, peer.release, precision, peer.speak, partial(getattr, peer, "cpu"))


def differences(args: argparse.Namespace, peers: Sequence[tuple[Peer, Engine]], line: Line) -> Iterator[str]:
    """How far the waveform of each peer is from upstream's if both start from the same noise."""
    import torch
    from safetensors.torch import save_file

    with contextlib.redirect_stdout(io.StringIO()):
        waveforms = upstream_waveforms(_spec(args.model), checkpoint(args), args)
        torch.manual_seed(0)
        (expected,) = waveforms([line])
    torch.manual_seed(0)
    noise = torch.randn(line.ref_frames + expected.size // HOP_LENGTH + 1, 100)
    with tempfile.TemporaryDirectory() as scratch:
        given, samples = Path(scratch) / "noise.safetensors", Path(scratch) / "samples"
        save_file({"noise.0": noise}, given)
        for peer, engine in peers:
            peer.ask(line, noise=str(given), samples=str(samples))
            apart = distance(np.fromfile(samples, np.float32), expected)
            yield f"{engine.name}: waveform differs from upstream's by {apart:.1e} (relative L2, same noise)"


def distance(samples: Waveform, expected: Waveform) -> float:
    """Relative L2 distance of waveforms.

    CrispASR's vocoder starts one frame later and pads its inverse transform differently: a shift of half a hop. The
    first 27 frames are left out: Vocos's convolutions reach that far, and that one frame is missing.
    """
    distances = []
    for shift in (0, HOP_LENGTH // 2):
        own, theirs = samples[27 * HOP_LENGTH :], expected[27 * HOP_LENGTH + shift :]
        count = min(own.size, theirs.size)
        distances.append(float(np.linalg.norm(own[:count] - theirs[:count]) / np.linalg.norm(theirs[:count])))
    return min(distances)


def checkpoint(args: argparse.Namespace) -> ModelFiles:
    """The model in FOLDER; writes random weights if there is none."""
    if not (args.folder / "model.safetensors").exists():
        args.folder.mkdir(parents=True, exist_ok=True)
        vocabulary = random_model(_spec(args.model), args.folder).vocabulary
        (args.folder / "vocab.txt").write_bytes(vocabulary.read_bytes())
    return ModelFiles(args.folder / "model.safetensors", args.folder / "vocab.txt", args.folder, "random", {}, 0.0, 0)


def our_engines(args: argparse.Namespace) -> Iterator[Engine]:
    """Upstream's sampler, ours in the same precision, and ours in the precision that it selects on this machine."""
    import torch

    from f5_pipeline.engine.f5.device import choose_precision

    torch.set_num_threads(args.threads)
    spec, weights = _spec(args.model), checkpoint(args)
    release = version("f5-tts")
    yield Engine("upstream", release, "float32", upstream(spec, weights, args), time.process_time)
    selected = str(choose_precision("auto", torch.device("cpu"))).removeprefix("torch.")
    for precision in dict.fromkeys(("float32", selected)):
        args.precision = precision
        speak = partial(_with_upstreams_space, ours(spec, weights, args))
        yield Engine("ours", version("f5-pipeline"), precision, speak, time.process_time)


def _with_upstreams_space(speak: Speak, batch: Sequence[Line]) -> Iterable[float]:
    """Upstream and vox-tts append a space to the reference's text: with it, ours has the same tokens and frames."""
    return speak([replace(line, ref_text=line.ref_text + " ") for line in batch])


def run(engine: Engine, batch: Sequence[Line]) -> Run:
    before = engine.cpu_seconds()
    timing = timed(engine.speak, batch)
    cpu = engine.cpu_seconds() - before
    return Run(timing.wall_seconds / timing.audio_seconds, cpu / timing.audio_seconds, timing.audio_seconds)


def rows(engines: Sequence[Engine], runs: Sequence[Sequence[Run]]) -> Iterator[str]:
    """The rows of the table; ``runs`` has the runs of each engine in order. Ratios are of the same round."""
    baseline = runs[[engine.name for engine in engines].index("upstream")]
    for engine, own in zip(engines, runs, strict=True):
        wall, cpu = (statistics.median(values) for values in zip(*((one.wall, one.cpu) for one in own), strict=True))
        faster = sorted(theirs.wall / one.wall for one, theirs in zip(own, baseline, strict=True))
        less_cpu = statistics.median(theirs.cpu / one.cpu for one, theirs in zip(own, baseline, strict=True))
        spread = f"{statistics.median(faster):.2f} ({faster[0]:.2f} - {faster[-1]:.2f})"
        yield (
            f"| {engine.name} | {engine.release} | {engine.precision} | {own[0].audio_seconds:.2f} | {wall:.1f} "
            f"| {spread} | {cpu:.1f} | {less_cpu:.2f} |"
        )


def main(argv: Sequence[str] | None = None) -> None:
    args = _arguments(argv)
    if args.write:
        print(f"written: {checkpoint(args).checkpoint}")
        return
    batch = [Line(text, line.ref_audio, line.ref_text) for text, line in zip(TEXTS, demo_lines(3), strict=True)]
    batch = batch[: args.lines]
    with contextlib.ExitStack() as stack:
        peers = list(start_peers(args, batch[:1], stack))
        if args.check:
            args.nfe_step = args.steps
            print(*differences(args, peers, batch[0]), sep="\n")
            return
        with contextlib.redirect_stdout(io.StringIO()):
            engines = list(our_engines(args))
        for engine in engines:
            timed(engine.speak, batch[:1])  # warm up
        engines += [engine for _, engine in peers]
        args.nfe_step = args.steps
        rounds = [[run(engine, batch) for engine in engines] for _ in range(args.repeat)]
    sampling = f"{args.steps} steps, guidance {args.cfg:g}, threads: {args.threads}"
    print(f"\n{args.model}, {sampling}; {machine(False)}; torch {version('torch')}\n")
    print("| engine | version | precision | audio, s | s per audio s | times upstream's speed | CPU s | ratio |")
    print("|---|---|---|---:|---:|---:|---:|---:|")
    print(*rows(engines, list(zip(*rounds, strict=True))), sep="\n")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="checkpoint and converted files")
    parser.add_argument("--write", action="store_true", help="write the checkpoint and end")
    parser.add_argument("--check", action="store_true", help="compare the waveforms of one line instead of the speed")
    parser.add_argument("--python", default=sys.executable, help="a Python that has the peers; default: this one")
    parser.add_argument("--model", default="random:F5TTS_v1_Base", help="architecture, as for engine.py")
    parser.add_argument("--lines", type=int, default=2, help="1 to 3")
    parser.add_argument("--steps", type=int, default=7)
    parser.add_argument("--cfg", type=float, default=2.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.set_defaults(device="cpu", attention="torch", precision="float32", nfe_step=1)
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
