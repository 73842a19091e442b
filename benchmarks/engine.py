"""Our engine against upstream's own ``infer_process``: same checkpoint, voices, texts, steps and device, in one run.

    python benchmarks/engine.py                                          the demo model, 16 steps; 1, 16 and 64 lines
    python benchmarks/engine.py --lines 64 --steps 7 --repeat 5
    python benchmarks/engine.py --device cuda --model random:F5TTS_v1_Base --lines 256 --steps 32 16 7

``random:NAME`` is a model of that architecture with random weights, as fast as the real one. Prints a table with the
audio seconds per second of each engine, and the ratio. The two run alternately, so that a drift of the machine's
speed does not favour one; the table has medians. Upstream speaks one line after the other, so a random sample of the
lines suffices for it (``--upstream-lines``). Needs f5-tts and the imports of ``f5_pipeline.engine``; no Dagster.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import platform
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import soundfile

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.f5.upstream import prepare_imports
from f5_pipeline.engine.protocol import HOP_LENGTH, Chunk
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.spec import ModelSpec, Sampling
from f5_pipeline.models.weights import ModelFiles, ensure_weights
from f5_pipeline.settings.environment import Settings

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
VOCOS_24KHZ = """
feature_extractor:
  class_path: vocos.feature_extractors.MelSpectrogramFeatures
  init_args: {sample_rate: 24000, n_fft: 1024, hop_length: 256, n_mels: 100, padding: center}
backbone:
  class_path: vocos.models.VocosBackbone
  init_args: {input_channels: 100, dim: 512, intermediate_dim: 1536, num_layers: 8}
head:
  class_path: vocos.heads.ISTFTHead
  init_args: {dim: 512, n_fft: 1024, hop_length: 256, padding: center}
"""


@dataclass(frozen=True)
class Line:
    """A text in a voice."""

    text: str
    ref_audio: str
    ref_text: str

    @property
    def ref_frames(self) -> int:
        return soundfile.info(self.ref_audio).frames // HOP_LENGTH

    @property
    def frames(self) -> int:
        """Frames to generate, by upstream's own rule, so that both engines generate the same number."""
        return int(self.ref_frames / len(self.ref_text.encode()) * len(self.text.encode()))


Speak = Callable[[Sequence[Line]], Iterable[float]]  # yields the audio seconds of each clip as soon as it is ready


