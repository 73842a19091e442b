"""Free disk space, and folders that can be written."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from f5_pipeline.doctor.finding import Finding, fail, ok, warn
from f5_pipeline.environment.installed import site_packages
from f5_pipeline.environment.wheels import Wheel
from f5_pipeline.storage.disk_space import DiskSpace, Need, existing_folder, measure_disk_space
from f5_pipeline.storage.filesystem import explain_os_error

_LOW = 2_000_000_000  # bytes; a thousand clips are about 200 MB, and a run has temporary files
_NOTHING = 1  # byte: includes a disk in the measurement although nothing large will be written to it


def probe_disks(cache: Path, store: str, missing: int, wheel: Wheel | None) -> list[DiskSpace]:
    """The disks of the cache, the store and temporary files, with what the first run will write to each.

    Args:
        cache: this machine's cache folder.
        store: the store's folder or URL.
        missing: bytes of weights to download.
        wheel: the flash_attn wheel to install, if any.
    """
    needs = [
        Need("weights to download", cache, missing or _NOTHING),
        Need("temporary files", Path(tempfile.gettempdir()), _NOTHING),
    ]
    if wheel is not None:
        needs.append(Need("the flash_attn wheel", cache, wheel.wheel_bytes))
        needs.append(Need("flash_attn unpacked", site_packages(), wheel.unpacked_bytes))
    if not store.startswith("s3://"):
        needs.append(Need("clips", Path(store), _NOTHING))
    return measure_disk_space(needs)


def check_disks(disks: Sequence[DiskSpace]) -> Finding:
    """One finding for all disks: that of the worst."""
    free = "; ".join(f"{_gigabytes(disk.available)} free on the disk of {disk.folder}" for disk in disks)
    full = [disk for disk in disks if not disk.enough]
    if full:
        found = "; ".join(
            f"{_gigabytes(disk.needed)} needed on the disk of {disk.folder} ({_listed(disk)}), "
            f"{_gigabytes(disk.available)} free"
            for disk in full
        )
        return fail("disk", f"{found}.", "Free some space (f5-pipeline clean helps), or set F5_CACHE to another disk.")
    if any(disk.available < _LOW for disk in disks):
        return warn("disk", f"{free}.", "Free some space with f5-pipeline clean, or delete the folder F5_CACHE.")
    return ok("disk", f"{free}.")


def _listed(disk: DiskSpace) -> str:
    return ", ".join(f"{need.what} {_gigabytes(need.size)}" for need in disk.needs if need.size > _NOTHING)


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def probe_write(folder: Path) -> OSError | None:
    """The error of writing an unnamed file to ``folder``, or to its nearest parent that exists; None if it works."""
    try:
        with tempfile.TemporaryFile(dir=existing_folder(folder)) as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        return error
    return None


def check_folder(name: str, folder: Path, error: OSError | None, variable: str) -> Finding:
    """A folder of this machine that must be writable. ``error``: from ``probe_write``; ``variable``: its setting."""
    if error is not None:
        reason, fix = explain_os_error(error)
        return fail(name, f"{folder} cannot be written: {reason}", f"{fix} Or name another folder in {variable}.")
    missing = "" if folder.exists() else " (the first use creates it)"
    return ok(name, f"{folder} can be written{missing}.")
