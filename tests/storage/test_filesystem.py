"""Which volumes keep locks, and what the system's errors mean."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from f5_pipeline.errors import FileUnusable
from f5_pipeline.storage import filesystem
from f5_pipeline.storage.filesystem import disk_trouble, is_network_volume, this_machines_file

MOUNTS = {"/": "ext4", "/data": "nfs4", "/data/fast": "xfs", "/bucket": "fuse.s3fs", "/share": "cifs", "/odd": "newfs"}


@pytest.mark.parametrize(
    ("folder", "network"),
    [
        ("/home/me", False),
        ("/data/team/store", True),
        ("/data/fast/store", False),
        ("/dataset", False),
        ("/bucket/x", True),
        ("/share", True),
        ("/odd/x", True),  # unknown: trust nothing
    ],
)
def test_network_volumes(folder: str, network: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [SimpleNamespace(mountpoint=point, fstype=kind) for point, kind in MOUNTS.items()]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: parts)
    monkeypatch.setattr(Path, "exists", lambda self: True)
    monkeypatch.setattr(os.path, "realpath", str)
    filesystem.file_system.cache_clear()
    assert is_network_volume(Path(folder)) is network
    filesystem.file_system.cache_clear()


def test_a_folder_that_is_yet_to_be_made(tmp_path: Path) -> None:
    assert is_network_volume(tmp_path / "not" / "yet") == is_network_volume(tmp_path)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (errno.ENOSPC, "the disk is full. Free some space"),
        (errno.EACCES, "permission denied. Give this user access"),
        (errno.EROFS, "read-only. Mount it writable"),
        (errno.ENAMETOOLONG, "too long. Use a folder"),
        (errno.ECHILD, "No child processes. Check the path"),
    ],
)
def test_errors_of_the_system_are_explained(code: int, says: str) -> None:
    assert says in " ".join(disk_trouble(OSError(code, os.strerror(code))))
    with pytest.raises(FileUnusable, match=f"/some/path: .*{says}"), this_machines_file(Path("/some/path")):
        raise OSError(code, os.strerror(code))
