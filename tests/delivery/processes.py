"""Deliveries in processes of their own, which may be killed or run into limits. Also run as a module by the tests."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import soundfile

from f5_pipeline.delivery.deliver import DeliveryReport
from f5_pipeline.errors import FileUnusable
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.storage.local import LocalStore
from tests.delivery.batch import RATE, Batch

LINES = 12
SETTINGS = BatchSettings(format="flac", join_sections=True, audiobook=True, subtitles="srt")


def deliver(root: Path, **settings: Any) -> DeliveryReport:
    """Deliver the same twelve lines every time, from a store that has their clips or gets them."""
    sample = files("f5_pipeline") / "demo" / "voices" / "m3.wav"
    speech = soundfile.read(str(sample), dtype="float32")[0]
    batch = Batch(LocalStore(root), {"m3": speech})
    for number in range(LINES - len(batch.rows)):
        batch.add(f"more-{number:02}", "ok", speech[: RATE // 2 + number * 1_000])
    batch.settings = SETTINGS.model_copy(update=settings)
    return batch.deliver()


def deliver_until_killed(root: Path, step: int) -> None:
    """Deliver, and kill this process when the ``step``-th file is written but not yet renamed."""
    fsync, count = os.fsync, 0

    def killing_fsync(descriptor: int) -> None:
        nonlocal count
        if "/batches/" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)
        fsync(descriptor)

    os.fsync = killing_fsync
    deliver(root)


def deliver_with_full_disk(root: Path) -> None:
    """Deliver as if the disk were full when a file has 150 KB; prints the error."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
    try:
        deliver(root, format="wav", audiobook=False)
    except FileUnusable as error:
        print(error)


def start(call: str, scratch: Path) -> subprocess.Popen[str]:
    """Start ``call``, a call of this module, in a process with its own temporary folder."""
    scratch.mkdir(exist_ok=True)
    code = (
        f"import sys; sys.path.insert(0, ''); from pathlib import Path; from tests.delivery.processes import *; {call}"
    )
    command = [sys.executable, "-c", code]
    pipes, environment = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}, {**os.environ, "TMPDIR": str(scratch)}
    return subprocess.Popen(command, **pipes, text=True, env=environment)  # type: ignore[call-overload]
