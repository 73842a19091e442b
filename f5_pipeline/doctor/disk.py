"""DiskSpace on the disks, and whether the folders of this machine can be written."""

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
_LITTLE = 1  # byte: so that a disk is looked at even if nothing is to come


def see_rooms(cache: Path, store: str, missing: int, wheel: Wheel | None) -> list[DiskSpace]:
    """The disks of cache, store and temporary files, with what the first run still has to put there."""
    needs = [
        Need("weights still to come", cache, missing or _LITTLE),
        Need("temporary files", Path(tempfile.gettempdir()), _LITTLE),
    ]
    if wheel is not None:
        needs.append(Need("the flash_attn wheel", cache, wheel.wheel_bytes))
        needs.append(Need("flash_attn unpacked", site_packages(), wheel.unpacked_bytes))
    if not store.startswith("s3://"):
        needs.append(Need("clips", Path(store), _LITTLE))
    return measure_disk_space(needs)


def judge_rooms(rooms: Sequence[DiskSpace]) -> Finding:
    """One finding for all disks, the worst."""
    said = "; ".join(f"{_size(room.available)} free on the disk of {room.folder}" for room in rooms)
    short = [room for room in rooms if not room.enough]
    if short:
        wanted = "; ".join(
            f"{_size(room.needed)} needed on the disk of {room.folder} ({_listed(room)}), {_size(room.available)} free"
            for room in short
        )
        return fail("disk", f"{wanted}.", "Free some space (f5-pipeline clean helps), or set F5_CACHE to another disk.")
    if any(room.available < _LOW for room in rooms):
        return warn("disk", f"{said}.", "Free some space: f5-pipeline clean; F5_CACHE may be deleted as a whole.")
    return ok("disk", f"{said}.")


def _listed(room: DiskSpace) -> str:
    return ", ".join(f"{need.what} {_size(need.size)}" for need in room.needs if need.size > _LITTLE)


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def judge_folder(name: str, folder: Path, trouble: OSError | None, variable: str) -> Finding:
    """Whether a folder of this machine can be used. ``trouble``: what writing there raised."""
    if trouble is not None:
        reason, fix = explain_os_error(trouble)
        return fail(name, f"{folder} cannot be written: {reason}", f"{fix} Or name another folder in {variable}.")
    exists = "" if folder.exists() else " (it is made by the first use)"
    return ok(name, f"{folder} can be written{exists}.")


def see_writing(folder: Path) -> OSError | None:
    """What the system says to a nameless file in ``folder``, or, if it is not there yet, where it would be made."""
    try:
        with tempfile.TemporaryFile(dir=existing_folder(folder)) as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        return error
    return None
