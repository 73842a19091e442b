"""The deployment of docker/compose.yaml, started once for all tests that use it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest

from tests.deployment import postgres
from tests.deployment.compose import example_variables
from tests.deployment.stack import Stack

SECRETS = {name: secrets.token_hex(12) for name in ("POSTGRES_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All services up and healthy, with the demo's batch; except for the daemon, which would start its run."""
    if postgres.programs() is None and "CI" not in os.environ:
        pytest.skip("PostgreSQL is missing: apt-get install postgresql")
    with Stack(tmp_path_factory.mktemp("stack"), example_variables(**SECRETS)) as running:
        running.up(except_for=["daemon"])
        yield running
