"""A run in a process of its own, which a test can kill, terminate, or cut off from its cluster.

Run as a program, this module is that process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from f5_pipeline.cluster import ray_cluster
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.storage.local import LocalStore
from tests.cluster.batch import Batch, worker_variables
from tests.cluster.engines import Watched


def start_driver(root: Path, cache: Path, seconds: float, address: str) -> subprocess.Popen[str]:
    """Speak the batch of ``root / "store"`` on a cluster, ``seconds`` for each line; it prints how that ended."""
    arguments = [sys.executable, "-m", "tests.cluster.driver", str(root), str(cache), str(seconds), address]
    environment = {**os.environ, **worker_variables(cache)}
    return subprocess.Popen(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=_ROOT
    )


_ROOT = Path(__file__).parents[2]


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _main(root: str, cache: str, seconds: str, address: str) -> None:
    signal.signal(signal.SIGTERM, _interrupt)  # as Dagster does
    ray_cluster.HEAD_SECONDS = 3.0
    batch = Batch(LocalStore(f"{root}/store"), Path(cache))
    try:
        load = Watched(Path(root) / "watched", float(seconds)).load
        report = batch.speak_on_ray(load, ray_address=address, ray_workers=1)
        print(report.counts["ok"], report.cached)
    except KeyboardInterrupt:
        print("interrupted")
    except F5PipelineError as error:
        print(type(error).__name__, "transient" if error.transient else "permanent", error)
    import ray

    print(ray.is_initialized())


if __name__ == "__main__":
    _main(*sys.argv[1:])
