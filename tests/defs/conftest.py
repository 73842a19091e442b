"""A store with two voices and a batch, the cache, and the definitions with a fake engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest

from f5_pipeline.defs.code_location import define
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.material import put_voices
from tests.synthesis.fake_engine import FakeEngine

MANIFEST = "id,text,voice\nfirst,The first line.,f2\nsecond,The second line.,m1\nthird,And the third one.,f2\n"


@dataclass
class Project:
    """The objects that a job works on."""

    store: LocalStore
    settings: Settings
    engine: FakeEngine = field(default_factory=FakeEngine)
    instance: dg.DagsterInstance | None = None  # for assets that are called directly

    def manifest(self, text: str = MANIFEST, toml: str = "", batch: str = "b") -> None:
        self.store.write(f"manifests/{batch}.csv", text.encode())
        self.store.write(f"manifests/{batch}.toml", toml.encode())

    def run(
        self, instance: dg.DagsterInstance, batch: str = "b", job: str = "speech_batch", **resources: object
    ) -> dg.ExecuteInProcessResult:
        """Execute a job as ``f5-pipeline run`` does."""
        values = {"settings": self.settings, "store": self.store, "load_engine": self.engine.load, **resources}
        instance.add_dynamic_partitions("batches", [batch])
        return (
            define(**values)
            .resolve_job_def(job)
            .execute_in_process(
                instance=instance, partition_key=None if job == "setup" else batch, raise_on_error=False
            )
        )


@pytest.fixture
def project(tmp_path: Path, cache: Path, shared_instance: dg.DagsterInstance) -> Project:
    store = LocalStore(tmp_path / "store")
    put_voices(store, "f2", "m1")
    settings = Settings(store=store.url, cache=cache, device="cpu", recogniser="none")
    project = Project(store, settings, instance=shared_instance)
    project.manifest()
    return project


@pytest.fixture(scope="session")
def shared_instance() -> Iterator[dg.DagsterInstance]:
    """An instance for tests that do not depend on its records."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance without records."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance
