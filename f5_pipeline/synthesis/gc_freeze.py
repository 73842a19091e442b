"""Millions of objects that stay, and a garbage collector that looks through all of them again and again.

A batch of a million lines is some ten million objects without a cycle among them. Looking for cycles there takes a
third of the time in which they are made.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """Nothing is collected in the block; what is there at its end is left alone until ``gc_unfrozen`` ends."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


@contextmanager
def gc_unfrozen() -> Iterator[None]:
    """What was made to stay in the block is the collector's again after it."""
    try:
        yield
    finally:
        gc.unfreeze()