def demo_lines(count: int) -> list[Line]:
    """The embedded voices in turn, with sentences of 2 to 5 seconds."""
    folder = files("f5_pipeline.demo") / "voices"
    voices = [
        (str(folder / f"{v}.wav"), (folder / f"{v}.txt").read_text().strip() + " ") for v in ("m3", "m1", "f2", "f5")
    ]
    return [Line(SENTENCES[(i // 4 + i) % 8], *voices[i % 4]) for i in range(count)]


def long_lines(count: int) -> list[Line]:
    """One recorded voice of 5 seconds, with texts of 2 to 15 seconds."""
    audio = str(files("f5_tts") / "infer/examples/basic/basic_ref_en.wav")
    text = " ".join(SENTENCES * 2)
    return [
        Line(text[: 30 + (i * 37) % 200], audio, "Some call me nature, others call me mother nature. ")
        for i in range(count)
    ]


def random_model(spec: ModelSpec, folder: Path) -> ModelFiles:
    """The files of a model of this architecture with random weights."""
    prepare_imports()
    import torch
    from f5_tts.model import DiT
    from safetensors.torch import save_file
    from vocos import Vocos

    vocabulary = Path(str(files("f5_tts") / "infer/examples/vocab.txt"))
    tokens = len(vocabulary.read_text(encoding="utf-8").split("\n")) - 1
    torch.manual_seed(0)
    weights = DiT(**spec.arch, text_num_embeds=tokens, mel_dim=100).state_dict()
    noise = {f"ema_model.transformer.{name}": torch.randn_like(tensor) * 0.02 for name, tensor in weights.items()}
    save_file(noise, folder / "model.safetensors")
    (folder / "config.yaml").write_text(VOCOS_24KHZ)
    torch.save(Vocos.from_hparams(str(folder / "config.yaml")).state_dict(), folder / "pytorch_model.bin")
    return ModelFiles(folder / "model.safetensors", vocabulary, folder, "random", {}, 0.0, 0)


def ours(spec: ModelSpec, weights: ModelFiles, args: argparse.Namespace) -> Speak:
    from f5_pipeline.engine.f5.engine import F5Engine

    engine = F5Engine(spec, weights, args.device, args.precision, args.attention)

    def speak(batch: Sequence[Line]) -> Iterable[float]:
        sampling = Sampling(args.nfe_step, args.cfg, -1.0, 1.0, 0.15)
        chunks = [
            Chunk(x.text, x.ref_audio, soundfile.info(x.ref_audio).duration, x.ref_text, x.frames, sampling, seed)
            for seed, x in enumerate(batch)
        ]
        for spoken in engine.speak(chunks):
            if spoken.samples is None:
                raise RuntimeError(spoken.error)
            yield spoken.samples.size / SAMPLE_RATE

    return speak


def upstream(spec: ModelSpec, weights: ModelFiles, args: argparse.Namespace) -> Speak:
    waveforms = upstream_waveforms(spec, weights, args)

    def speak(batch: Sequence[Line]) -> Iterable[float]:
        return (waveform.size / SAMPLE_RATE for waveform in waveforms(batch))

    return speak


def upstream_waveforms(
    spec: ModelSpec, weights: ModelFiles, args: argparse.Namespace
) -> Callable[[Sequence[Line]], Iterable[Any]]:
    """Speaks lines with upstream's ``infer_process``; yields a waveform, (n,) float32, for each."""
    prepare_imports()
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

    def speak(batch: Sequence[Line]) -> Iterable[Any]:
        for line in batch:
            wave, _, _ = utils_infer.infer_process(
                line.ref_audio, line.ref_text, line.text, model, vocoder, show_info=lambda *_: None, progress=None,
                nfe_step=args.nfe_step, cfg_strength=args.cfg, sway_sampling_coef=-1.0, device=device,
            )  # fmt: skip
            yield wave

    return speak


@dataclass(frozen=True)
class Timing:
    """One run over a batch."""

    audio_seconds: float
    wall_seconds: float
    first_clip: float  # seconds until the first clip was ready

    @property
    def speed(self) -> float:
        return self.audio_seconds / self.wall_seconds


def timed(speak: Speak, batch: Sequence[Line]) -> Timing:
    started, first, total = time.perf_counter(), 0.0, 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        for seconds in speak(batch):
            first = first or time.perf_counter() - started
            total += seconds
    return Timing(total, time.perf_counter() - started, first)


def forward_flops(spec: ModelSpec, frames: int) -> float:
    """FLOPs of one forward pass over a sequence: weights and attention of the blocks; a multiply-add counts as 2."""
    arch = spec.arch
    inner = arch["heads"] * arch.get("dim_head", 64)
    weights = 4 * arch["dim"] * inner + 2 * arch["ff_mult"] * arch["dim"] ** 2
    return 2.0 * arch["depth"] * frames * (weights + 2 * frames * inner)


def matmul_rate(device: str) -> float:
    """FLOP/s of a large bfloat16 matrix product on this GPU."""
    import torch

    a = torch.randn(8192, 8192, device=device, dtype=torch.bfloat16)
    for _ in range(3):
        a @ a
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(20):
        a @ a
    torch.cuda.synchronize()
    return 20 * 2 * 8192**3 / (time.perf_counter() - started)


def machine(on_gpu: bool) -> str:
    import torch

    if on_gpu:
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":")[1].strip() for line in info if "model name" in line), platform.machine())
    return f"{model}, {os.cpu_count()} cores, {torch.backends.cpu.get_cpu_capability()}"


def compare(
    peers: dict[str, Speak], batch: Sequence[Line], repeat: int, upstream_lines: int | None
) -> tuple[list[Timing], str]:
    """Our engine's timings, and a row of the table."""
    drawn = random.Random(0).sample(range(len(batch)), min(len(batch), upstream_lines or len(batch)))
    batches = {"ours": batch, "upstream": [batch[line] for line in sorted(drawn)]}
    runs = [{name: timed(speak, batches[name]) for name, speak in peers.items()} for _ in range(repeat)]
    medians = [statistics.median(run[name].speed for run in runs) for name in ("ours", "upstream")]
    ratios = sorted(run["ours"].speed / run["upstream"].speed for run in runs)
    first = statistics.median(run["ours"].first_clip for run in runs)
    spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} - {ratios[-1]:.2f})"
    return [run["ours"] for run in runs], f"{medians[0]:.2f} | {medians[1]:.2f} | {spread} | {first:.2f}"


