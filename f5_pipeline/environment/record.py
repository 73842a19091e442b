"""Records of proven environments in the cache, so that a proof is not repeated.

The name of a record is a hash of everything the proof depends on: settings, interpreter, GPUs. The record holds as long
as the installed files are the ones that it lists.
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

from f5_pipeline.display.secrets import public_address
from f5_pipeline.environment.install import obstacle_to_installing
from f5_pipeline.environment.installed import InstalledFiles
from f5_pipeline.environment.platform import PlatformTags
from f5_pipeline.environment.wheel_table import load_table
from f5_pipeline.errors import FileUnusable
from f5_pipeline.settings.environment import Settings, address_of
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.partial import atomic_write

_VERSION = 1  # raise it when the proof checks more


@dataclass(frozen=True)
class EnvironmentReport:
    """The result of the environment check."""

    attention: Literal["torch", "flash_attn"]
    reason: str  # "torch attention, because …" or "flash_attn 2.8.3: …"
    tags: PlatformTags
    installed: InstalledFiles  # the record holds while these are unchanged
    wheel: str | None = None  # the name of the wheel, if this pipeline installed it
    wheel_sha256: str | None = None
    kernel_error: float | None = None  # largest difference from torch's attention
    proof_seconds: float | None = None
    valid_until: float | None = None  # Unix time of expiry; None: until something changes
    seconds: float = 0.0  # duration of this call
    bytes_downloaded: int = 0  # by this call
    reused: bool = False  # an earlier proof still held
    altered: tuple[str, ...] = ()  # external changes, which made this call prove it again


def record_path(settings: Settings) -> Path:
    """The path of the record for these settings, this interpreter and these GPUs."""
    inputs = {
        "version": _VERSION,
        "table": load_table(),
        "python": [sys.version, sys.prefix],
        "settings": settings.model_dump(include={"attention", "device", "precision"}),
        "sources": [public_address(address_of(each) or "") for each in (settings.wheels, settings.flash_attn)],
        "gpus": list(_gpus()),
        "obstacle": obstacle_to_installing(),  # so that removing it (pip install einops) takes effect at once
        "visible": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }
    name = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:32]
    return settings.cache / "environment" / f"{name}.json"


def read_record(path: Path) -> EnvironmentReport | None:
    """Read a record; None if there is none, or if another version wrote it."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        tags, installed, _ = data.pop("tags"), data.pop("installed"), data.pop("altered")
        if tags["capability"] is not None:
            tags["capability"] = tuple(tags["capability"])
        return EnvironmentReport(**data, tags=PlatformTags(**tags), installed=InstalledFiles(**installed))
    return None


def write_record(path: Path, report: EnvironmentReport) -> None:
    """Write a record. If the cache is read-only, the next run repeats the proof."""
    with suppress(FileUnusable), translate_os_errors(path), atomic_write(path) as file:
        file.write(json.dumps(asdict(report), indent=1).encode())


def _gpus() -> Iterator[str]:
    """The driver's identification of this machine's GPUs, without initialising CUDA."""
    for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        with suppress(OSError):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            yield from (line for line in lines if line.startswith(("Model", "GPU UUID")))
    for device in (*sorted(Path("/dev").glob("nvidia[0-9]*")), Path("/dev/dxg")):
        if device.exists():
            yield str(device)
