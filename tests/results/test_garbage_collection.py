"""Garbage collection removes orphaned clips and partial files of dead writers, and keeps everything else.

``test_leases`` tests how leases are written and when they are stale.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from datetime import timedelta
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from f5_pipeline.errors import IndexDamaged
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.results.index import IndexRow, read_index, write_index
from f5_pipeline.results.leases import hold_lease
from f5_pipeline.storage.layout import CLIPS, clip_object, is_lease, manifest_object, parquet_object
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.partial import atomic_write, host_slug
from tests.results.batch import contents, key_of, run_batch
from tests.storage import processes


def dead_partial(folder: Path) -> Path:
    """A partial file whose writer is dead."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".part-{host_slug()}-1-{'0' * 16}"
    path.write_bytes(b"half")
    return path


def leases(store: LocalStore) -> list[str]:
    return [info.key for info in store.list("batches/") if is_lease(info.key)]


def store_orphaned_clips(store: LocalStore, lines: list[str]) -> None:
    """Clips without an index, like those of a run that has not finished."""
    run_batch(store, "scratch", lines)
    store.delete(parquet_object("scratch"))


def leave_lease(store: LocalStore, batch: str, keys: Iterable[str]) -> None:
    """A run that starts and crashes: its lease stays."""
    with contextlib.suppress(KeyboardInterrupt), hold_lease(store, batch, keys):
        raise KeyboardInterrupt


def set_age(store: LocalStore, key: str, days: float) -> None:
    then = time.time() - days * 24 * 3600
    os.utime(store.location(key), (then, then))


def test_clips_that_no_index_names_are_removed(store: LocalStore, tmp_path: Path) -> None:
    run_batch(store, "demo", ["one", "two", "three"])
    run_batch(store, "other", ["three", "four"])
    run_batch(store, "demo", ["one", "two edited"])
    before = contents(store)
    orphaned = clip_object(key_of("two"))
    report = clean(store, [tmp_path / "cache"], dry_run=True)
    assert (report.clips, report.clip_bytes) == (1, len(before[orphaned]))
    assert contents(store) == before
    assert clean(store, [tmp_path / "cache"]).clips == 1
    assert contents(store) == {key: data for key, data in before.items() if key != orphaned}
    assert clean(store, [tmp_path / "cache"]).clips == 0


def test_young_clips_are_kept(store: LocalStore) -> None:
    store_orphaned_clips(store, ["one", "two"])
    set_age(store, clip_object(key_of("one")), 31)
    report = clean(store, [], grace=timedelta(days=30), dry_run=True)
    assert (report.clips, report.recent_clips, round(report.clip_seconds, 3)) == (1, 1, 0.1)
    clean(store, [], grace=timedelta(days=30))
    assert [info.key for info in store.list(CLIPS)] == [clip_object(key_of("two"))]


def test_no_clip_is_removed_while_a_batch_has_no_index(store: LocalStore) -> None:
    """A restored backup may have manifests and clips only: every clip looks orphaned."""
    run_batch(store, "demo", ["one"])
    run_batch(store, "other", ["two"])
    store.write(manifest_object("demo", "csv"), b"text\n")
    store.write(manifest_object("other", "csv"), b"text\n")
    store.delete(parquet_object("other"))
    report = clean(store, [])
    assert (report.clips, report.unindexed) == (0, ("other",))
    assert len(list(store.list(CLIPS))) == 2


def _hold_for_ever(store: LocalStore, machine: Path, started: Event) -> None:
    with hold_lease(store, "demo", [key_of("one")], machine) as lease:
        lease.extend([key_of("later take")])
        started.set()
        time.sleep(600)


def test_the_lease_of_a_killed_run_is_removed(store: LocalStore, tmp_path: Path) -> None:
    context = processes.context()
    started = context.Event()
    run = context.Process(target=_hold_for_ever, args=(store, tmp_path / "cache", started))
    run.start()
    assert started.wait(60)
    assert clean(store, [tmp_path / "cache"]).leases == 0
    run.kill()
    run.join()
    assert clean(store, [tmp_path / "another machine"]).leases == 0
    assert clean(store, [tmp_path / "cache"]).leases == 2
    assert leases(store) == []
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_leased_clips_are_kept_until_the_lease_ends(store: LocalStore) -> None:
    with hold_lease(store, "demo", [key_of("one")]) as lease:
        lease.extend([key_of("later take")])
        store_orphaned_clips(store, ["one", "later take"])
        assert clean(store, []).clips == 0
    assert clean(store, []).clips == 2


