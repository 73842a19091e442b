"""The connection to a Ray cluster, which may be started for it, and the detection of its loss. No workers here."""

from __future__ import annotations

import logging
import os
import re
import secrets
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from f5_pipeline.cluster.ray_errors import reason_of
from f5_pipeline.errors import RayMissing, RayUnreachable

LOCAL = "local"
HEAD_SECONDS = 30.0  # for a head to restart; Ray Client waits as long, Ray itself twice as long
_SEEN_SECONDS = 1.0  # between two checks that the head answers
_FORK_FAILED = "Starting Ray client server failed"  # one start in ten: https://github.com/ray-project/ray/issues/63202
_ATTEMPTS = 4
_OBJECT_STORE = 200_000_000  # bytes, for a cluster that this process starts: it carries only lines and rows
_HOST_AND_PORT = re.compile(r"[^/]+:\d+$")

Amounts = dict[str, float]  # of CPU and GPU


class Cluster:
    """A cluster that this process is connected to.

    Attributes:
        address: for messages.
        machines: CPUs and GPUs of each machine, whether in use or not.
        lost: True if the connection is lost, which is final.

    Raises:
        RayUnreachable: the cluster does not answer.
    """

    def __init__(self, ray: Any, address: str | None) -> None:
        self._ray, self._head, self._seen = ray, "", 0.0
        self.address, self.lost = address or "", False
        with self.calling():
            head = str(ray.get_runtime_context().gcs_address)
            self.address = address or head
            self._head = "" if _is_client() else head
            nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        self.machines = [{name: float(node.get(name, 0.0)) for name in ("CPU", "GPU")} for node in nodes]

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Wraps each call to Ray.

        Raises:
            RayUnreachable: the cluster is lost.
        """
        if self.lost or not self._ray.is_initialized():  # Ray Client closes itself
            self.lost = True
            raise RayUnreachable(self.address, "the connection to it has ended")
        try:
            self._await_head()
            yield
        except Exception as error:
            known = (*_lost(), *_refused(self._ray))
            if not isinstance(error, known) and type(error) is not Exception:  # Ray Client raises plain Exceptions, too
                raise
            self.lost = isinstance(error, _lost())
            how = "the connection to it was lost: " if self.lost else ""
            raise RayUnreachable(self.address, how + reason_of(error)) from error

    def _await_head(self) -> None:
        """Wait until the head answers: one minute after it is lost, Ray ends this process.

        With Ray Client there is nothing to check.

        Raises:
            OSError: it has not answered for too long.
        """
        deadline = time.monotonic() + HEAD_SECONDS
        while self._head and time.monotonic() - self._seen > _SEEN_SECONDS:
            try:
                _check_port(self._head)
                self._seen = time.monotonic()
            except OSError as error:
                if time.monotonic() > deadline:
                    raise OSError(f"its head has not answered for {HEAD_SECONDS:.0f} seconds ({error})") from None
                time.sleep(1)


@contextmanager
def connected(address: str, log: logging.Logger) -> Iterator[Cluster]:
    """A connection to a cluster. ``local`` starts a cluster on this machine and stops it at the end.

    If this process is connected already, for example by a resource of ``dagster-ray``, that connection is used and
    left open.

    Raises:
        RayMissing: Ray is not installed.
        RayUnreachable: the cluster does not answer, or cannot be started.
    """
    os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")  # else Ray starts a new cluster when it loses this one
    try:
        import ray
    except ImportError:
        raise RayMissing() from None
    if ray.is_initialized():
        yield Cluster(ray, None)
        return
    # In a thread Ray installs no signal handlers. Dagster ends a run with SIGTERM, which Ray would turn into sys.exit,
    # even while a cluster starts. The thread stays: the kernel ends Ray's processes with the thread that started them.
    with ThreadPoolExecutor(1, "ray") as keeper:
        try:
            _connect_or_refuse(keeper, ray, address, log)
            yield Cluster(ray, address)
        finally:  # once the thread has finished what it is doing
            if failure := keeper.submit(ray.shutdown).exception():
                log.warning(f"The Ray cluster {address!r} could not be shut down cleanly: {reason_of(failure)}")


def _connect_or_refuse(keeper: Executor, ray: Any, address: str, log: logging.Logger) -> None:
    """Connect in the thread.

    Raises:
        RayUnreachable: the cluster does not answer, or cannot be started.
    """
    failures: tuple[type[Exception], ...] = (*_lost(), *_refused(ray), RuntimeError, ValueError)
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            return keeper.submit(_connect, ray, address).result()
        except failures as error:
            if _FORK_FAILED not in str(error) or not attempts_left:
                raise RayUnreachable(address, reason_of(error)) from error
            log.warning(f"Ray Client's server at {address!r} could not start a process for this run; trying again")


def _lost() -> tuple[type[Exception], ...]:
    """Exceptions that Ray raises if it cannot reach the cluster."""
    from grpc import RpcError

    return OSError, RpcError


def _refused(ray: Any) -> tuple[type[Exception], ...]:
    """Exceptions that Ray raises if the cluster refuses a request."""
    return ImportError, ray.exceptions.RayError


def _is_client() -> bool:
    """True if this process is connected through Ray Client."""
    from ray.util.client import ray as client

    return bool(client.is_connected())


def _check_port(address: str) -> None:
    """Raises ``OSError`` if ``host:port`` does not accept a connection."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()


def _connect(ray: Any, address: str) -> None:
    logging.getLogger("ray").setLevel(logging.ERROR)  # it warns that it installs no signal handlers
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address != LOCAL:
        if _HOST_AND_PORT.match(address):
            _check_port(address)  # with no answer, ray.init would never return
        ray.init(address=address, **quiet)
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else Ray reports each start to its developers
    os.environ.setdefault("RAY_worker_niceness", "0")  # else workers get a lower priority
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # else Ray writes one into the home folder
    ray.init(address=LOCAL, include_dashboard=False, object_store_memory=_OBJECT_STORE, **quiet)
