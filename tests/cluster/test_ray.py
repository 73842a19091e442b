"""Batches on a real Ray cluster: the results are those of one process, whatever dies meanwhile."""

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
from tests.cluster.batch import Batch, CountingProgress, comparable, meanwhile, some_lines, wait_for, worker_variables
from tests.cluster.driver import start_driver
from tests.cluster.engines import Watched
from tests.cluster.ray_fixtures import AddNode
from tests.running import runs, with_variable
from tests.storage import servers
from tests.storage.proxy import BUSY, CUT, LOSE, RESET, proxy_before, sometimes
from tests.storage.servers import Server

pytestmark = pytest.mark.slow


def test_a_batch_is_the_same_with_and_without_ray(
    batch: Batch, other_batch: Batch, add_node: AddNode, tmp_path: Path
) -> None:
    """With two machines, lines of several chunks, and lines that are in the batch twice."""
    texts = [*some_lines(30), "One. [pause 0.8s] Two. [voice: m1] Three.", "a long story of nothing at all. " * 40]
    add_node()
    add_node()
    watched, progress = Watched(tmp_path / "watched", processes=2), CountingProgress()
    batch.write(texts)
    other_batch.write(texts)
    expected = other_batch.speak_in_process(Watched(tmp_path / "one process").load)
    report = batch.speak_on_ray(watched.load, progress)
    assert [comparable(row) for row in report.rows] == [comparable(row) for row in expected.rows]
    assert batch.clips == other_batch.clips
    assert len(set(watched.processes)) == 2
    assert os.getpid() not in watched.processes
    assert progress.begun == (32, 30, 0)
    assert sum(progress.audio) == pytest.approx(report.audio_seconds_spoken)
    assert (report.clips_spoken, report.cached) == (expected.clips_spoken, 0)
    assert sum(worker.lines for worker in report.workers) == 30
    assert {worker.left for worker in report.workers} == {""}
    again = batch.speak_on_ray(watched.load)
    assert (again.cached, again.clips_spoken, again.workers) == (32, 0, ())


def test_lines_of_a_killed_actor_are_spoken_by_another(
    batch: Batch, other_batch: Batch, add_node: AddNode, tmp_path: Path
) -> None:
    add_node(2)
    texts = some_lines(40)
    watched = Watched(tmp_path / "watched", seconds=0.1)
    batch.write(texts)
    other_batch.write(texts)
    with meanwhile(lambda: len(batch.clips) >= 4, lambda: os.kill(watched.processes[0], signal.SIGKILL)):
        report = batch.speak_on_ray(watched.load)
    expected = other_batch.speak_in_process(Watched(tmp_path / "one process").load)
    assert [comparable(row) for row in report.rows] == [comparable(row) for row in expected.rows]
    assert batch.clips == other_batch.clips
    (killed,) = (worker for worker in report.workers if worker.left)
    assert "OOM" in killed.left  # Ray's guess at what killed it
    # Its four stored clips were not spoken again, only what it had in hand: on a busy machine, up to four more.
    assert len(watched.texts) <= 38 + 4


def test_lines_of_a_lost_machine_are_spoken_on_another(
    cluster: Any, batch: Batch, other_batch: Batch, add_node: AddNode, tmp_path: Path
) -> None:
    add_node()
    lost = add_node()
    texts = some_lines(40)
    watched = Watched(tmp_path / "watched", seconds=0.1, processes=2)
    batch.write(texts)
    other_batch.write(texts)
    with meanwhile(
        lambda: len(batch.clips) >= 4,
        lambda: cluster.remove_node(lost, allow_graceful=False),
    ):
        report = batch.speak_on_ray(watched.load)
    other_batch.speak_in_process(Watched(tmp_path / "one process").load)
    assert report.counts["ok"] == 40
    assert batch.clips == other_batch.clips
    # Its worker, and those that were started there before Ray noticed the loss.
    reasons = [worker.left for worker in report.workers if worker.left]
    assert reasons
    assert all(re.search("its node has died|temporarily unavailable", reason) for reason in reasons)


def test_machines_that_cannot_prove_their_environment_leave(batch: Batch, add_node: AddNode, tmp_path: Path) -> None:
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
    """For example a folder that is not shared: clips stored there would be lost."""
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


def test_the_next_run_continues_after_a_killed_driver(
    cluster: Any, batch: Batch, add_node: AddNode, tmp_path: Path, cache: Path
) -> None:
    add_node(2)
    batch.write(some_lines(40))
    first = start_driver(tmp_path, cache, 0.2, cluster.address)
    watched = Watched(tmp_path / "watched")
    wait_for(lambda: len(batch.clips) >= 5)
    first.kill()
    first.wait()
    wait_for(lambda: not any(runs(process) for process in watched.processes))  # the cluster ends the actors
    missing, spoken_before = 38 - len(batch.clips), len(watched.texts)
    report = batch.speak_on_ray(watched.load)
    assert report.counts["ok"] == 40
    assert report.clips_spoken == missing
    assert len(watched.texts) - spoken_before == missing


def test_the_command_line_starts_and_stops_a_local_cluster(
    batch: Batch, other_batch: Batch, tmp_path: Path, cache: Path, ray_folder: Path
) -> None:
    """With the embedded model; the audio is that of one process."""
    for one in (batch, other_batch):
        one.write(some_lines(4), "nfe_step = 5")
    variables = {"F5_RAY_ADDRESS": "local", "F5_RAY_CPUS_PER_WORKER": "1", **worker_variables(cache)}
    variables |= {"F5_STORE": batch.store.url, "DAGSTER_HOME": str(tmp_path)}
    code = "import sys; from f5_pipeline.cli.main import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code, "run", "b"], env={**os.environ, **variables}, check=False)
    assert done.returncode == 0
    expected = other_batch.speak_in_process(load_f5_engine).rows
    assert [row.key for row in read_index(batch.store, "b") or []] == [row.key for row in expected]
    for row in expected:
        samples, ray_samples = (ClipStore(each.store).load(row.key).samples for each in (other_batch, batch))
        assert samples.shape == ray_samples.shape
        assert np.linalg.norm(samples - ray_samples) <= 1e-3 * np.linalg.norm(samples)
    wait_for(lambda: not with_variable("RAY_TMPDIR", ray_folder))
