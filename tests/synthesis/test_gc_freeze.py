"""The garbage collector is left as it was found, whatever happens in between."""

from __future__ import annotations

import gc

import pytest

from f5_pipeline.synthesis.gc_freeze import gc_paused, gc_unfrozen


def test_what_is_made_to_stay_is_left_alone_until_the_end() -> None:
    with gc_unfrozen():
        with gc_paused():
            assert not gc.isenabled()
            many = [[number] for number in range(10_000)]
        assert gc.isenabled()
        assert gc.get_freeze_count() >= len(many)
    assert gc.get_freeze_count() == 0


def test_an_error_leaves_it_on() -> None:
    with pytest.raises(ZeroDivisionError), gc_unfrozen(), gc_paused():
        _ = 1 / 0
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_who_had_it_off_has_it_off() -> None:
    gc.disable()
    try:
        with gc_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
