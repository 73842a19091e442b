"""Whether what is about to be written fits on the disks, before the first byte is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.errors import NotEnoughDisk

_HEAD_ROOM, _HEAD_ROOM_SHARE = 64_000_000, 0.05  # bytes, of what is needed; the larger counts


@dataclass(frozen=True)
class Need:
    """Something that will take up room."""

    what: str  # for messages: "the wheel"
    folder: Path  # where it goes; need not exist yet
    size: int  # bytes


@dataclass(frozen=True)
class Room:
    """One file system, what is to go there, and what it has."""

    folder: str  # the existing folder that was looked at
    needs: tuple[Need, ...]
    needed: int  # bytes, with head-room
    available: int  # bytes that this user may use

    @property
    def enough(self) -> bool:
        return self.needed <= self.available


def measure_disk_space(needs: Sequence[Need]) -> list[Room]:
    """The file systems that ``needs`` go to, each once; needs of nothing are left out."""
    volumes: dict[int, list[Need]] = {}
    for need in needs:
        if need.size > 0:
            volumes.setdefault(existing_folder(need.folder).stat().st_dev, []).append(need)
    return [_room(each) for each in volumes.values()]


def check_disk_space(needs: Sequence[Need], deletable: Sequence[Path] = ()) -> list[Room]:
    """The same, if everything fits. ``deletable`` are folders that the user may do without, such as caches.

    Raises:
        NotEnoughDisk: something does not fit; says what, where, how much is missing, and what may be deleted.
    """
    rooms = measure_disk_space(needs)
    for room in rooms:
        if not room.enough:
            listed = {need.what: need.size for need in room.needs}
            raise NotEnoughDisk(room.folder, listed, room.needed, room.available, _sizes(room, deletable))
    return rooms


def _room(needs: list[Need]) -> Room:
    folder, total = existing_folder(needs[0].folder), sum(need.size for need in needs)
    needed = total + int(max(_HEAD_ROOM, total * _HEAD_ROOM_SHARE))
    return Room(str(folder), tuple(needs), needed, shutil.disk_usage(folder).free)


def existing_folder(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    return next(each for each in (folder, *folder.parents) if each.exists())


def _sizes(room: Room, deletable: Sequence[Path]) -> dict[str, int]:
    """The sizes of those folders that are on the same file system."""
    device = Path(room.folder).stat().st_dev
    sizes = {str(folder): folder_bytes(folder) for folder in deletable if _device(folder) == device}
    return {folder: size for folder, size in sizes.items() if size}


def _device(folder: Path) -> int | None:
    return folder.stat().st_dev if folder.is_dir() else None


def folder_bytes(folder: Path) -> int:
    """The sizes of all files under a folder, links not followed."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # it was removed, just now
                total += Path(parent, name).lstat().st_size
    return total
