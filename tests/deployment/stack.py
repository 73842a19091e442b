"""The services of compose.yaml as plain processes: the same commands, settings, files and health checks.

A container is a folder (files, home, temporary files), an environment with only the variables of the image and of
compose.yaml, and the programs of its image. Only locations differ: hosts are this machine, ports are free ones, folders
of the container are below its folder, and volumes are folders that services share.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from tests.deployment import postgres
from tests.deployment.compose import Service, read_compose
from tests.deployment.dockerfile import ROOT
from tests.deployment.environments import make_environment
from tests.storage.servers import free_port, tool

_WORKDIR = "/opt/dagster"
_FILES_PORT = "3001"  # in the container of the service files
_START_SECONDS = 240
_STOP_SECONDS = 600  # what compose.yaml gives the code server
# Numeric libraries choose their kernels by these variables, on machines that need it.
_MACHINE_VARIABLES = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}


class Stack:
    """A context manager: leaving it kills every process."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.services: dict[str, Service] = read_compose(variables)
        self.unhealthy_before: set[str] = set()  # services whose health check failed before they were started
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._exit = ExitStack()
        self._network, self.web = _network()
        self._files_port = str(free_port())
        self.files_address = f"http://127.0.0.1:{self._files_port}"
        self._serve_postgres: list[str] = []
        self.instance_bin = make_environment(folder / "instance", _instance_requirements(), [ROOT / "f5_pipeline"])

    def __enter__(self) -> Stack:
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._processes):
            self.kill(name)
        self._exit.close()

    def up(self, *, except_for: Sequence[str] = ()) -> None:
        """Start all services, and wait until they are healthy or have completed."""
        started = [name for name in self.services if name not in except_for]
        for name in started:
            self.begin(name)
        for name in started:
            self._wait(name, "service_healthy" if self.services[name].health else "service_completed_successfully")

    def begin(self, name: str) -> None:
        """Start a service when its dependencies are ready. Its health check is run before, too: it must fail then."""
        service = self.services[name]
        for other, condition in service.needs.items():
            self._wait(other, condition)
        if service.health and not self.healthy(name):
            self.unhealthy_before.add(name)
        self.start(name)

    def start(self, name: str) -> None:
        service = self.services[name]
        command = self._command(service)
        with self._log(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command,
                env=self.environment(name),
                cwd=self._home(name),
                stdout=log,
                stderr=log,
                start_new_session=True,
                **(postgres.user() if service.image == "postgres" else {}),
            )

    def run(self, name: str, *command: str, text: bool = True) -> subprocess.CompletedProcess[Any]:
        """Like ``docker compose exec``."""
        return subprocess.run(
            command, env=self.environment(name), cwd=self._home(name), capture_output=True, text=text, check=False
        )

    def healthy(self, name: str) -> bool:
        service = self.services[name]
        return self.run(name, *(self._local(service, word) for word in service.health)).returncode == 0

    def stop(self, name: str) -> bool:
        """Like ``docker compose stop``: terminate it, then kill all its processes. Returns True if it ended in time."""
        process = self._processes.pop(name)
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        ended = process.poll() is not None
        self._kill(process)
        return ended

    def running(self, name: str) -> bool:
        return name in self._processes

    def kill(self, name: str) -> None:
        """Kill all its processes at once, as when a container is killed."""
        self._kill(self._processes.pop(name))

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def log(self, name: str) -> str:
        """The output of a service."""
        return self._log(name).read_text(errors="replace")

    def environment(self, name: str) -> dict[str, str]:
        """All variables of a container."""
        service, home = self.services[name], self._home(name)
        values = {key: self._local(service, value) for key, value in service.environment.items()}
        values |= {key: value for key, value in self._network.items() if key in values}
        if service.image == "postgres":
            values |= {"PGHOST": "127.0.0.1", "PGPORT": self._network["POSTGRES_PORT"]}
            values |= {"PGPASSWORD": values["POSTGRES_PASSWORD"]}  # the socket in the container needs no password
        (home / "tmp").mkdir(exist_ok=True)
        path = f"{self._programs(service)}:/usr/bin:/bin"
        return {**_MACHINE_VARIABLES, **values, "PATH": path, "HOME": str(home), "TMPDIR": str(home / "tmp")}

    def files(self) -> list[Path]:
        """All files that the services have written, except for those of PostgreSQL and the bucket."""
        return [path for name in self.services for path in (self._folder / "containers" / name).rglob("*")]

    def _command(self, service: Service) -> list[str]:
        if service.image == "postgres":
            port = int(self._network["POSTGRES_PORT"])
            return self._exit.enter_context(postgres.cluster(service.environment, port))
        words = [self._local(service, word) for word in service.command]
        return ["rclone", *words] if service.image == "rclone/rclone" else words

    def _programs(self, service: Service) -> Path:
        if service.image == "postgres":
            return postgres.programs() or Path("/nowhere")
        if service.image == "rclone/rclone":
            return Path(tool("rclone")).parent
        return self.instance_bin if service.image == "instance" else Path(sys.executable).parent

    def _local(self, service: Service, text: str) -> str:
        """A path of the container as a path of this machine, and its port as one; other text unchanged."""
        text = text.replace(_FILES_PORT, self._files_port)
        folders = {target: self._folder / "volumes" / volume for target, volume in service.volumes.items()}
        folders[_WORKDIR] = self._home(service.name)
        for target, folder in folders.items():
            if text == target or text.startswith(f"{target}/"):
                folder.mkdir(parents=True, exist_ok=True)
                return str(folder) + text.removeprefix(target)
        return text

    def _home(self, name: str) -> Path:
        """The container's working folder, with the files that are in the image."""
        home = self._folder / "containers" / name
        if not home.exists():
            home.mkdir(parents=True)
            for file in ("dagster.yaml", "workspace.yaml"):
                shutil.copy(ROOT / "docker" / file, home)
        return home

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _wait(self, name: str, condition: str) -> None:
        process, deadline = self._processes[name], time.monotonic() + _START_SECONDS
        while not self._fulfilled(name, condition):
            done = process.poll()
            assert done in (None, 0), f"{name} ended with {done}:\n{self.log(name)[-4000:]}"
            assert time.monotonic() < deadline, f"{name} is not {condition}:\n{self.log(name)[-4000:]}"
            time.sleep(0.5)

    def _fulfilled(self, name: str, condition: str) -> bool:
        if condition == "service_completed_successfully":
            return self._processes[name].poll() == 0
        return self.healthy(name)

    @staticmethod
    def _kill(process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _network() -> tuple[dict[str, str], str]:
    """The variables with the addresses of the services, and the address of the UI."""
    database, code, web, bucket = (str(free_port()) for _ in range(4))
    return {
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": database,
        "DAGSTER_CODE_HOST": "127.0.0.1",
        "DAGSTER_GRPC_HOST": "127.0.0.1",
        "DAGSTER_GRPC_PORT": code,
        "DAGSTER_WEBSERVER_HOST": "127.0.0.1",
        "DAGSTER_WEBSERVER_PORT": web,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{bucket}",
        "RCLONE_S3_ENDPOINT": f"http://127.0.0.1:{bucket}",
        "RCLONE_ADDR": f"127.0.0.1:{bucket}",
    }, f"http://127.0.0.1:{web}"


def _instance_requirements() -> Sequence[str]:
    """The packages that the Dockerfile installs into the image ``instance``."""
    lines = (ROOT / "docker" / "instance.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]
