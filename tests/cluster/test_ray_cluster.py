"""Connections to a Ray cluster: through Ray Client, to a head that dies or does not answer, and interrupted ones."""

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
from tests.cluster.batch import TIMEOUT, Batch, comparable, some_lines, wait_for, worker_variables
from tests.cluster.driver import start_driver
from tests.cluster.engines import Watched
from tests.running import with_variable
from tests.storage.servers import free_port

LOG = logging.getLogger("tests.cluster")
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Head:
    """The head of a cluster of one machine, started with ``ray start``."""

    process: subprocess.Popen[bytes]
    address: str
    client_address: str

    def kill(self) -> None:
        """Kill it, and all processes that it has started."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def head(cache: Path, ray_folder: Path) -> Iterator[Head]:
    prove_environment(Settings(cache=cache))
    gcs, client = free_port(), free_port()
    options = [f"--port={gcs}", f"--ray-client-server-port={client}", "--num-cpus=2", "--include-dashboard=false"]
    code = "from ray.scripts.scripts import main; main()"
    environment = {**worker_variables(cache), "PYTHONPATH": str(ROOT)}
    environment |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    environment["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # as in docs/scale.md: else one client in ten has to try again
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


# Ray's client server misses Ray's own connection time-out of 30 s now and then, on a busy machine.
@pytest.mark.flaky(reruns=2, only_rerun="ray client connection timeout")
def test_ray_client_and_the_loss_of_the_head(
    head: Head, batch: Batch, other_batch: Batch, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both kinds of connection fail soon after the loss, with one transient error."""
    monkeypatch.setenv("RAY_CLIENT_RECONNECT_GRACE_PERIOD", "3")
    for one in (batch, other_batch):
        one.write(some_lines(8))
    report = batch.speak_on_ray(Watched(tmp_path / "watched").load, ray_address=head.client_address)
    expected = other_batch.speak_in_process(Watched(tmp_path / "one process").load)
    assert [comparable(row) for row in report.rows] == [comparable(row) for row in expected.rows]
    assert not any(worker.left for worker in report.workers)

    runs = []
    for name, address in {"client": head.client_address, "direct": head.address}.items():
        (tmp_path / name).mkdir()
        run = Batch(LocalStore(tmp_path / name / "store"), cache)
        run.write(some_lines(80))
        runs.append((run, start_driver(tmp_path / name, cache, 0.5, address)))
    wait_for(lambda: all(len(run.clips) >= 2 for run, _ in runs))
    head.kill()
    for _, process in runs:
        with process:
            output, errors = process.communicate(timeout=TIMEOUT)
        assert output.startswith("RayUnreachable transient The Ray cluster ")
        assert output.count("the connection to it was lost: ") == 1
        assert output.split()[-1] == "False"
        assert "Traceback" not in errors


def test_a_head_that_does_not_answer() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(RayUnreachable, match="Connection refused"), connected(address, LOG):
        pass


FORK_FAILED = "Initialization failure from server:\nRuntimeError: Starting Ray client server failed."


@pytest.mark.parametrize(
    ("errors", "attempts", "reason"),
    [([FORK_FAILED] * 9, 4, "Starting Ray client server failed"), ([FORK_FAILED, "no"], 2, "no"), (["no"], 1, "no")],
)
def test_ray_client_connects_again_if_its_server_could_not_start_a_process(
    errors: list[str], attempts: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    remaining = iter(errors)

    def init(**_: object) -> None:
        raise ConnectionAbortedError(next(remaining))

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(RayUnreachable, match=reason), connected("ray://head:10001", LOG):
        pass
    assert len(errors) - len(list(remaining)) == attempts


def test_a_terminated_run_stops_its_cluster(batch: Batch, tmp_path: Path, cache: Path, ray_folder: Path) -> None:
    batch.write(some_lines(20))
    with start_driver(tmp_path, cache, 0.5, "local") as process:
        wait_for(lambda: len(batch.clips) >= 2)
        assert len(with_variable("RAY_TMPDIR", ray_folder)) > 3
        process.terminate()
        output, _ = process.communicate(timeout=TIMEOUT)
    assert output.split() == ["interrupted", "False"]
    wait_for(lambda: not with_variable("RAY_TMPDIR", ray_folder))


def test_a_run_terminated_while_its_cluster_starts_stops_it(
    batch: Batch, tmp_path: Path, cache: Path, ray_folder: Path
) -> None:
    batch.write(some_lines(20))
    with start_driver(tmp_path, cache, 0.5, "local") as process:
        wait_for(lambda: len(with_variable("RAY_TMPDIR", ray_folder)) >= 2)  # its own, and one of the cluster
        process.terminate()
        output, _ = process.communicate(timeout=TIMEOUT)
    assert (output.split(), process.returncode) == (["interrupted", "False"], 0)
    assert not batch.clips
    wait_for(lambda: not with_variable("RAY_TMPDIR", ray_folder))
