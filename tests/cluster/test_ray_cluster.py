"""Connections to a Ray cluster: through Ray Client, to a head that dies, to one that is not there, and interrupted."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from f5_pipeline.cluster.ray_cluster import connected
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.errors import RayUnreachable
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.cluster.batch import PATIENCE, Batch, essence, some_lines
from tests.cluster.driver import driver, wait_for
from tests.cluster.engines import Watched
from tests.running import with_variable
from tests.storage.servers import free_port

LOG = logging.getLogger("tests.cluster")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Head:
    """The head of a cluster of one machine, as ``ray start`` starts it."""

    process: subprocess.Popen[bytes]
    address: str
    client_address: str

    def kill(self) -> None:
        """And all that it has started."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def head(cache: Path, ray_folder: Path) -> Iterator[Head]:
    prove_environment(Settings(cache=cache))
    gcs, client = free_port(), free_port()
    options = [f"--port={gcs}", f"--ray-client-server-port={client}", "--num-cpus=2", "--include-dashboard=false"]
    code = "from ray.scripts.scripts import main; main()"
    environment = {"F5_CACHE": str(cache), "F5_DEVICE": "cpu", "F5_RECOGNISER": "none", "PYTHONPATH": str(ROOT)}
    environment |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    environment["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # as docs/scale.md has it, else one client in ten has to ask twice
    process = subprocess.Popen(
        [sys.executable, "-c", code, "start", "--head", "--block", "--object-store-memory=80000000", *options],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    head = Head(process, f"127.0.0.1:{gcs}", f"ray://127.0.0.1:{client}")
    yield head
    if process.poll() is None:
        head.kill()
    wait_for(lambda: not with_variable("RAY_TMPDIR", ray_folder))


def test_a_batch_through_ray_client_and_a_head_that_is_lost(
    head: Head, batch: Batch, other_batch: Batch, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever loses it says so once, soon, and can be tried again."""
    monkeypatch.setenv("RAY_CLIENT_RECONNECT_GRACE_PERIOD", "3")
    for one in (batch, other_batch):
        one.write(some_lines(8))
    there = batch.speak_on_ray(Watched(tmp_path / "watched").load, ray_address=head.client_address)
    here = other_batch.speak_in_process(Watched(tmp_path / "here").load)
    assert [essence(row) for row in there.rows] == [essence(row) for row in here.rows]
    assert not any(worker.left for worker in there.workers)

    runs = []
    for name, address in {"client": head.client_address, "direct": head.address}.items():
        (tmp_path / name).mkdir()
        one = Batch(LocalStore(tmp_path / name / "store"), cache)
        one.write(some_lines(80))
        runs.append((one, driver(tmp_path / name, cache, 0.5, address)))
    wait_for(lambda: all(len(one.clips) >= 2 for one, _ in runs))
    head.kill()
    for _, process in runs:
        with process:
            said, complained = process.communicate(timeout=PATIENCE)
        assert said.startswith("RayUnreachable transient The Ray cluster ")
        assert said.count("the connection to it was lost: ") == 1
        assert said.split()[-1] == "False"
        assert "Traceback" not in complained


def test_a_head_that_is_not_there_is_said() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(RayUnreachable, match="Connection refused"), connected(address, LOG):
        pass


DIED = "Initialization failure from server:\nRuntimeError: Starting Ray client server failed."


@pytest.mark.parametrize(
    ("answers", "tries", "said"),
    [([DIED] * 9, 4, "Starting Ray client server failed"), ([DIED, "no"], 2, "no"), (["no"], 1, "no")],
)
def test_ray_client_is_asked_again_if_its_server_could_not_start_a_process(
    answers: list[str], tries: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    left = iter(answers)

    def init(**_: object) -> None:
        raise ConnectionAbortedError(next(left))

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(RayUnreachable, match=said), connected("ray://head:10001", LOG):
        pass
    assert len(answers) - len(list(left)) == tries


def test_a_run_that_is_terminated_stops_its_cluster(
    batch: Batch, tmp_path: Path, cache: Path, ray_folder: Path
) -> None:
    batch.write(some_lines(20))
    with driver(tmp_path, cache, 0.5, "local") as process:
        wait_for(lambda: len(batch.clips) >= 2)
        assert len(with_variable("RAY_TMPDIR", ray_folder)) > 3
        process.terminate()
        said, _ = process.communicate(timeout=PATIENCE)
    assert said.split() == ["interrupted", "False"]
    wait_for(lambda: not with_variable("RAY_TMPDIR", ray_folder))


def test_a_run_that_is_terminated_while_its_cluster_starts_stops_it(
    batch: Batch, tmp_path: Path, cache: Path, ray_folder: Path
) -> None:
    batch.write(some_lines(20))
    with driver(tmp_path, cache, 0.5, "local") as process:
        wait_for(lambda: len(with_variable("RAY_TMPDIR", ray_folder)) >= 2)  # itself, and the first of the cluster's
        process.terminate()
        said, _ = process.communicate(timeout=PATIENCE)
    assert (said.split(), process.returncode) == (["interrupted", "False"], 0)
    assert not batch.clips
    wait_for(lambda: not with_variable("RAY_TMPDIR", ray_folder))
