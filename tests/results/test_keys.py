"""Clip keys and derived seeds: equal parts give equal keys, and each part changes the key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from f5_pipeline.results.keys import ClipParts, clip_key, derive_seed

SAMPLING = {"nfe_step": 7, "cfg_strength": 2.0, "sway_sampling_coef": -1.0, "speed": 1.0}
PARTS = ClipParts("hello there", "a" * 64, "b" * 64, SAMPLING, "1")


def test_keys_and_seeds_are_stable_across_releases() -> None:
    """A change orphans every clip of every user: only on purpose, with a new engine version."""
    assert clip_key(PARTS) == "92f90f1627e9eb60e73d30728661f39c43e09f44b032ac8bd64da928076a096f"
    assert derive_seed(PARTS) == 449468290


@pytest.mark.parametrize(
    "other",
    [
        replace(PARTS, spoken_text="hello there."),
        replace(PARTS, voice_fingerprint="c" * 64),
        replace(PARTS, model_fingerprint="c" * 64),
        replace(PARTS, engine_version="2"),
        replace(PARTS, attempt=2),
        replace(PARTS, seed=1),
        replace(PARTS, sampling={**SAMPLING, "speed": 1.1}),
        replace(PARTS, sampling={**SAMPLING, "sway_sampling_coef": None}),
        replace(PARTS, sampling={**SAMPLING, "new": 1}),
    ],
)
def test_each_part_changes_the_key(other: ClipParts) -> None:
    assert clip_key(other) != clip_key(PARTS)


def test_number_types_and_order_do_not_change_the_key() -> None:
    sampling = {name: SAMPLING[name] for name in reversed(SAMPLING)} | {"cfg_strength": 2, "speed": 1}
    assert clip_key(replace(PARTS, sampling=sampling)) == clip_key(PARTS)


def test_each_attempt_has_its_own_derived_seed() -> None:
    assert derive_seed(PARTS) == derive_seed(replace(PARTS))
    seeds = {derive_seed(replace(PARTS, attempt=attempt)) for attempt in range(1, 100)}
    assert len(seeds) == 99
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_the_seed_of_the_user_is_used_for_the_first_attempt_and_shapes_the_later_ones() -> None:
    assert derive_seed(replace(PARTS, seed=42)) == 42
    second = derive_seed(replace(PARTS, seed=42, attempt=2))
    assert second not in (42, derive_seed(replace(PARTS, seed=43, attempt=2)))


def test_an_explicit_seed_equal_to_the_derived_one_gives_the_same_key() -> None:
    assert clip_key(replace(PARTS, seed=derive_seed(PARTS))) == clip_key(PARTS)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), object()])
def test_settings_must_be_text_or_finite_numbers(bad: object) -> None:
    with pytest.raises(ValueError, match=r"clip key|JSON compliant"):
        clip_key(replace(PARTS, sampling={"speed": bad}))  # type: ignore[dict-item]
