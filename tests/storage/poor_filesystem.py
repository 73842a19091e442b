"""Runs commands of f5-pipeline on a simulated file system that lacks what network volumes lack.

``python -m tests.storage.poor_filesystem ERRNO TYPE COMMAND [; COMMAND]…`` replaces the system calls of this process,
not functions of the product: locks, hard links, flushing and times all answer ERRNO. TYPE is the type of every file
system ("fuse.mfs" is a network volume, "ext4" a local disk).
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import sys
from typing import NoReturn

import psutil

CALLS = ((fcntl, "flock"), (os, "link"), (os, "fsync"), (os, "utime"))


def main(code: str, kind: str, *arguments: str) -> int:
    number = getattr(errno, code)

    def unsupported(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    for module, name in CALLS:
        setattr(module, name, unsupported)
    mounts = [type("Mount", (), {"mountpoint": "/", "fstype": kind})]
    psutil.disk_partitions = lambda all=False: mounts  # type: ignore[assignment]
    from f5_pipeline.cli.main import main as f5_pipeline

    for is_command, words in itertools.groupby(arguments, lambda word: word != ";"):
        if is_command:
            command = [*words]
            print(f"$ {' '.join(command)}", flush=True)
            if status := f5_pipeline(command):
                return status
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
