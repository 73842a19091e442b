"""The Ray cluster: a connection to it, or one that is started here, and noticing that it is lost. No workers here."""

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

from f5_pipeline.cluster.ray_errors import why
from f5_pipeline.errors import RayMissing, RayUnreachable

LOCAL = "local"
HEAD_SECONDS = 30.0  # that a head may be away, to be started anew; Ray Client waits as long, Ray itself twice that
_SEEN_SECONDS = 1.0  # for which a head that has answered counts as there
_DIED_AT_ITS_FORK = "Starting Ray client server failed"  # one in ten: https://github.com/ray-project/ray/issues/63202
_TRIES = 4
_OBJECT_STORE = 200_000_000  # bytes, of a cluster that is started here: only lines and rows travel
_HOST_AND_PORT = re.compile(r"[^/]+:\d+$")

Amounts = dict[str, float]  # of CPU and GPU


class Cluster:
    """A cluster that this process is connected to.

    Attributes:
        address: by which people know it.
        machines: what each of them has, those that are not busy and those that are.
        lost: whether the connection is gone; it does not come back.

    Raises:
        RayUnreachable: it does not answer.
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
        """Around whatever asks Ray for something.

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
            if not isinstance(error, known) and type(error) is not Exception:  # which Ray Client raises, too
                raise
            self.lost = isinstance(error, _lost())
            how = "the connection to it was lost: " if self.lost else ""
            raise RayUnreachable(self.address, how + why(error)) from error

    def _await_head(self) -> None:
        """Have an answer of the head, if it is asked from here: a minute after it was lost, Ray ends this process.

        Raises:
            OSError: it has been away for too long.
        """
        deadline = time.monotonic() + HEAD_SECONDS
        while self._head and time.monotonic() - self._seen > _SEEN_SECONDS:
            try:
                _ask(self._head)
                self._seen = time.monotonic()
            except OSError as error:
                if time.monotonic() > deadline:
                    raise OSError(f"its head has not answered for {HEAD_SECONDS:.0f} seconds ({error})") from None
                time.sleep(1)


@contextmanager
def connected(address: str, log: logging.Logger) -> Iterator[Cluster]:
    """A cluster to work with; one that was started for it is stopped.

    If this process is connected already, by a resource of ``dagster-ray`` for example, that cluster is used, and left
    to whoever connected it.

    Raises:
        RayMissing: Ray is not installed.
        RayUnreachable: the cluster does not answer, or cannot be started.
    """
    os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")  # else it starts a cluster of its own when it loses this one
    try:
        import ray
    except ImportError:
        raise RayMissing() from None
    if ray.is_initialized():
        yield Cluster(ray, None)
        return
    # In a thread Ray leaves the signals alone. Dagster ends a run with SIGTERM, of which Ray would make sys.exit, even
    # while a cluster is half started. The thread stays: the kernel ends Ray's processes with the one that started them.
    with ThreadPoolExecutor(1, "ray") as keeper:
        try:
            _connect_or_refuse(keeper, ray, address, log)
            yield Cluster(ray, address)
        finally:  # after whatever it is at
            if failure := keeper.submit(ray.shutdown).exception():
                log.warning(f"The Ray cluster {address!r} could not be left in order: {why(failure)}")


def _connect_or_refuse(keeper: Executor, ray: Any, address: str, log: logging.Logger) -> None:
    """Raises ``RayUnreachable``."""
    failures: tuple[type[Exception], ...] = (*_lost(), *_refused(ray), RuntimeError, ValueError)
    for more in reversed(range(_TRIES)):
        try:
            return keeper.submit(_connect, ray, address).result()
        except failures as error:
            if _DIED_AT_ITS_FORK not in str(error) or not more:
                raise RayUnreachable(address, why(error)) from error
            log.warning(f"Ray Client's server at {address!r} could not start a process for this run: it is asked anew")


def _lost() -> tuple[type[Exception], ...]:
    """What Ray raises if it cannot reach the cluster."""
    from grpc import RpcError

    return OSError, RpcError


def _refused(ray: Any) -> tuple[type[Exception], ...]:
    """And if the cluster cannot do as it is told."""
    return ImportError, ray.exceptions.RayError


def _is_client() -> bool:
    """Whether this process asks Ray Client's server, and that asks the head."""
    from ray.util.client import ray as client

    return bool(client.is_connected())


def _ask(head: str) -> None:
    """Have an answer of ``host:port``; ``OSError`` if there is none."""
    host, _, port = head.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()


def _connect(ray: Any, address: str) -> None:
    logging.getLogger("ray").setLevel(logging.ERROR)  # that it leaves signals alone is a warning
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address != LOCAL:
        if _HOST_AND_PORT.match(address):
            _ask(address)  # Ray would not return from it
        ray.init(address=address, **quiet)
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would report each start to its makers
    os.environ.setdefault("RAY_worker_niceness", "0")  # and give workers what other programs leave over
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # and write one into the user's home, for good
    ray.init(address=LOCAL, include_dashboard=False, object_store_memory=_OBJECT_STORE, **quiet)