def test_clips_of_a_crashed_run_are_kept_until_the_batch_has_finished(store: LocalStore) -> None:
    leave_lease(store, "demo", [key_of("one"), key_of("two")])
    store_orphaned_clips(store, ["one"])
    (lease,) = leases(store)
    set_age(store, lease, days=30)
    assert (clean(store, []).clips, leases(store)) == (0, [lease])
    run_batch(store, "demo", ["two"])
    assert (clean(store, [], dry_run=True).clips, leases(store)) == (1, [lease])
    assert (clean(store, []).clips, leases(store)) == (1, [])  # the stale lease is removed too


def test_clips_that_are_leased_during_the_removal_are_kept(store: LocalStore) -> None:
    """Clips are removed in groups of 500. A batch leases two clips of the second group while the first is removed."""
    keys = sorted(key_of(f"line {number}") for number in range(505))
    for key in keys:
        store.write(clip_object(key), b"clip")

    class BusyStore(LocalStore):
        def delete(self, key: str) -> None:
            super().delete(key)
            if key == clip_object(keys[250]):
                leave_lease(LocalStore(self.url), "new", keys[501:503])

    assert clean(BusyStore(store.url), []).clips == 503
    assert {info.key for info in store.list(CLIPS)} == set(map(clip_object, keys[501:503]))


def test_a_batch_that_starts_and_finishes_meanwhile_keeps_its_clips(store: LocalStore) -> None:
    """Its index and clips appear after the indexes were read and before the clips are listed."""
    run_batch(store, "demo", ["one"])

    class BusyStore(LocalStore):
        def list(self, prefix: str = ""):
            if prefix == CLIPS:
                run_batch(LocalStore(self.url), "new", ["two"])
            return super().list(prefix)

    assert clean(BusyStore(store.url), []).clips == 0
    assert clip_object(key_of("two")) in contents(store)


def test_a_damaged_index_stops_garbage_collection_before_any_clip_is_removed(store: LocalStore) -> None:
    run_batch(store, "demo", ["one"])
    run_batch(store, "demo", ["two"])
    run_batch(store, "damaged", ["three"])
    store.write(parquet_object("damaged"), b"")
    before = contents(store)
    with pytest.raises(IndexDamaged):
        clean(store, [])
    assert contents(store) == before


def test_files_of_other_programs_beside_the_clips_are_kept(store: LocalStore) -> None:
    for name in ("clips/README.txt", "clips/ab/notes.flac", f"clips/ab/{'z' * 64}.flac"):
        store.write(name, b"mine")
    assert clean(store, []).clips == 0
    assert len(contents(store)) == 3


def test_partial_files_of_dead_writers_are_removed_and_those_of_live_writers_kept(
    store: LocalStore, tmp_path: Path
) -> None:
    run_batch(store, "demo", ["one"])
    cache = tmp_path / "cache"
    dead = [dead_partial(Path(store.url) / "clips" / "ab"), dead_partial(cache / "store" / "x")]
    with atomic_write(cache / "model.bin") as file:
        file.write(b"unfinished")
        report = clean(store, [cache], dry_run=True)
        assert {partial.path for partial in report.partial_files} == set(dead)
        assert len(report.kept_partial_files) == 1
        assert report.bytes_freed == 8
        assert all(path.exists() for path in dead)
        assert len(clean(store, [cache, cache]).partial_files) == 2
        assert not any(path.exists() for path in dead)
    assert (cache / "model.bin").read_bytes() == b"unfinished"


def test_a_missing_store_and_a_missing_folder_are_empty(tmp_path: Path) -> None:
    report = clean(LocalStore(tmp_path / "nowhere"), [tmp_path / "nothing"])
    assert (report.clips, report.partial_files, report.unfinished_uploads) == (0, (), ())
    assert not (tmp_path / "nowhere").exists()


def test_a_removed_clip_is_the_same_when_it_is_spoken_again(store: LocalStore) -> None:
    spoken: list[str] = []
    run_batch(store, "demo", ["one"])
    first = contents(store)[clip_object(key_of("one"))]
    run_batch(store, "demo", ["two"])
    clean(store, [])
    run_batch(store, "demo", ["one"], spoken)
    assert spoken == ["one"]
    assert contents(store)[clip_object(key_of("one"))] == first


def test_a_user_column_named_like_ours_is_not_read_as_clip_keys(store: LocalStore) -> None:
    rows = [IndexRow("1", "one", key=key_of("one"), columns={"pieces": "two of them", "other_takes": "none"})]
    write_index(store, "demo", rows)
    assert clean(store, []).clips == 0
    assert (read_index(store, "demo") or [])[0].columns == rows[0].columns
