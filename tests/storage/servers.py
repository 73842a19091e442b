"""Real S3 servers for tests: ``rclone serve s3``, which checks signatures, and moto, which covers more of the API.

Each runs once per test session on a free local port and gives every test its own bucket.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ACCESS_KEY, SECRET_KEY = "ACCESSKEY1234567", "SECRETKEY1234567"
_START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running S3 server."""

    kind: str  # "rclone" | "moto"
    endpoint: str

    def bucket(self) -> str:
        """Create a new bucket and return its name."""
        name = f"bucket-{secrets.token_hex(6)}"
        client(self.endpoint).create_bucket(Bucket=name)
        return name


def environment(endpoint: str) -> dict[str, str]:
    """The variables that point boto3 to a test server, without the machine's own settings."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@lru_cache
def client(endpoint: str):
    """A plain boto3 client, for access that bypasses the store."""
    import boto3
    from botocore.config import Config

    config = Config(request_checksum_calculation="when_required", response_checksum_validation="when_required")
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config, **keys)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tool(name: str) -> str:
    """A program of the development dependencies, beside this interpreter or on the path."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    assert found, f"{name} is missing: pip install -e '.[dev]'"
    return found


@contextmanager
def rclone(folder: Path, port: int = 0) -> Iterator[Server]:
    """``rclone serve s3`` on a folder. ``port``: of a server that is started again."""
    port = port or free_port()
    command = [tool("rclone"), "serve", "s3", "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--addr"]
    command += [f"127.0.0.1:{port}", "--config", os.devnull, "--vfs-cache-mode", "off", str(folder)]
    with _running(command, port):
        yield Server("rclone", f"http://127.0.0.1:{port}")


@contextmanager
def moto() -> Iterator[Server]:
    """moto's server in its own process."""
    port = free_port()
    with _running([tool("moto_server"), "-H", "127.0.0.1", "-p", str(port)], port):
        yield Server("moto", f"http://127.0.0.1:{port}")


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not answers(port):
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{command[0]} does not answer"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def answers(port: int) -> bool:
    """True if a server listens on a local port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
