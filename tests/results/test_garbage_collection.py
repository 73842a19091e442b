"""Cleaning removes what is forgotten or dead, and nothing that anybody needs or is writing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from f5_pipeline.errors import IndexDamaged
from f5_pipeline.results import garbage_collection
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.results.index import IndexRow, read_index, write_index
from f5_pipeline.results.leases import hold_lease
from f5_pipeline.storage.layout import CLIPS, clip_object, is_lease, parquet_object
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.partial import atomic_write, host_slug
from tests.results.batch import contents, key_of, run_batch, speak


def dead_partial(folder: Path, number: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".part-{host_slug()}-1-{number:016x}"
    path.write_bytes(b"half")
    return path


def leases(store: LocalStore) -> list[str]:
    return [info.key for info in store.list("batches/") if is_lease(info.key)]


def test_clips_that_no_batch_names_any_more(store: LocalStore, tmp_path: Path) -> None:
    run_batch(store, "demo", ["one", "two", "three"])
    run_batch(store, "other", ["three", "four"])
    run_batch(store, "demo", ["one", "two edited"])
    before = contents(store)
    forgotten = {clip_object(key_of("two"))}
    report = clean(store, [tmp_path / "cache"], dry_run=True)
    assert (report.clips, report.clip_bytes) == (1, len(before[clip_object(key_of("two"))]))
    assert contents(store) == before
    assert clean(store, [tmp_path / "cache"]).clips == 1
    assert contents(store) == {key: data for key, data in before.items() if key not in forgotten}
    assert clean(store, [tmp_path / "cache"]).clips == 0


def test_a_batch_that_is_being_spoken_keeps_its_clips(store: LocalStore) -> None:
    with hold_lease(store, "demo", [key_of("one")]) as lease:
        lease.extend([key_of("later take")])
        run_batch(store, "scratch", ["one", "later take"])  # stands for clips stored before the index is there
        for name in (parquet_object("scratch"), "batches/scratch/index.csv"):
            store.delete(name)
        assert clean(store, []).clips == 0
    assert leases(store) == []
    assert clean(store, []).clips == 2


def test_a_batch_that_crashed_keeps_its_clips_until_it_is_run_again(store: LocalStore) -> None:
    def crash() -> None:
        with hold_lease(store, "demo", [key_of("one"), key_of("two")]):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        crash()
    run_batch(store, "scratch", ["one"])
    store.delete(parquet_object("scratch"))
    (left,) = leases(store)
    set_age(store, left, days=30)
    assert clean(store, []).clips == 0
    run_batch(store, "demo", ["two"])
    assert (clean(store, [], dry_run=True).clips, leases(store)) == (1, [left])
    assert (clean(store, []).clips, leases(store)) == (1, [])


def set_age(store: LocalStore, key: str, days: float) -> None:
    then = time.time() - days * 24 * 3600
    os.utime(store.location(key), (then, then))


@pytest.mark.parametrize("name", [f"lease-{'0' * 16}.bin", f"lease-{'0' * 16}-{'0' * 8}.bin"])
def test_a_lease_holds_for_a_week_even_if_its_batch_has_finished_since(store: LocalStore, name: str) -> None:
    """Its run may be alive: it began before another run of the same batch, and takes longer."""
    run_batch(store, "scratch", ["one"])
    store.delete(parquet_object("scratch"))
    store.write(f"batches/demo/{name}", bytes.fromhex(key_of("one")))
    run_batch(store, "demo", ["two"])
    set_age(store, f"batches/demo/{name}", days=6.9)
    assert (clean(store, []).clips, leases(store)) == (0, [f"batches/demo/{name}"])
    set_age(store, f"batches/demo/{name}", days=7.1)
    assert (clean(store, []).clips, leases(store)) == (1, [])


def test_two_runs_of_a_batch_do_not_delete_each_others_lease(store: LocalStore) -> None:
    run_batch(store, "scratch", ["one", "two"])
    store.delete(parquet_object("scratch"))
    with hold_lease(store, "demo", [key_of("one")]):
        with hold_lease(store, "demo", [key_of("two")]):
            assert clean(store, []).clips == 0
        assert len(leases(store)) == 1
        assert clip_object(key_of("one")) in contents(store)
        assert clean(store, []).clips == 1
    assert leases(store) == []


def test_a_batch_that_begins_while_clips_are_removed_keeps_those_that_are_left(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"line {number}" for number in range(9)]
    run_batch(store, "demo", lines)
    store.delete(parquet_object("demo"))
    monkeypatch.setattr(garbage_collection, "_AT_ONCE", 3)
    deleted: list[str] = []
    claimed = sorted(lines, key=key_of)[3:5]

    class Busy(LocalStore):
        def delete(self, key: str) -> None:
            super().delete(key)
            deleted.append(key)
            if len(deleted) == 3:
                hold_lease(LocalStore(self.url), "new", map(key_of, claimed)).__enter__()

    assert clean(Busy(store.url), []).clips == 7
    assert len(deleted) == 7
    assert {key for key in contents(store) if key.startswith("clips/")} == {clip_object(key_of(one)) for one in claimed}


def test_a_batch_that_begins_and_ends_while_cleaning(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its index and clips appear after the indexes were read and before the clips are listed."""
    run_batch(store, "demo", ["one"])

    class Busy(LocalStore):
        def list(self, prefix: str = ""):
            if prefix == CLIPS:
                run_batch(LocalStore(self.url), "new", ["two"])
            return super().list(prefix)

    assert clean(Busy(store.url), []).clips == 0
    assert clip_object(key_of("two")) in contents(store)


