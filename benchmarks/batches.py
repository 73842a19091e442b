"""What a batch costs beside its speech: many small batches, in a run each and together.

    python benchmarks/batches.py [--batches 200] [--lines 5] [--alone 10] [--per-run 20]

Each run is a process of its own, ``dagster job execute``, as the daemon starts one: it imports the packages, verifies
the environment, loads the embedded model, speaks its batches (preset fast, one take) and delivers them. Every line has
its own text, so nothing is taken from the store. Prints rows of a table: batches, seconds, seconds of a core, and
seconds of audio, of each batch.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.defs.instance.instance import using_instance
from f5_pipeline.defs.partitions import batches
from f5_pipeline.demo.install import install
from f5_pipeline.results.index import read_index
from f5_pipeline.storage.local import LocalStore

_PLACES = ("river", "harbour", "garden", "mountain", "station", "market", "library", "valley", "island", "bridge")


def main() -> None:
    """Print the rows of a table."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DAGSTER_HOME": f"{folder}/dagster",
            "F5_STORE": f"{folder}/store",
            "F5_CACHE": f"{folder}/cache",
        }
        store = LocalStore(f"{folder}/store")
        Path(folder, "dagster").mkdir()
        install(store)
        alone = [f"alone{number:04}" for number in range(options.alone)]
        together = [f"together{number:04}" for number in range(options.batches)]
        for number, batch in enumerate((*alone, *together)):
            store.write(f"manifests/{batch}.csv", _manifest(number, options.lines).encode())
            store.write(f"manifests/{batch}.toml", b"preset = 'fast'\nmax_attempts = 1\n")
        with using_instance() as instance:
            instance.add_dynamic_partitions(str(batches.name), [*alone, *together])
        _execute(alone[:1])  # verifies the environment and the voices, once for each machine
        _print(f"{options.per_run} in a run", _measure(store, together, options.per_run))
        _print("a run for each", _measure(store, alone[1:], 1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--lines", type=int, default=5, help="of a batch")
    parser.add_argument("--alone", type=int, default=11, help="batches with a run each; the first is not counted")
    parser.add_argument("--per-run", type=int, default=20)
    return parser.parse_args()


def _manifest(number: int, lines: int) -> str:
    rows = (f"Letter {number}, {_PLACES[line % len(_PLACES)]}." for line in range(lines))
    return "text,voice\n" + "".join(f'"{row}",f2\n' for row in rows)


@dataclass(frozen=True)
class _Costs:
    """Averages of a batch, in seconds."""

    batches: int
    wall: float
    processor: float  # of all cores together; independent of other load
    audio: float  # of the speech


def _measure(store: LocalStore, names: list[str], size: int) -> _Costs:
    started, processor = time.monotonic(), _processor_seconds()
    for start in range(0, len(names), size):
        _execute(names[start : start + size])
        done = min(start + size, len(names))
        print(f"{done} batches: {_processor_seconds() - processor:.0f} s of a core", file=sys.stderr, flush=True)
    wall, processor = time.monotonic() - started, _processor_seconds() - processor
    rows = [row for batch in names for row in read_index(store, batch) or []]
    if not all(row.key for row in rows):
        raise SystemExit("a line was not spoken")
    audio = sum(row.audio_seconds or 0 for row in rows)
    return _Costs(len(names), *(seconds / len(names) for seconds in (wall, processor, audio)))


def _processor_seconds() -> float:
    """Of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _execute(names: list[str]) -> None:
    """Run the job for one batch, or for a range of them."""
    span = {"dagster/asset_partition_range_start": names[0], "dagster/asset_partition_range_end": names[-1]}
    tags = span if len(names) > 1 else {"dagster/partition": names[0]}
    command = ["-m", "dagster", "job", "execute", "-m", "f5_pipeline.definitions", "-j", "speech_batch"]
    result = subprocess.run([sys.executable, *command, "--tags", json.dumps(tags)], check=False, capture_output=True)
    if result.returncode:
        raise SystemExit(result.stderr.decode(errors="replace")[-3000:])


def _print(name: str, costs: _Costs) -> None:
    print(
        f"| {name} | {costs.batches} | {costs.wall:.2f} | {costs.processor:.2f} | {costs.audio:.1f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
