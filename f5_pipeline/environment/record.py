"""What was found out about this machine's environment, kept so that it need not be found out again.

A record is a file of the cache, under a name made of all that was asked: the settings, the interpreter, the GPUs. It
holds as long as the installed files are those that it lists.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from f5_pipeline.environment.install import obstacle_to_installing
from f5_pipeline.environment.installed import InstalledFiles
from f5_pipeline.environment.platform import PlatformTags
from f5_pipeline.environment.wheels import load_table
from f5_pipeline.errors import FileUnusable
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.partial import atomic_write

_VERSION = 1  # bumped when the proof asks more than it did


@dataclass(frozen=True)
class EnvironmentReport:
    """What the check of the environment found and did."""

    attention: Literal["torch", "flash_attn"]
    reason: str  # "torch attention, because …" or "flash_attn 2.8.3: …"
    tags: PlatformTags
    installed: InstalledFiles  # what must stay as it is
    wheel: str | None = None  # the file's name, if it was installed from one here
    wheel_sha256: str | None = None
    kernel_error: float | None = None  # largest difference from torch's attention
    proof_seconds: float | None = None
    valid_until: float | None = None  # Unix time after which to look again; None: as long as nothing changes
    seconds: float = 0.0  # that this call took
    bytes_downloaded: int = 0  # by this call
    reused: bool = False  # nothing had changed since an earlier proof
    altered: tuple[str, ...] = ()  # what had, by somebody else's hand, so that this call proved it anew


def record_place(settings: Settings) -> Path:
    """Where the record for these settings, this interpreter and these GPUs is kept."""
    asked = {
        "version": _VERSION,
        "table": load_table(),
        "python": [sys.version, sys.prefix],
        "settings": settings.model_dump(include={"attention", "device", "precision", "wheels", "flash_attn"}),
        "gpus": list(_gpus()),
        "obstacle": obstacle_to_installing(),  # so that removing it (pip install einops) has an effect at once
        "visible": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }
    name = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]
    return settings.cache / "environment" / f"{name}.json"


def read_record(path: Path) -> EnvironmentReport | None:
    """A record; None: there is none, or none that this version wrote."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        tags, installed, _ = data.pop("tags"), data.pop("installed"), data.pop("altered")
        if tags["capability"] is not None:
            tags["capability"] = tuple(tags["capability"])
        return EnvironmentReport(**data, tags=PlatformTags(**tags), installed=InstalledFiles(**installed))
    return None


def write_record(path: Path, report: EnvironmentReport) -> None:
    """Keep a record. A cache that cannot be written costs the next run its time, nothing else."""
    with suppress(FileUnusable), translate_os_errors(path), atomic_write(path) as file:
        file.write(json.dumps(asdict(report), indent=1).encode())


def _gpus() -> Iterator[str]:
    """What the driver says of this machine's GPUs, without starting CUDA; nothing where there are none."""
    for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        with suppress(OSError):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            yield from (line for line in lines if line.startswith(("Model", "GPU UUID")))
    for device in (*sorted(Path("/dev").glob("nvidia[0-9]*")), Path("/dev/dxg")):
        if device.exists():
            yield str(device)
