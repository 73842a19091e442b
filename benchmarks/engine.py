"""Our engine against upstream's own ``infer_process``: same checkpoint, voices, texts, steps and device, in one run.

    python benchmarks/engine.py                          the demo model on this machine, 16 steps, 64 lines
    python benchmarks/engine.py --lines 1 16 --steps 7 --repeat 3
    python benchmarks/engine.py --device cuda --model F5TTS_v1_Base

Prints a table: audio seconds per wall second of each, and the ratio. The two take turns, so that a machine whose speed
drifts does not favour one; medians are reported. Needs torch and f5-tts, no Dagster.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import soundfile

from f5_pipeline.settings import Settings
from f5_pipeline.speech.engine import SAMPLE_RATE, SpeechChunk
from f5_pipeline.speech.models.catalogue import ModelSpec, load_catalogue
from f5_pipeline.speech.models.weights import ModelFiles, ensure_weights
from f5_pipeline.speech.utterance import Sampling

VOICES = ("m3", "m1", "f2", "f5")
SENTENCES = (
    "the weather was cold and the roads were covered with ice.",
    "please call me back before seven in the evening.",
    "my brother bought a green bicycle last summer, and he rides it to work every single day.",
    "nobody knew where the old man had hidden the letters.",
    "can you tell me the way to the railway station? the last train leaves in ten minutes.",
    "fresh bread smells wonderful early in the morning.",
    "scientists discovered a new planet beyond our solar system, and they named it after a river.",
    "thank you very much for your kind invitation.",
)


def lines(count: int) -> list[tuple[str, str]]:
    """``count`` pairs of voice and text."""
    return [(VOICES[i % len(VOICES)], SENTENCES[(i // len(VOICES) + i) % len(SENTENCES)]) for i in range(count)]


def voice(name: str) -> tuple[str, str]:
    """The recording and the transcript of an embedded voice."""
    folder = files("f5_pipeline.demo") / "voices"
    return str(folder / f"{name}.wav"), (folder / f"{name}.txt").read_text().strip() + " "


def chunk_of(name: str, text: str, sampling: Sampling, seed: int) -> SpeechChunk:
    audio, ref_text = voice(name)
    return SpeechChunk(text, audio, soundfile.info(audio).duration, ref_text, gen_frames(text, name), sampling, seed)


def gen_frames(text: str, voice_name: str) -> int:
    """Upstream's own rule for the duration, so that both sides say the same number of frames."""
    audio, ref_text = voice(voice_name)
    ref_frames = soundfile.info(audio).frames // 256
    return int(ref_frames / len(ref_text.encode()) * len(text.encode()))


def ours(spec: ModelSpec, weights: ModelFiles, args: argparse.Namespace) -> Callable[[list[tuple[str, str]]], float]:
    from f5_pipeline.speech.f5.engine import F5Engine

    engine = F5Engine(spec, weights, args.device, args.precision)
    sampling = Sampling(args.steps, args.cfg, -1.0, 1.0, 0.15)

    def speak(batch: list[tuple[str, str]]) -> float:
        chunks = [chunk_of(name, text, sampling, seed) for seed, (name, text) in enumerate(batch)]
        spoken = list(engine.speak(chunks))
        if errors := [s.error for s in spoken if s.error]:
            raise RuntimeError(errors[0])
        return sum(s.samples.size for s in spoken if s.samples is not None) / SAMPLE_RATE

    return speak


def upstream(
    spec: ModelSpec, weights: ModelFiles, args: argparse.Namespace
) -> Callable[[list[tuple[str, str]]], float]:
    import torch
    import torchaudio
    from f5_tts.infer import utils_infer
    from f5_tts.model import DiT

    def load(path: str, *_: Any, **__: Any) -> tuple[torch.Tensor, int]:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        return torch.from_numpy(samples.T.copy()), rate

    torchaudio.load = load  # noqa: TID251 - the real one needs torchcodec and FFmpeg; reading a WAV costs the same
    device = args.device if args.device != "auto" else utils_infer.device
    arch = dict(spec.arch)
    model = utils_infer.load_model(
        DiT, arch, str(weights.checkpoint), vocab_file=str(weights.vocabulary), device=device
    )
    vocoder = utils_infer.load_vocoder(is_local=True, local_path=str(weights.vocoder), device=device)

    def speak(batch: list[tuple[str, str]]) -> float:
        samples = 0
        for name, text in batch:
            wave, _, _ = utils_infer.infer_process(
                *voice(name), text, model, vocoder, show_info=lambda *_: None, progress=None,
                nfe_step=args.steps, cfg_strength=args.cfg, sway_sampling_coef=-1.0, device=device,
            )  # fmt: skip
            samples += wave.size
        return samples / SAMPLE_RATE

    return speak


def speed(speak: Callable[[list[tuple[str, str]]], float], batch: list[tuple[str, str]]) -> float:
    """Audio seconds per wall second."""
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        audio_seconds = speak(batch)
    return audio_seconds / (time.perf_counter() - started)


def machine(device: str) -> str:
    import torch

    if device.startswith("cuda") or (device == "auto" and torch.cuda.is_available()):
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":")[1].strip() for line in info if "model name" in line), platform.machine())
    return f"{model}, {os.cpu_count()} cores, {torch.backends.cpu.get_cpu_capability()}"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--cfg", type=float, default=2.0)
    parser.add_argument("--lines", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args(argv)
    settings = Settings()
    spec = load_catalogue(settings)[args.model]
    weights = ensure_weights(spec, settings.cache, None)
    with contextlib.redirect_stdout(io.StringIO()):
        peers = {"ours": ours(spec, weights, args), "upstream": upstream(spec, weights, args)}
        for speak in peers.values():
            speak(lines(2))  # warm up
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "f5-tts"))
    print(f"{args.model}, {args.steps} steps, guidance {args.cfg:g}; {machine(args.device)}; {versions}\n")
    print("| lines | ours, audio s/s | upstream, audio s/s | ratio (min - max) |\n|---:|---:|---:|---:|")
    for count in args.lines:
        runs = [{name: speed(speak, lines(count)) for name, speak in peers.items()} for _ in range(args.repeat)]
        medians = {name: statistics.median(run[name] for run in runs) for name in peers}
        ratios = sorted(run["ours"] / run["upstream"] for run in runs)
        spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} - {ratios[-1]:.2f})"
        print(f"| {count} | {medians['ours']:.2f} | {medians['upstream']:.2f} | {spread} |", flush=True)


if __name__ == "__main__":
    main()
