"""Disk-space preflight: checks that everything to be written fits on its disk. Writes nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.errors import NotEnoughDisk

_HEADROOM, _HEADROOM_SHARE = 64_000_000, 0.05  # bytes, and a share of what is needed; the larger one counts


@dataclass(frozen=True)
class Need:
    """Something that will take disk space."""

    what: str  # for messages: "the wheel"
    folder: Path  # the destination; need not exist yet
    size: int  # bytes


@dataclass(frozen=True)
class DiskSpace:
    """One file system, the needs on it, and its free space."""

    folder: str  # the existing folder that was measured
    needs: tuple[Need, ...]
    needed: int  # bytes, with headroom
    available: int  # bytes, to this user

    @property
    def enough(self) -> bool:
        return self.needed <= self.available


def measure_disk_space(needs: Sequence[Need]) -> list[DiskSpace]:
    """The file systems that ``needs`` go to, each once. Needs of zero bytes are left out."""
    by_device: dict[int, list[Need]] = {}
    for need in needs:
        if need.size > 0:
            by_device.setdefault(existing_folder(need.folder).stat().st_dev, []).append(need)
    return [_measure(each) for each in by_device.values()]


def check_disk_space(needs: Sequence[Need], deletable: Sequence[Path] = ()) -> list[DiskSpace]:
    """``measure_disk_space``, if everything fits. ``deletable``: folders that the user may delete, such as caches.

    Raises:
        NotEnoughDisk: something does not fit; names it, the folder, the missing bytes, and what may be deleted.
    """
    spaces = measure_disk_space(needs)
    for space in spaces:
        if not space.enough:
            sizes = {need.what: need.size for need in space.needs}
            raise NotEnoughDisk(space.folder, sizes, space.needed, space.available, _sizes(space, deletable))
    return spaces


def _measure(needs: list[Need]) -> DiskSpace:
    folder, total = existing_folder(needs[0].folder), sum(need.size for need in needs)
    needed = total + int(max(_HEADROOM, total * _HEADROOM_SHARE))
    return DiskSpace(str(folder), tuple(needs), needed, shutil.disk_usage(folder).free)


def existing_folder(folder: Path) -> Path:
    """The folder, or the nearest parent that exists."""
    folder = folder.absolute()
    return next(each for each in (folder, *folder.parents) if each.exists())


def _sizes(space: DiskSpace, deletable: Sequence[Path]) -> dict[str, int]:
    """The sizes of the deletable folders on the same file system, empty ones left out."""
    device = Path(space.folder).stat().st_dev
    sizes = {str(folder): folder_bytes(folder) for folder in deletable if _device(folder) == device}
    return {folder: size for folder, size in sizes.items() if size}


def _device(folder: Path) -> int | None:
    return folder.stat().st_dev if folder.is_dir() else None


def folder_bytes(folder: Path) -> int:
    """The total size of all files under a folder; links are not followed."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # it was just removed
                total += Path(parent, name).lstat().st_size
    return total