def main(argv: Sequence[str] | None = None) -> None:
    args = _arguments(argv)
    spec, lines = _spec(args.model), long_lines if args.model.startswith("random:") else demo_lines
    with tempfile.TemporaryDirectory() as scratch:
        if args.model.startswith("random:"):
            weights = random_model(spec, Path(scratch))
        else:
            weights = ensure_weights(spec, Settings().cache, None)
        args.nfe_step = args.steps[0]
        with contextlib.redirect_stdout(io.StringIO()):
            peers = {"ours": ours(spec, weights, args), "upstream": upstream(spec, weights, args)}
            for speak in peers.values():
                list(speak(lines(2)))  # warm up
    _report(args, spec, peers, lines)


def _report(
    args: argparse.Namespace, spec: ModelSpec, peers: dict[str, Speak], lines: Callable[[int], list[Line]]
) -> None:
    import torch

    on_gpu = args.device.startswith("cuda") or (args.device == "auto" and torch.cuda.is_available())
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "f5-tts"))
    print(f"{args.model}, guidance {args.cfg:g}; {machine(on_gpu)}; {versions}\n")
    print("| steps | lines | ours, audio s/s | upstream, audio s/s | ratio (min - max) | first clip, s |")
    print("|---:|---:|---:|---:|---:|---:|")
    for steps in args.steps:
        args.nfe_step = steps
        for count in args.lines:
            batch = lines(count)
            timings, row = compare(peers, batch, args.repeat, args.upstream_lines)
            print(f"| {steps} | {count} | {row} |", flush=True)
    if on_gpu:
        passes = args.nfe_step * (2 if args.cfg > 0 else 1)
        flops = passes * sum(forward_flops(spec, line.ref_frames + line.frames) for line in batch)
        rate, best = flops / min(run.wall_seconds for run in timings), matmul_rate("cuda")
        print(
            f"\nLast row: {rate / 1e12:.0f} TFLOP/s in the blocks, {rate / best:.0%} of this card's {best / 1e12:.0f}."
        )
        print(f"Peak memory: {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB on the card.")
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"\nPeak memory of the process, both engines in it: {peak:.1f} GiB.")


def _spec(model: str) -> ModelSpec:
    if model == "random:tiny":
        spec = load_catalogue(Settings())["F5TTS_v1_Base"]
        return replace(spec, name=model, arch={**spec.arch, "dim": 128, "depth": 2, "heads": 2, "text_dim": 64})
    return load_catalogue(Settings())[model.removeprefix("random:")]


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="demo", help="demo, random:F5TTS_v1_Base, random:tiny, …")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--attention", choices=("torch", "flash_attn"), default="torch", help="ours, on a GPU")
    parser.add_argument("--steps", type=int, nargs="+", default=[16])
    parser.add_argument("--cfg", type=float, default=2.0)
    parser.add_argument("--lines", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--upstream-lines", type=int, help="number of lines that upstream speaks; default: all")
    parser.add_argument("--repeat", type=int, default=3)
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
