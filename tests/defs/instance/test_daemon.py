"""Unattended operation: a real daemon, code server and runs with the embedded model; workers killed and stuck."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest

from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import read_index
from f5_pipeline.storage.local import LocalStore
from tests.defs.daemon import Daemon, overlaps
from tests.material import WORDS, put_voices

FEW_STEPS = b"nfe_step = 5\nmax_attempts = 1\n"
OFTEN = {"run_monitoring": {"poll_interval_seconds": 2}}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]  # takes minutes on a busy machine


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LocalStore:
    store = LocalStore(tmp_path_factory.mktemp("unwatched") / "store")
    put_voices(store, "f2")
    return store


@pytest.fixture(scope="module")
def daemon(store: LocalStore, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(tmp_path_factory.mktemp("daemon"), environment(store, cache, F5_BATCHES_PER_RUN="1"), OFTEN) as daemon:
        daemon.start()
        yield daemon


def environment(store: LocalStore, cache: Path, **settings: str) -> dict[str, str]:
    return {"F5_STORE": store.url, "F5_CACHE": str(cache), "F5_DEVICE": "cpu", "F5_AUTOMATION": "on", **settings}


def put(store: LocalStore, batch: str, lines: int) -> None:
    rows = "".join(
        f"{batch} and the {WORDS[n % len(WORDS)]} and the {WORDS[(n * 5 + 3) % len(WORDS)]}.,f2\n" for n in range(lines)
    )
    store.write(f"manifests/{batch}.csv", f"text,voice\n{rows}".encode())
    store.write(f"manifests/{batch}.toml", FEW_STEPS)
    for suffix in ("csv", "toml"):
        os.utime(store.location(f"manifests/{batch}.{suffix}"), (time.time() - 60,) * 2)


def clips(store: LocalStore) -> dict[str, int]:
    """The clips by key, with the times of writing in nanoseconds."""
    return {path.stem: path.stat().st_mtime_ns for path in (Path(store.url) / "clips").glob("??/[!.]*.flac")}


def assert_complete(store: LocalStore, batch: str, lines: int) -> None:
    rows = read_index(store, batch) or []
    assert [row.status in ("ok", "suspect") for row in rows] == [True] * lines
    for row in rows:
        ClipStore(store).load(row.key)
    assert len(list((Path(store.url) / f"batches/{batch}/audio").glob("*.wav"))) == lines


def test_a_killed_worker_is_retried_from_its_clips_while_other_runs_wait(daemon: Daemon, store: LocalStore) -> None:
    put(store, "killed", 8)
    put(store, "waiting", 1)
    (first,) = daemon.wait_for(lambda: daemon.runs("killed"), "the sensor to start a run")
    daemon.wait_for(lambda: len(clips(store)) >= 2, "two clips")
    daemon.signal_worker(first.dagster_run.run_id, signal.SIGKILL)
    daemon.wait_for(lambda: daemon.statuses("killed")[0] == "FAILURE", "the instance to notice")
    survived = clips(store)
    runs = daemon.wait_for_statuses("killed", "FAILURE", "SUCCESS")
    assert runs[1].dagster_run.parent_run_id == first.dagster_run.run_id
    assert survived.items() <= clips(store).items()  # not written again
    assert sum(row.cached for row in read_index(store, "killed") or []) == len(survived) < 8
    assert_complete(store, "killed", 8)
    waiting = daemon.wait_for_statuses("waiting", "SUCCESS")
    assert_complete(store, "waiting", 1)
    assert overlaps([*runs, *waiting]) == []  # one run speaks at a time
    assert waiting[0].dagster_run.tags["f5/reason"] == "not spoken yet"


@pytest.mark.soak
def test_a_stuck_run_is_ended_and_retried(daemon: Daemon, store: LocalStore) -> None:
    before = len(clips(store))
    put(store, "stuck", 4)
    (run,) = daemon.wait_for_statuses("stuck", "STARTED")
    daemon.wait_for(lambda: len(clips(store)) > before, "it to speak")  # earlier it may lock the database
    pid = daemon.signal_worker(run.dagster_run.run_id, signal.SIGSTOP)
    daemon.instance.add_run_tags(run.dagster_run.run_id, {"dagster/max_runtime": "1"})
    daemon.wait_for(lambda: daemon.statuses("stuck")[0] == "FAILURE", "the stuck run to be ended")
    psutil.Process(pid).kill()
    daemon.wait_for(lambda: len(daemon.runs("stuck")) == 2, "it to be retried")
    daemon.instance.add_run_tags(daemon.runs("stuck")[1].dagster_run.run_id, {"dagster/max_runtime": "0"})
    daemon.wait_for_statuses("stuck", "FAILURE", "SUCCESS")
    assert_complete(store, "stuck", 4)


@pytest.mark.soak
def test_a_run_that_was_lost_in_a_power_cut_is_retried(daemon: Daemon, store: LocalStore) -> None:
    put(store, "lost", 2)
    daemon.wait_for_statuses("lost", "STARTED")
    daemon.kill_all()
    assert daemon.statuses("lost") == ["STARTED"]  # no process is left to report the end
    daemon.start()
    daemon.wait_for_statuses("lost", "FAILURE", "SUCCESS")
    assert_complete(store, "lost", 2)


def test_new_manifests_share_a_run_and_a_broken_one_does_not_stop_the_others(tmp_path: Path, cache: Path) -> None:
    store = LocalStore(tmp_path / "store")
    put_voices(store, "f2")
    for batch in ("one", "two", "three"):
        put(store, batch, 1)
    store.write("manifests/two.csv", b"words\nhello\n")
    os.utime(store.location("manifests/two.csv"), (time.time() - 60,) * 2)
    with Daemon(tmp_path / "daemon", environment(store, cache), OFTEN) as daemon:
        daemon.start()
        daemon.wait_for(lambda: daemon.with_status("FAILURE"), "the run to end")
        (run,) = daemon.with_status("FAILURE", "SUCCESS", "STARTED", "QUEUED")
        assert run.tags["f5/reason"] == "3 batches: not spoken yet"
        delivered = daemon.instance.get_materialized_partitions(dg.AssetKey("delivered_audio"))
        assert delivered == {"one", "three"}
    for batch in ("one", "three"):
        assert_complete(store, batch, 1)
