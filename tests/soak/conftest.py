"""Fixtures of the storage tests: servers, and an environment without this machine's credentials."""

from __future__ import annotations

from tests.storage.conftest import aws_environment, rclone_server

__all__ = ["aws_environment", "rclone_server"]
