"""Leases: which clips they protect, how long they exist, and when they are stale."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.results.leases import hold_lease, is_stale, leased_keys
from f5_pipeline.storage.layout import batch_of_object, is_lease
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectInfo
from tests.results.batch import key_of

KEYS = [key_of(f"line {number}") for number in range(2_001)]


def leases(store: LocalStore) -> list[str]:
    return [info.key for info in store.list() if is_lease(info.key)]


def protected(store: LocalStore) -> set[str]:
    """The clip keys in all leases of a store."""
    return {key.hex() for name in leases(store) for key in leased_keys(store.read(name))}


@pytest.mark.parametrize("count", [0, 1, 999, 1_000, 2_001])
def test_a_lease_holds_all_keys_until_the_block_ends(store: LocalStore, count: int) -> None:
    with hold_lease(store, "demo", iter(KEYS[:count])) as lease:
        assert leases(store) == [lease.name]
        assert batch_of_object(lease.name) == "demo"
        assert len(store.read(lease.name)) == 32 * count
        assert protected(store) == set(KEYS[:count])
    assert list(store.list()) == []


def test_extensions_protect_further_keys_until_the_lease_ends(store: LocalStore) -> None:
    with hold_lease(store, "demo", KEYS[:1]) as lease:
        lease.extend(KEYS[1:2])
        lease.extend(KEYS[2:4])
        assert len(leases(store)) == 3
        assert {batch_of_object(name) for name in leases(store)} == {"demo"}
        assert protected(store) == set(KEYS[:4])
    assert list(store.list()) == []


def test_each_run_of_a_batch_has_its_own_lease(store: LocalStore) -> None:
    with hold_lease(store, "demo", KEYS[:1]) as first:
        first.extend(KEYS[1:2])
        with hold_lease(store, "demo", KEYS[2:3]) as second:
            second.extend(KEYS[3:4])
            assert protected(store) == set(KEYS[:4])
        assert protected(store) == set(KEYS[:2])
    assert leases(store) == []


def test_a_failed_block_keeps_its_lease_and_extensions_until_they_are_cleaned(
    store: LocalStore, tmp_path: Path
) -> None:
    with contextlib.suppress(KeyboardInterrupt), hold_lease(store, "demo", KEYS[:1], tmp_path / "cache") as lease:
        lease.extend(KEYS[1:2])
        raise KeyboardInterrupt
    assert protected(store) == set(KEYS[:2])
    clean(store, [tmp_path / "cache"])
    assert leases(store) == []


@pytest.mark.parametrize("key", ["not hexadecimal", "abc"])
def test_an_invalid_key_is_refused(store: LocalStore, key: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"), hold_lease(store, "demo", [key]):
        pass
    assert leases(store) == []


@pytest.mark.parametrize(
    ("age_days", "index_age_days", "stale"),
    [
        (0.0, None, False),
        (30.0, None, False),  # a crashed run that was not repeated
        (30.0, 31.0, False),  # the index is older than the lease
        (6.9, 0.0, False),  # the run may be alive: it began before the run that wrote the index
        (7.1, 0.0, True),
        (7.1, 7.0, True),
    ],
)
def test_a_lease_is_stale_after_a_week_if_its_batch_has_finished_since(
    age_days: float, index_age_days: float | None, stale: bool
) -> None:
    def aged(days: float) -> ObjectInfo:
        return ObjectInfo("key", 1, "etag", datetime.now(timezone.utc) - timedelta(days=days))

    index = None if index_age_days is None else aged(index_age_days)
    assert is_stale(aged(age_days), index) is stale
