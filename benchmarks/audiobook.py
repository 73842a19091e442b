"""Memory and time to deliver a long audiobook.

    python benchmarks/audiobook.py             # 10 hours, 60 chapters: a quarter of an hour on two cores
    python benchmarks/audiobook.py --hours 1

The clips are the demo's recordings, joined to 20 s, each at a different level. The delivery runs in its own process,
which reports its peak memory; ffprobe counts the chapters, if it is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import soundfile

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.delivery.deliver import deliver_batch
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.models.spec import Sampling
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.storage.local import LocalStore

CLIP_SECONDS = 20


def save_clips(store: LocalStore, count: int) -> None:
    """Store ``count`` clips."""
    folder = files("f5_pipeline.demo") / "voices"
    voices = [soundfile.read(str(folder / f"{name}.wav"), dtype="float32")[0] for name in ("m3", "f2")]
    speech = np.resize(np.concatenate(voices), CLIP_SECONDS * SAMPLE_RATE)
    for number in range(count):
        ClipStore(store).save(key_of(number), speech * np.float32(0.4 + 0.6 * number / count), {})


def key_of(number: int) -> str:
    return hashlib.sha256(f"clip {number}".encode()).hexdigest()


def deliver(store: LocalStore, count: int, chapters: int) -> None:
    """Deliver the book; prints time and memory as JSON."""
    rows = [
        IndexRow(f"{n:06}", f"Line {n}.", key=key_of(n), status="ok", audio_seconds=CLIP_SECONDS) for n in range(count)
    ]
    sampling = Sampling(16, 2.0, -1.0, 1.0, 0.15)
    lines = [
        Utterance(row.id, n, row.text, row.text, "anna", "demo", "en", sampling, section=f"{n * chapters // count:03}")
        for n, row in enumerate(rows)
    ]
    started = time.perf_counter()
    settings = BatchSettings(format="flac", audiobook=True, title="A long book")
    report = deliver_batch(store, "book", settings, rows, lines)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    usage_report = {
        "path": store.location(report.audiobook),
        "wall": time.perf_counter() - started,
        "cpu": usage.ru_utime + usage.ru_stime,
        "megabytes": usage.ru_maxrss / 1024,
    }
    print(json.dumps(usage_report))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--chapters", type=int, default=60)
    parser.add_argument("--deliver", metavar="STORE", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    count = round(arguments.hours * 3600 / CLIP_SECONDS)
    if arguments.deliver:
        return deliver(LocalStore(arguments.deliver), count, arguments.chapters)
    with tempfile.TemporaryDirectory(prefix="f5-audiobook-") as folder:
        save_clips(LocalStore(folder), count)
        command = [sys.executable, __file__, "--deliver", folder, "--hours", str(arguments.hours)]
        command += ["--chapters", str(arguments.chapters)]
        report = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        print(f"{arguments.hours:g} hours in {count} clips, delivered as FLAC and as an audiobook")
        print("\n| wall s | core s | peak memory, MB | book, MB | chapters |\n|---:|---:|---:|---:|---:|")
        book = Path(report["path"])
        size, chapters = book.stat().st_size / 1e6, count_chapters(book)
        print(f"| {report['wall']:.0f} | {report['cpu']:.0f} | {report['megabytes']:.0f} | {size:.0f} | {chapters} |")


def count_chapters(book: Path) -> str:
    """The number of chapters by ffprobe; "?" if it is not installed."""
    if shutil.which("ffprobe") is None:
        return "?"
    command = ["ffprobe", "-v", "error", "-show_chapters", "-of", "json", str(book)]
    return str(len(json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["chapters"]))


if __name__ == "__main__":
    main()
