"""Which file systems have reliable locks, and how the operating system's errors are explained."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from f5_pipeline.errors import FileUnusable
from f5_pipeline.storage import filesystem
from f5_pipeline.storage.filesystem import explain_os_error, is_network_filesystem, translate_os_errors

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
        ("/odd/x", True),  # unknown
    ],
)
def test_network_file_systems(folder: str, network: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [SimpleNamespace(mountpoint=point, fstype=kind) for point, kind in MOUNTS.items()]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: parts)
    monkeypatch.setattr(Path, "exists", lambda self: True)
    monkeypatch.setattr(os.path, "realpath", str)
    filesystem.filesystem_type.cache_clear()
    assert is_network_filesystem(Path(folder)) is network
    filesystem.filesystem_type.cache_clear()


def test_a_missing_folder_counts_as_its_parent(tmp_path: Path) -> None:
    assert is_network_filesystem(tmp_path / "not" / "yet") == is_network_filesystem(tmp_path)


@pytest.mark.parametrize(
    ("code", "explanation"),
    [
        (errno.ENOSPC, "the disk is full. Free some space"),
        (errno.EACCES, "permission denied. Give this user access"),
        (errno.EROFS, "read-only. Mount it writable"),
        (errno.ENAMETOOLONG, "too long. Use a folder"),
        (errno.ECHILD, "No child processes. Check the path"),
    ],
)
def test_os_errors_are_explained(code: int, explanation: str) -> None:
    assert explanation in " ".join(explain_os_error(OSError(code, os.strerror(code))))
    with pytest.raises(FileUnusable, match=f"/some/path: .*{explanation}"), translate_os_errors(Path("/some/path")):
        raise OSError(code, os.strerror(code))