def test_a_damaged_index_stops_before_any_clip_is_removed(store: LocalStore) -> None:
    run_batch(store, "demo", ["one"])
    run_batch(store, "demo", ["two"])
    run_batch(store, "broken", ["three"])
    store.write(parquet_object("broken"), b"")
    before = contents(store)
    with pytest.raises(IndexDamaged):
        clean(store, [])
    assert contents(store) == before


def test_strangers_under_clips_stay(store: LocalStore) -> None:
    for name in ("clips/README.txt", "clips/ab/notes.flac", f"clips/ab/{'z' * 64}.flac"):
        store.write(name, b"mine")
    assert clean(store, []).clips == 0
    assert len(contents(store)) == 3


def test_partial_files_of_the_dead_go_and_of_the_living_stay(store: LocalStore, tmp_path: Path) -> None:
    run_batch(store, "demo", ["one"])
    cache = tmp_path / "cache"
    dead = [dead_partial(Path(store.url) / "clips" / "ab"), dead_partial(cache / "store" / "x")]
    with atomic_write(cache / "model.bin") as file:
        file.write(b"in the middle of it")
        report = clean(store, [cache], dry_run=True)
        assert {partial.path for partial in report.partial_files} == set(dead)
        assert len(report.kept_partial_files) == 1
        assert report.bytes_freed == 8
        assert all(path.exists() for path in dead)
        assert len(clean(store, [cache, cache]).partial_files) == 2
        assert not any(path.exists() for path in dead)
    assert (cache / "model.bin").read_bytes() == b"in the middle of it"


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    report = clean(LocalStore(tmp_path / "nowhere"), [tmp_path / "nothing"])
    assert (report.clips, report.partial_files, report.unfinished_uploads) == (0, (), ())
    assert not (tmp_path / "nowhere").exists()


def test_what_is_spoken_again_after_cleaning_is_the_same(store: LocalStore) -> None:
    spoken: list[str] = []
    run_batch(store, "demo", ["one"])
    first = contents(store)[clip_object(key_of("one"))]
    run_batch(store, "demo", ["two"])
    clean(store, [])
    run_batch(store, "demo", ["one"], spoken)
    assert spoken == ["one"]
    assert contents(store)[clip_object(key_of("one"))] == first
    assert speak("one").shape == (2400,)


def test_a_user_column_named_like_ours_is_not_read_as_clip_keys(store: LocalStore) -> None:
    rows = [IndexRow("1", "one", key=key_of("one"), columns={"pieces": "two of them", "other_takes": "none"})]
    write_index(store, "demo", rows)
    assert clean(store, []).clips == 0
    assert (read_index(store, "demo") or [])[0].columns == rows[0].columns
