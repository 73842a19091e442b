"""How fast clips are measured and delivered: seconds of audio for each second of one core, and of wall time.

    python benchmarks/delivery.py
    python benchmarks/delivery.py --minutes 20

Each stage is timed in seconds of one core, whatever else the machine is doing. Then all that happens to a clip after it
is spoken (measures, verdict, FLAC for the store, trimming, loudness, FLAC and MP3 for the user) on every core, and
whole deliveries from a folder to a folder, as a batch has them. The clips are the demo's recordings, cut to 1 … 3 s.
The peer is ffmpeg (``loudnorm`` and libmp3lame, a process for each clip, as scripts around it do), if it is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import math
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from typing import Literal

import numpy as np
import soundfile

from f5_pipeline.audio import flac
from f5_pipeline.audio.encode import encode
from f5_pipeline.audio.formats import Encoding
from f5_pipeline.audio.loudness import Loudness, to_loudness
from f5_pipeline.audio.samples import Samples
from f5_pipeline.audio.trim import TrimSettings, trim_silence
from f5_pipeline.delivery.deliver import deliver_batch
from f5_pipeline.delivery.report_page import waveform
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.quality.signal import columns, measure, weigh
from f5_pipeline.quality.thresholds import Thresholds
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.storage.layout import delivery_record_object
from f5_pipeline.storage.local import LocalStore

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
    weigh(columns(measure(clip, RATE, clip.size / RATE, "some words that were said here")), Thresholds())


def stored(clip: Samples) -> None:
    flac.encode("0" * 64, clip, {})


def shaped(clip: Samples) -> Samples:
    return to_loudness(trim_silence(clip, RATE, TrimSettings()).samples, RATE, LOUDNESS)


def delivered(clip: Samples, *formats: str) -> None:
    ready = shaped(clip)
    for format in formats:
        encode(ready, RATE, Encoding(format))
    waveform(ready)


def everything(clip: Samples) -> None:
    measured(clip)
    stored(clip)
    delivered(clip, "flac", "mp3")


def delivery(batch: Sequence[Samples], format: Literal["flac", "mp3"]) -> Callable[[], object]:
    """A batch of these clips in a store; what is returned delivers it anew each time it is called."""
    folder = tempfile.TemporaryDirectory(prefix="f5-benchmark-")
    store, rows = LocalStore(folder.name), []
    for number, clip in enumerate(batch):
        key = hashlib.sha256(str(number).encode()).hexdigest()
        ClipStore(store).save(key, clip, {})
        rows.append(IndexRow(f"{number:05}", "some words that were said here", key=key, status="ok"))

    def deliver(keep: object = folder) -> None:
        store.delete(delivery_record_object("batch"))
        deliver_batch(store, "batch", BatchSettings(format=format), rows)

    return deliver


def ffmpeg(clip: Samples) -> None:
    wav = io.BytesIO()
    soundfile.write(wav, clip, RATE, format="WAV")
    command = ["ffmpeg", "-v", "error", "-i", "-", "-af", "loudnorm=I=-19:TP=-1", "-ar", str(RATE), "-f", "mp3", "-"]
    subprocess.run(command, input=wav.getvalue(), stdout=subprocess.DEVNULL, check=True)


def core_speed(work: Callable[[Samples], object], batch: Sequence[Samples]) -> float:
    """Audio seconds per second of one core; the best of three runs."""
    fastest = math.inf
    for _ in range(3):
        started = time.process_time()
        for clip in batch:
            work(clip)
        fastest = min(fastest, time.process_time() - started)
    return seconds_of(batch) / fastest


def speed(work: Callable[[Samples], object], batch: Sequence[Samples], threads: int) -> tuple[float, float]:
    """Audio seconds per wall second, and per second of one core, with so many threads."""

    def all_of_it() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, batch))

    return timed(all_of_it, batch)


def timed(work: Callable[[], object], batch: Sequence[Samples]) -> tuple[float, float]:
    """Audio seconds per wall second, and per second of one core; the best of three runs."""
    wall = cpu = math.inf
    for _ in range(3):
        started, worked = time.perf_counter(), time.process_time()
        work()
        wall = min(wall, time.perf_counter() - started)
        cpu = min(cpu, time.process_time() - worked)
    return seconds_of(batch) / wall, seconds_of(batch) / cpu


def seconds_of(batch: Sequence[Samples]) -> float:
    return sum(clip.size for clip in batch) / RATE


def print_stages(batch: Sequence[Samples]) -> None:
    print("| one core | audio s per core s |\n|---|---:|")
    print(f"| measures and verdict | {core_speed(measured, batch):.0f} |")
    print(f"| FLAC for the store | {core_speed(stored, batch):.0f} |")
    print(f"| trimming and loudness | {core_speed(shaped, batch):.0f} |")
    for format in ("wav", "flac", "mp3", "opus", "ogg", "m4a"):
        rate = core_speed(lambda clip, format=format: delivered(clip, format), batch)  # type: ignore[misc]
        print(f"| trimming, loudness, {format}, waveform | {rate:.0f} |")


def print_totals(batch: Sequence[Samples], cores: int) -> None:
    print(f"\n| {cores} cores | audio s per wall s | audio s per core s |\n|---|---:|---:|")
    rows = {
        "all of it: measures, FLAC for the store, loudness, FLAC and MP3": speed(everything, batch, cores),
        "a delivery from a folder to a folder, FLAC": timed(delivery(batch, "flac"), batch),
        "a delivery from a folder to a folder, MP3": timed(delivery(batch, "mp3"), batch),
    }
    for name, (wall, cpu) in rows.items():
        print(f"| {name} | {wall:.0f} | {cpu:.0f} |")
    if shutil.which("ffmpeg"):
        few = batch[: len(batch) // 4]
        mine, peer = (speed(work, few, cores)[0] for work in (lambda clip: delivered(clip, "mp3"), ffmpeg))
        print(f"| loudness and MP3 alone | {mine:.0f} | |\n| the same by ffmpeg | {peer:.0f} | |")
        print(f"\nratio to ffmpeg: {mine / peer:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    batch = clips(parser.parse_args().minutes)
    cores = os.cpu_count() or 1
    print(f"{len(batch)} clips, {seconds_of(batch) / 60:.1f} minutes; {cores} cores\n")
    print_stages(batch)
    print_totals(batch, cores)


if __name__ == "__main__":
    main()
