"""File systems: the reliability of their locks, what they lack, and their errors in the user's words."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from f5_pipeline.errors import FileUnusable

#: File systems whose locks the kernel itself keeps. On any other (nfs, cifs, fuse…, 9p, lustre) locks are unreliable.
_LOCAL = {"apfs", "bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "hfs", "jfs", "ntfs", "overlay"}
_LOCAL |= {"msdos", "ramfs", "reiserfs", "squashfs", "tmpfs", "ufs", "vfat", "xfs", "zfs"}

_EXPLANATIONS = {
    errno.ENOSPC: ("the disk is full", "Free some space (f5-pipeline clean helps), or use another disk"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space, or ask for a larger quota"),
    errno.EFBIG: ("the file is larger than this process or file system allows", "Raise the limit (ulimit -f)"),
    errno.EACCES: ("permission denied", "Give this user access to it"),
    errno.EPERM: ("permission denied", "Give this user access to it"),
    errno.EROFS: ("the file system is read-only", "Mount it writable, or use another folder"),
    errno.EIO: ("the disk reports an input/output error", "Check the disk, or the network volume's server"),
    errno.ESTALE: ("the network volume lost this file", "Mount the volume again"),
    errno.ENOTCONN: ("the network volume is disconnected", "Mount the volume again"),
    errno.EMLINK: ("the file or folder has too many links", "Use another folder"),
    errno.ENOLCK: ("the file system has no locks", "Use another folder, or start the lock service of the volume"),
    errno.ENOSYS: ("the file system does not support this operation", "Use another folder"),
    errno.ENOTSUP: ("the file system does not support this operation", "Use another folder"),
    errno.EINVAL: ("the file system does not support this operation or name", "Use another folder"),
    errno.EILSEQ: ("the file system does not support this name", "Use another name or folder"),
    errno.ENOTDIR: ("a file is where a folder should be", "Move that file away"),
    errno.EEXIST: ("a file is where a folder should be", "Move that file away"),
    errno.EISDIR: ("a folder is where a file should be", "Move that folder away"),
    errno.ENAMETOOLONG: ("the path is too long", "Use a folder with a shorter path"),
    errno.ELOOP: ("its symbolic links form a loop", "Remove the links"),
    errno.EMFILE: ("this process has too many open files", "Raise the limit (ulimit -n)"),
    errno.ENFILE: ("the system has too many open files", "Close some programs"),
}


#: What FUSE, CIFS with nobrl, Azure files and NFS without lockd answer to an operation that they do not have.
UNSUPPORTED = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL, errno.ENOTTY}


def flush_to_disk(file: BinaryIO) -> None:
    """Make the operating system write a file to its disk, as far as the file system can.

    Raises:
        OSError: it fails: the disk is full, the quota is used up, …
    """
    file.flush()
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def explain_os_error(error: OSError) -> tuple[str, str]:
    """The reason and the fix for an error of the operating system, each a sentence without the path."""
    name = error.strerror or type(error).__name__
    reason, fix = _EXPLANATIONS.get(error.errno or 0, (name, "Check the path and its disk"))
    return f"{reason}.", f"{fix}."


@contextmanager
def translate_os_errors(path: Path) -> Iterator[None]:
    """Raise the operating system's errors about a local file, outside the store, as ``FileUnusable``."""
    try:
        yield
    except OSError as error:
        raise FileUnusable(str(path), *explain_os_error(error)) from error


def clock_of(folder: Path) -> float:
    """The time by the clock of a folder's file system, in seconds since the epoch. Writes a file for a moment.

    Modification times are those of the server of a network volume, whose clock may differ from this machine's.

    Raises:
        OSError: the folder cannot be written.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"x")
        file.flush()
        return os.fstat(file.fileno()).st_mtime


def is_network_filesystem(folder: Path) -> bool:
    """True if other machines may share the folder, or if its file system is unknown."""
    existing = folder.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    return filesystem_type(os.path.realpath(existing)) not in _LOCAL


@lru_cache(maxsize=256)
def filesystem_type(real_path: str) -> str:
    """The type of the file system of an existing path ("ext4", "nfs4"); "" if it is unknown."""
    import psutil  # slow to import, and rarely needed

    mounts = {part.mountpoint: part.fstype for part in psutil.disk_partitions(all=True)}
    path = Path(real_path)
    return next((mounts[str(folder)] for folder in (path, *path.parents) if str(folder) in mounts), "").lower()
