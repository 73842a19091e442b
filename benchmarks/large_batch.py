"""A large batch through ``f5-pipeline run``: seconds of each step, and memory.

    python benchmarks/large_batch.py short [--lines 2000]      short lines, spoken by the embedded model
    python benchmarks/large_batch.py cached [--lines 100000]   lines whose clips are in the store: noise, not speech

Both then run the same batch again: nothing is spoken and nothing is delivered. Prints the rows of a table.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from f5_pipeline.defs.instance.instance import using_instance
from f5_pipeline.demo.install import install
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance_file import save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.settings.environment import load_settings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.synthesis.batch import SynthesisContext, speak_batch
from f5_pipeline.synthesis.session import run_in_process

ROOT = Path(__file__).resolve().parent.parent
BATCH = "large"
WORDS = ("river", "lamp", "window", "garden", "bread", "winter", "letter", "horse", "music", "silver", "station")


def main() -> None:
    """Print the rows of a table."""
    options = _options()
    lines = options.lines or {"short": 2_000, "cached": 100_000}[options.what]
    with tempfile.TemporaryDirectory(prefix="large") as folder:
        os.environ |= {
            "DAGSTER_HOME": f"{folder}/dagster",
            "F5_STORE": f"{folder}/store",
            "F5_CACHE": f"{folder}/cache",
            "F5_RECOGNISER": "none",
            "PYTHONPATH": str(ROOT),
        }
        Path(folder, "dagster").mkdir()
        Path(folder, "dagster", "dagster.yaml").touch()  # else Dagster warns that there is none
        store = LocalStore(f"{folder}/store")
        install(store)
        store.write(f"manifests/{BATCH}.csv", _manifest(lines).encode())
        store.write(f"manifests/{BATCH}.toml", b"preset = 'fast'\nmax_attempts = 1\nformat = 'flac'\n")
        if options.what == "cached":
            _fill(store)
        print("| run | lines | s | s of a core | peak memory, MB | steps |\n|---|---:|---:|---:|---:|---|")
        _run(f"{options.what}, first", lines)
        _run("again", lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("short", "cached"))
    parser.add_argument("--lines", type=int)
    return parser.parse_args()


def _manifest(lines: int) -> str:
    """Lines of two words and the line's number in letters: a second of speech."""
    generator = random.Random(lines)
    letters = str.maketrans("0123456789", "abcdefghij")
    rows = (f"{' '.join(generator.choices(WORDS, k=2))} {str(n).translate(letters)}.,f2" for n in range(lines))
    return "text,voice\n" + "\n".join(rows) + "\n"


def _fill(store: LocalStore) -> None:
    """Store a clip of noise for each line."""
    from benchmarks.scale import load_nothing

    settings = load_settings()
    catalogue = load_catalogue(settings)
    save_utterances(store, BATCH, read_utterances(store, BATCH, settings, catalogue))
    speak_batch(BATCH, SynthesisContext(store, settings.cache, catalogue, load_nothing, execute=run_in_process))


def _run(name: str, lines: int) -> None:
    """Run the batch in a process of its own; print its row."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([sys.executable, "-m", "f5_pipeline.cli", "run", BATCH], check=True, capture_output=True)
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cores = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    steps = ", ".join(f"{step} {taken:.1f}" for step, taken in _steps() if taken >= 0.5)
    print(f"| {name} | {lines:,} | {seconds:.1f} | {cores:.1f} | {after.ru_maxrss / 1024:.0f} | {steps} |", flush=True)


def _steps() -> list[tuple[str, float]]:
    """The steps of the last run, with their seconds, the longest first."""
    with using_instance() as instance:
        (run,) = instance.get_runs(limit=1)
        stats = instance.get_run_step_stats(run.run_id)
        taken = [(each.step_key, (each.end_time or 0.0) - (each.start_time or 0.0)) for each in stats]
    return sorted(taken, key=lambda step: -step[1])


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
