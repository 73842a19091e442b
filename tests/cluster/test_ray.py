"""Batches on a real Ray cluster: as on one machine, and whatever dies meanwhile."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from f5_pipeline.engine.loading import load_f5_engine
from f5_pipeline.errors import WorkersUnusable
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import read_index
from f5_pipeline.storage.s3 import S3Store
from tests.cluster.batch import Batch, essence, meanwhile, some_lines
from tests.cluster.conftest import AddNode
from tests.cluster.driver import driver, wait_for
from tests.cluster.engines import Watched
from tests.running import runs, with_variable
from tests.storage import servers
from tests.storage.proxy import BUSY, CUT, LOSE, RESET, proxy_before, sometimes
from tests.storage.servers import Server


class Counting:
    """Implements ``Progress``."""

    def __init__(self) -> None:
        self.begun: tuple[int, int, int] = (0, 0, 0)
        self.audio: list[float] = []

    def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None:
        self.begun = lines, missing, waiting

    def advance(self, audio_seconds: float) -> None:
        self.audio.append(audio_seconds)


def test_a_batch_is_the_same_with_and_without_ray(
    batch: Batch, other_batch: Batch, add_node: AddNode, tmp_path: Path
) -> None:
    """Two machines; lines in pieces, lines that are in the batch twice, and takes that are drawn again."""
    texts = [*some_lines(30), "One. [pause 0.8s] Two. [voice: m1] Three.", "a long story of nothing at all. " * 40]
    add_node()
    add_node()
    watched, progress = Watched(tmp_path / "watched", together=2), Counting()
    batch.write(texts)
    other_batch.write(texts)
    here = other_batch.speak_in_process(Watched(tmp_path / "here").load)
    there = batch.speak_on_ray(watched.load, progress)
    assert [essence(row) for row in there.rows] == [essence(row) for row in here.rows]
    assert batch.clips == other_batch.clips
    assert len(set(watched.processes)) == 2
    assert os.getpid() not in watched.processes
    assert progress.begun == (32, 30, 0)
    assert sum(progress.audio) == pytest.approx(there.audio_seconds_spoken)
    assert (there.clips_spoken, there.cached) == (here.clips_spoken, 0)
    assert sum(worker.lines for worker in there.workers) == 30
    assert {worker.left for worker in there.workers} == {""}
    again = batch.speak_on_ray(watched.load)
    assert (again.cached, again.clips_spoken, again.workers) == (32, 0, ())


def test_an_actor_is_killed(batch: Batch, other_batch: Batch, add_node: AddNode, tmp_path: Path) -> None:
    add_node(2)
    texts = some_lines(40)
    watched = Watched(tmp_path / "watched", seconds=0.1)
    batch.write(texts)
    other_batch.write(texts)
    with meanwhile(lambda: len(batch.clips) >= 4, lambda: os.kill(watched.processes[0], signal.SIGKILL)):
        report = batch.speak_on_ray(watched.load)
    here = other_batch.speak_in_process(Watched(tmp_path / "here").load)
    assert [essence(row) for row in report.rows] == [essence(row) for row in here.rows]
    assert batch.clips == other_batch.clips
    (killed,) = (worker for worker in report.workers if worker.left)
    assert "OOM" in killed.left
    assert len(watched.texts) <= 38 + 2  # what it had stored was not spoken again


def test_a_machine_is_taken_away(
    cluster: Any, batch: Batch, other_batch: Batch, add_node: AddNode, tmp_path: Path
) -> None:
    add_node()
    lost = add_node()
    texts = some_lines(40)
    watched = Watched(tmp_path / "watched", seconds=0.1, together=2)
    batch.write(texts)
    other_batch.write(texts)
    with meanwhile(
        lambda: len(batch.clips) >= 4,
        lambda: cluster.remove_node(lost, allow_graceful=False),
    ):
        report = batch.speak_on_ray(watched.load)
    other_batch.speak_in_process(Watched(tmp_path / "here").load)
    assert report.counts["ok"] == 40
    assert batch.clips == other_batch.clips
    # Who was on it, and whoever was sent there before Ray had noticed.
    gone = [worker.left for worker in report.workers if worker.left]
    assert gone
    assert all(re.search("its node has died|temporarily unavailable", why) for why in gone)


def test_a_line_that_kills_is_set_aside_and_the_others_are_spoken(
    batch: Batch, add_node: AddNode, tmp_path: Path
) -> None:
    add_node(2)
    batch.write(["one river.", "this one is poison.", "two rivers.", "three rivers."])
    report = batch.speak_on_ray(Watched(tmp_path / "watched", deadly="poison").load)
    assert [(row.status, bool(row.key)) for row in report.rows] == [
        ("ok", True),
        ("failed", False),
        ("ok", True),
        ("ok", True),
    ]
    assert report.rows[1].reason.startswith("3 workers ended while they spoke it, the last: ")


def test_machines_that_cannot_prove_themselves_leave(batch: Batch, add_node: AddNode, tmp_path: Path) -> None:
    add_node(F5_ATTENTION="flash_attn")
    batch.write(some_lines(20))
    watched = Watched(tmp_path / "watched", seconds=0.3)
    with pytest.raises(WorkersUnusable, match="F5_ATTENTION=flash_attn cannot be met"):
        batch.speak_on_ray(watched.load)
    add_node()
    report = batch.speak_on_ray(watched.load)
    assert report.counts["ok"] == 20
    assert [worker.left.split()[0] for worker in report.workers if worker.left] == ["F5_ATTENTION=flash_attn"]


def test_a_machine_with_another_store_leaves(batch: Batch, add_node: AddNode, tmp_path: Path) -> None:
    """A folder that is not shared: what is spoken there would be lost."""
    add_node()
    batch.write(some_lines(4))
    batch.store.url = str(tmp_path / "elsewhere")  # type: ignore[attr-defined]
    with pytest.raises(WorkersUnusable, match="sees another store"):
        batch.speak_on_ray(Watched(tmp_path / "watched").load)


def test_a_store_that_fails_now_and_then(
    cache: Path, rclone_server: Server, add_node: AddNode, tmp_path: Path, aws_environment: pytest.MonkeyPatch
) -> None:
    with proxy_before(rclone_server.endpoint) as proxy:
        environment = servers.environment(proxy.endpoint)
        for name, value in environment.items():
            aws_environment.setenv(name, value)
        batch = Batch(S3Store(f"s3://{rclone_server.bucket()}/some/prefix"), cache)
        batch.write(some_lines(20))
        add_node(2, **environment)
        proxy.decide = sometimes(0.05, [*BUSY, RESET, LOSE, CUT], seed=5)
        report = batch.speak_on_ray(Watched(tmp_path / "watched").load)
        proxy.decide = lambda request: None
        assert report.counts["ok"] == 20
        assert {row.clip for row in report.rows} == set(batch.clips)


def test_the_driver_is_killed_and_the_next_one_goes_on(
    cluster: Any, batch: Batch, add_node: AddNode, tmp_path: Path, cache: Path
) -> None:
    add_node(2)
    batch.write(some_lines(40))
    first = driver(tmp_path, cache, 0.2, cluster.address)
    watched = Watched(tmp_path / "watched")
    wait_for(lambda: len(batch.clips) >= 5)
    first.kill()
    first.wait()
    wait_for(lambda: not any(runs(process) for process in watched.processes))  # the cluster ends its actors
    there = len(batch.clips)
    spoken_before = len(watched.texts)
    report = batch.speak_on_ray(watched.load)
    assert report.counts["ok"] == 40
    assert report.clips_spoken == 38 - there
    assert len(watched.texts) - spoken_before == 38 - there


def test_the_command_line_speaks_as_on_one_machine_on_a_cluster_that_it_starts_and_stops(
    batch: Batch, other_batch: Batch, tmp_path: Path, cache: Path, ray_folder: Path
) -> None:
    """With the embedded model: its sound is the same."""
    for one in (batch, other_batch):
        one.write(some_lines(4), "nfe_step = 5")
    variables = {"F5_RAY_ADDRESS": "local", "F5_RAY_CPUS_PER_WORKER": "1", "F5_RECOGNISER": "none"}
    variables |= {"F5_STORE": batch.store.url, "F5_CACHE": str(cache), "DAGSTER_HOME": str(tmp_path)}
    code = "import sys; from f5_pipeline.cli.main import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code, "run", "b"], env={**os.environ, **variables}, check=False)
    assert done.returncode == 0
    here, there = other_batch.speak_in_process(load_f5_engine).rows, read_index(batch.store, "b") or []
    assert [row.key for row in there] == [row.key for row in here]
    for row in here:
        ours, theirs = (ClipStore(one.store).load(row.key).samples for one in (other_batch, batch))
        assert ours.shape == theirs.shape
        assert np.linalg.norm(ours - theirs) <= 1e-3 * np.linalg.norm(ours)
    wait_for(lambda: not with_variable("RAY_TMPDIR", ray_folder))
