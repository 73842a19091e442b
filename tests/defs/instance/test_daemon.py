"""The whole at work, unwatched: a real daemon, its code server, its runs, the embedded model, and what befalls them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import read_index
from f5_pipeline.storage.local import LocalStore
from tests.defs.daemon import Daemon, overlaps
from tests.material import WORDS, put_voices

FEW_STEPS = b"nfe_step = 5\nmax_attempts = 1\n"
OFTEN = {"run_monitoring": {"poll_interval_seconds": 2}}

pytestmark = pytest.mark.timeout(1500)  # minutes on a machine that has other things to do


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LocalStore:
    store = LocalStore(tmp_path_factory.mktemp("unwatched") / "store")
    put_voices(store, "f2")
    return store


@pytest.fixture(scope="module")
def daemon(store: LocalStore, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    environment = {"F5_STORE": store.url, "F5_CACHE": str(cache), "F5_DEVICE": "cpu", "F5_AUTOMATION": "on"}
    with Daemon(tmp_path_factory.mktemp("daemon"), environment, OFTEN) as daemon:
        daemon.start()
        yield daemon


def put(store: LocalStore, batch: str, lines: int) -> None:
    rows = "".join(
        f"{batch} and the {WORDS[n % len(WORDS)]} and the {WORDS[(n * 5 + 3) % len(WORDS)]}.,f2\n" for n in range(lines)
    )
    store.write(f"manifests/{batch}.csv", f"text,voice\n{rows}".encode())
    store.write(f"manifests/{batch}.toml", FEW_STEPS)
    for suffix in ("csv", "toml"):
        os.utime(store.location(f"manifests/{batch}.{suffix}"), (time.time() - 60,) * 2)


def clips(store: LocalStore) -> dict[str, int]:
    """The clips by key, with the times at which they were written."""
    return {path.stem: path.stat().st_mtime_ns for path in (Path(store.url) / "clips").glob("??/[!.]*.flac")}


def assert_right(store: LocalStore, batch: str, lines: int) -> None:
    rows = read_index(store, batch) or []
    assert [row.status in ("ok", "suspect") for row in rows] == [True] * lines
    for row in rows:
        ClipStore(store).load(row.key)
    assert len(list((Path(store.url) / f"batches/{batch}/audio").glob("*.wav"))) == lines


def test_a_worker_killed_in_the_middle_is_retried_and_goes_on_while_others_wait_their_turn(
    daemon: Daemon, store: LocalStore
) -> None:
    put(store, "killed", 8)
    put(store, "patient", 1)
    (first,) = daemon.wait_for(lambda: daemon.runs("killed"), "the sensor to see a manifest")
    daemon.wait_for(lambda: len(clips(store)) >= 2, "two clips")
    daemon.signal_worker(first.dagster_run.run_id, signal.SIGKILL)
    daemon.wait_for(lambda: daemon.statuses("killed")[0] == "FAILURE", "the instance to notice")
    survived = clips(store)
    runs = daemon.wait_for_statuses("killed", "FAILURE", "SUCCESS")
    assert runs[1].dagster_run.parent_run_id == first.dagster_run.run_id
    assert survived.items() <= clips(store).items()  # not touched, so not spoken again
    assert sum(row.cached for row in read_index(store, "killed") or []) == len(survived) < 8
    assert_right(store, "killed", 8)
    patient = daemon.wait_for_statuses("patient", "SUCCESS")
    assert_right(store, "patient", 1)
    assert overlaps([*runs, *patient]) == []  # one GPU, one run that speaks
    assert patient[0].dagster_run.tags["f5/reason"] == "not spoken yet"


@pytest.mark.soak
def test_a_run_that_is_stuck_is_ended_and_tried_again(daemon: Daemon, store: LocalStore) -> None:
    before = len(clips(store))
    put(store, "stuck", 4)
    (run,) = daemon.wait_for_statuses("stuck", "STARTED")
    daemon.wait_for(lambda: len(clips(store)) > before, "it to speak")  # not earlier: it would hold the records' lock
    pid = daemon.signal_worker(run.dagster_run.run_id, signal.SIGSTOP)
    daemon.instance.add_run_tags(run.dagster_run.run_id, {"dagster/max_runtime": "1"})
    daemon.wait_for(lambda: daemon.statuses("stuck")[0] == "FAILURE", "the stuck run to be ended")
    psutil.Process(pid).kill()
    daemon.wait_for(lambda: len(daemon.runs("stuck")) == 2, "it to be tried again")
    daemon.instance.add_run_tags(daemon.runs("stuck")[1].dagster_run.run_id, {"dagster/max_runtime": "0"})
    daemon.wait_for_statuses("stuck", "FAILURE", "SUCCESS")
    assert_right(store, "stuck", 4)


@pytest.mark.soak
def test_after_a_power_cut_the_run_that_was_lost_is_tried_again(daemon: Daemon, store: LocalStore) -> None:
    put(store, "lost", 2)
    daemon.wait_for_statuses("lost", "STARTED")
    daemon.kill_all()
    assert daemon.statuses("lost") == ["STARTED"]  # nobody is left to say otherwise
    daemon.start()
    daemon.wait_for_statuses("lost", "FAILURE", "SUCCESS")
    assert_right(store, "lost", 2)
