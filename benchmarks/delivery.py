"""How fast clips are measured and delivered: seconds of audio for each second of wall time.

    python benchmarks/delivery.py
    python benchmarks/delivery.py --minutes 20

Each stage is timed in seconds of one core, whatever else the machine is doing; then all that happens to a clip after it
is spoken (measures, verdict, FLAC for the store, loudness, MP3) on every core, as a delivery does it. The clips are
the demo's recordings, cut to 1 … 3 s. The peer is ffmpeg (``loudnorm`` and libmp3lame, one process for each clip, as
scripts around it do), if it is installed.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.resources import files

import numpy as np
import soundfile

from f5_pipeline.delivery.edges import Edges, trim_edges
from f5_pipeline.delivery.encode import Samples, encode
from f5_pipeline.delivery.listening import waveform
from f5_pipeline.delivery.loudness import Loudness, to_loudness
from f5_pipeline.results import flac
from f5_pipeline.speech.manifests.formats import Encoding
from f5_pipeline.speech.quality import judge, measure

RATE = flac.SAMPLE_RATE
LOUDNESS = Loudness(-19.0)


def clips(minutes: float) -> list[Samples]:
    """Clips of 1 … 3 seconds, ``minutes`` in all."""
    folder = files("f5_pipeline.demo") / "voices"
    voices = [soundfile.read(str(folder / f"{name}.wav"), dtype="float32")[0] for name in ("m3", "m1", "f2", "f5")]
    random, made, total = np.random.default_rng(1), [], 0
    while total < minutes * 60 * RATE:
        voice = voices[len(made) % len(voices)]
        clip = voice[: int(random.uniform(1, min(3, voice.size / RATE)) * RATE)]
        made.append(clip * np.float32(random.uniform(0.3, 1.0)))
        total += clip.size
    return made


def measured(clip: Samples) -> None:
    judge(measure(clip, RATE, clip.size / RATE, "some words that were said here"))


def stored(clip: Samples) -> None:
    flac.encode("0" * 64, clip, {})


def shaped(clip: Samples) -> Samples:
    return to_loudness(trim_edges(clip, RATE, Edges()).samples, RATE, LOUDNESS)


def delivered(clip: Samples, format: str = "mp3") -> None:
    ready = shaped(clip)
    encode(ready, RATE, Encoding(format))
    waveform(ready)


def everything(clip: Samples) -> None:
    measured(clip)
    stored(clip)
    delivered(clip)


def ffmpeg(clip: Samples) -> None:
    wav = io.BytesIO()
    soundfile.write(wav, clip, RATE, format="WAV")
    command = ["ffmpeg", "-v", "error", "-i", "-", "-af", "loudnorm=I=-19:TP=-1", "-ar", str(RATE), "-f", "mp3", "-"]
    subprocess.run(command, input=wav.getvalue(), stdout=subprocess.DEVNULL, check=True)


def core_speed(work: Callable[[Samples], object], batch: Sequence[Samples]) -> float:
    """Audio seconds per second of one core."""
    started = time.process_time()
    for clip in batch:
        work(clip)
    return sum(clip.size for clip in batch) / RATE / (time.process_time() - started)


def speed(work: Callable[[Samples], object], batch: Sequence[Samples], threads: int) -> float:
    """Audio seconds per wall second; the best of three runs."""
    seconds = sum(clip.size for clip in batch) / RATE
    best = 0.0
    for _ in range(3):
        started = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, batch))
        best = max(best, seconds / (time.perf_counter() - started))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    batch = clips(parser.parse_args().minutes)
    cores = os.cpu_count() or 1
    print(f"{len(batch)} clips, {sum(clip.size for clip in batch) / RATE / 60:.1f} minutes; {cores} cores\n")
    print("| one core | audio s per core s |\n|---|---:|")
    print(f"| measures and verdict | {core_speed(measured, batch):.0f} |")
    print(f"| FLAC for the store | {core_speed(stored, batch):.0f} |")
    print(f"| trimming and loudness | {core_speed(shaped, batch):.0f} |")
    for format in ("wav", "flac", "mp3", "opus", "ogg", "m4a"):
        rate = core_speed(partial(delivered, format=format), batch)
        print(f"| trimming, loudness, {format}, waveform | {rate:.0f} |")
    print(f"| all of it: measures, FLAC, loudness, MP3 | {core_speed(everything, batch):.0f} |")
    ours = speed(everything, batch, cores)
    print(f"\n| all cores | audio s per wall s |\n|---|---:|\n| measures, FLAC, loudness and MP3 | {ours:.0f} |")
    if shutil.which("ffmpeg"):
        few = batch[: len(batch) // 4]
        mine, peer = speed(delivered, few, cores), speed(ffmpeg, few, cores)
        print(f"| loudness and MP3 alone | {mine:.0f} |\n| the same by ffmpeg | {peer:.0f} |")
        print(f"\nratio to ffmpeg: {mine / peer:.1f}")


if __name__ == "__main__":
    main()
