"""Run code as a user without permissions, also when the tests run as root."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_NOBODY = 65534


@contextmanager
def as_unprivileged_user() -> Iterator[None]:
    """Inside, a process of root has the permissions of the user ``nobody``; any other process is unchanged."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)
