"""Verification finds clips whose bytes changed without any other sign, and marks their batches for a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from f5_pipeline.errors import BatchMissing, IndexDamaged, NotSpokenYet
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.provenance import read_provenance, record_spoken
from f5_pipeline.results.verification import verify_clips
from f5_pipeline.storage.layout import clip_object, manifest_object, parquet_object
from f5_pipeline.storage.local import LocalStore
from tests.results.batch import contents, key_of, run_batch


def flip(store: LocalStore, key: str, position: int = -200) -> None:
    """Change one bit of a clip, as a failing disk does: size, time and inode stay."""
    path = Path(store.location(clip_object(key)))
    status, data = path.stat(), bytearray(path.read_bytes())
    data[position] ^= 1
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.fixture
def spoken(store: LocalStore) -> LocalStore:
    """Two batches that share a line."""
    for batch, lines in {"demo": ["one", "two"], "other": ["two", "three"]}.items():
        store.write(manifest_object(batch, "csv"), b"text\n")
        run_batch(store, batch, lines)
        record_spoken(store, batch, {}, 0)
    return store


def test_an_intact_store(spoken: LocalStore) -> None:
    seen: list[int] = []
    report = verify_clips(spoken, progress=seen.append)
    assert (report.checked, report.intact, seen) == (3, True, [3])


def test_a_changed_bit_is_found_in_every_batch_that_names_the_clip(spoken: LocalStore) -> None:
    flip(spoken, key_of("two"))
    before = contents(spoken)
    report = verify_clips(spoken)
    assert report.damaged == {key_of("two"): "its bytes differ from what was stored"}
    assert report.batches == {"demo": 1, "other": 1}
    assert contents(spoken) == before
    assert verify_clips(spoken, "demo").damaged == report.damaged


def test_only_the_clips_of_the_given_batch_are_read(spoken: LocalStore) -> None:
    flip(spoken, key_of("three"))
    report = verify_clips(spoken, "demo")
    assert (report.checked, report.intact) == (2, True)


def test_repaired_clips_are_spoken_once_more(spoken: LocalStore) -> None:
    flip(spoken, key_of("one"))
    whole = ClipStore(spoken).load(key_of("two"))
    assert verify_clips(spoken, repair=True).batches == {"demo": 1}
    provenances = [read_provenance(spoken, batch) for batch in ("demo", "other")]
    assert [each.damaged for each in provenances if each] == [1, 0]
    again: list[str] = []
    run_batch(spoken, "demo", ["one", "two"], again)
    assert again == ["one"]
    assert ClipStore(spoken).load(key_of("two")).info == whole.info
    assert verify_clips(spoken).intact


def test_a_missing_clip_is_reported(spoken: LocalStore) -> None:
    ClipStore(spoken).discard(key_of("three"))
    report = verify_clips(spoken, repair=True)
    assert (report.missing, report.batches) == ((key_of("three"),), {"other": 1})


def test_a_damaged_index_does_not_stop_the_verification(spoken: LocalStore) -> None:
    flip(spoken, key_of("three"))
    spoken.write(parquet_object("other"), b"damaged")
    report = verify_clips(spoken, repair=True)
    assert (list(report.damaged), list(report.damaged_indexes), report.batches) == ([key_of("three")], ["other"], {})
    provenance = read_provenance(spoken, "other")
    assert provenance is not None
    assert provenance.damaged == 1
    with pytest.raises(IndexDamaged):
        verify_clips(spoken, "other")


def test_a_damaged_index_is_no_intact_store(spoken: LocalStore) -> None:
    spoken.write(parquet_object("other"), b"damaged")
    assert not verify_clips(spoken).intact


def test_a_batch_without_results_is_an_error(spoken: LocalStore) -> None:
    spoken.write(manifest_object("new", "csv"), b"text\n")
    with pytest.raises(NotSpokenYet):
        verify_clips(spoken, "new")
    with pytest.raises(BatchMissing):
        verify_clips(spoken, "nothing")
