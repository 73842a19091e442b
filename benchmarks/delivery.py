"""Speed of measuring and delivering clips: seconds of audio per second of one core, and per second of wall time.

    python benchmarks/delivery.py
    python benchmarks/delivery.py --minutes 20

Times each stage in seconds of one core, independent of other load; then all stages after synthesis (measures,
verdict, FLAC for the store, trimming, loudness, FLAC and MP3 for the user) on all cores, and complete deliveries from
a folder to a folder. The clips are the demo's recordings, cut to 1 … 3 s. Compares with ffmpeg (``loudnorm`` and
libmp3lame, one process per clip, as scripts use it), if it is installed.
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
from f5_pipeline.audio.loudness import Loudness, normalise_loudness
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
    """Clips of 1 … 3 seconds, ``minutes`` in total."""
    folder = files("f5_pipeline.demo") / "voices"
    voices = [soundfile.read(str(folder / f"{name}.wav"), dtype="float32")[0] for name in ("m3", "m1", "f2", "f5")]
    random, found, total = np.random.default_rng(1), [], 0
    while total < minutes * 60 * RATE:
        voice = voices[len(found) % len(voices)]
        clip = voice[: int(random.uniform(1, min(3, voice.size / RATE)) * RATE)]
        found.append(clip * np.float32(random.uniform(0.3, 1.0)))
        total += clip.size
    return found


def measure_clip(clip: Samples) -> None:
    weigh(columns(measure(clip, RATE, clip.size / RATE, "a line of some words")), Thresholds())


def store_clip(clip: Samples) -> None:
    flac.encode("0" * 64, clip, {})


def trim_and_normalise(clip: Samples) -> Samples:
    return normalise_loudness(trim_silence(clip, RATE, TrimSettings()).samples, RATE, LOUDNESS)


def deliver_clip(clip: Samples, *formats: str) -> None:
    processed = trim_and_normalise(clip)
    for format in formats:
        encode(processed, RATE, Encoding(format))
    waveform(processed)


def all_stages(clip: Samples) -> None:
    measure_clip(clip)
    store_clip(clip)
    deliver_clip(clip, "flac", "mp3")


def delivery(batch: Sequence[Samples], format: Literal["flac", "mp3"]) -> Callable[[], object]:
    """Puts a batch of clips into a store; returns a function that delivers the batch from scratch."""
    folder = tempfile.TemporaryDirectory(prefix="f5-benchmark-")
    store, rows = LocalStore(folder.name), []
    for number, clip in enumerate(batch):
        key = hashlib.sha256(str(number).encode()).hexdigest()
        ClipStore(store).save(key, clip, {})
        rows.append(IndexRow(f"{number:05}", "a line of some words", key=key, status="ok"))

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
    """Audio seconds per wall second, and per second of one core, with ``threads`` threads."""

    def run_all() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, batch))

    return timed(run_all, batch)


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
    print(f"| measures and verdict | {core_speed(measure_clip, batch):.0f} |")
    print(f"| FLAC for the store | {core_speed(store_clip, batch):.0f} |")
    print(f"| trimming and loudness | {core_speed(trim_and_normalise, batch):.0f} |")
    for format in ("wav", "flac", "mp3", "opus", "ogg", "m4a"):
        rate = core_speed(lambda clip, format=format: deliver_clip(clip, format), batch)  # type: ignore[misc]
        print(f"| trimming, loudness, {format}, waveform | {rate:.0f} |")


def print_totals(batch: Sequence[Samples], cores: int) -> None:
    print(f"\n| {cores} cores | audio s per wall s | audio s per core s |\n|---|---:|---:|")
    rows = {
        "all stages: measures, FLAC for the store, loudness, FLAC and MP3": speed(all_stages, batch, cores),
        "a delivery from a folder to a folder, FLAC": timed(delivery(batch, "flac"), batch),
        "a delivery from a folder to a folder, MP3": timed(delivery(batch, "mp3"), batch),
    }
    for name, (wall, cpu) in rows.items():
        print(f"| {name} | {wall:.0f} | {cpu:.0f} |")
    if shutil.which("ffmpeg"):
        few = batch[: len(batch) // 4]
        ours, ffmpegs = (speed(work, few, cores)[0] for work in (lambda clip: deliver_clip(clip, "mp3"), ffmpeg))
        print(f"| loudness and MP3 alone | {ours:.0f} | |\n| the same by ffmpeg | {ffmpegs:.0f} | |")
        print(f"\nratio to ffmpeg: {ours / ffmpegs:.1f}")


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
