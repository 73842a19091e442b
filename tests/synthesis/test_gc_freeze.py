"""Python's garbage collector is paused and frozen inside the blocks, and in its original state after them."""

from __future__ import annotations

import gc

import pytest

from f5_pipeline.synthesis.gc_freeze import gc_paused, gc_unfrozen


def test_objects_made_while_paused_are_frozen_until_the_end() -> None:
    with gc_unfrozen():
        with gc_paused():
            assert not gc.isenabled()
            objects = [[number] for number in range(10_000)]
        assert gc.isenabled()
        assert gc.get_freeze_count() >= len(objects)
    assert gc.get_freeze_count() == 0


def test_an_error_enables_and_unfreezes_the_collector() -> None:
    with pytest.raises(ZeroDivisionError), gc_unfrozen(), gc_paused():
        _ = 1 / 0
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_a_disabled_collector_stays_disabled() -> None:
    gc.disable()
    try:
        with gc_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
