"""``generated_audio`` on a Ray cluster, as Dagster shows it; without a cluster, Ray is not imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.cluster.engines import Watched
from tests.cluster.ray_fixtures import AddNode
from tests.defs.conftest import Project

pytestmark = pytest.mark.slow


def test_a_batch_on_a_cluster(
    project: Project,
    instance: dg.DagsterInstance,
    cluster: Any,
    add_node: AddNode,
    tmp_path: Path,
) -> None:
    add_node()
    settings = project.settings.model_copy(update={"ray_address": cluster.address, "ray_cpus_per_worker": 1})
    watched = Watched(tmp_path / "watched")
    result = project.run(instance, settings=settings, load_engine=watched.load)
    assert result.success
    (spoken,) = (
        event for event in result.get_asset_materialization_events() if event.asset_key.path == ["generated_audio"]
    )
    metadata = spoken.materialization.metadata
    assert metadata["ok"].value == 3
    (worker,) = metadata["workers"].value.records
    assert (worker.data["lines"], worker.data["left"]) == (3, "")
    assert worker.data["times_real_time"] > 0
    log = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert any("Lines: 3. Clips to speak: 3" in (line or "") for line in log)
    assert any(line.startswith("Worker 0 is ready: ") for line in log)
    again = project.run(instance, settings=settings, load_engine=watched.load)
    assert again.success
    assert len(watched.texts) == 3


_OF_DAGSTER_RAY = """
import sys
from pathlib import Path

import dagster as dg
import ray
from dagster_ray.core import LocalRay
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.defs.conftest import Project
from tests.cluster.engines import Watched

root, cache = map(Path, sys.argv[1:])
store, watched = LocalStore(root / "store"), Watched(root / "watched")
project = Project(store, Settings(store=store.url, cache=cache, recogniser="none", ray_cpus_per_worker=1))
with dg.DagsterInstance.ephemeral() as instance:
    assert project.run(instance, load_engine=watched.load, ray_cluster=LocalRay()).success
print(len(watched.texts), ray.is_initialized())
"""


def test_a_resource_of_dagster_ray_replaces_the_setting(
    project: Project,
    cluster: Any,
    add_node: AddNode,
    tmp_path: Path,
    cache: Path,
) -> None:
    """Its cluster is used, and the resource disconnects from it."""
    add_node()
    done = subprocess.run(
        [sys.executable, "-c", _OF_DAGSTER_RAY, str(tmp_path), str(cache)],
        env={**os.environ, "RAY_ADDRESS": cluster.address},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["3", "False"], done.stderr[-2000:]


_WITHOUT_RAY = """
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

class Without(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        assert name.partition(".")[0] not in ("ray", "dagster_ray"), f"{name} is imported"

sys.meta_path.insert(0, Without())
import dagster as dg
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.defs.conftest import Project
from tests.material import put_voices

store = LocalStore(sys.argv[1])
put_voices(store, "f2", "m1")
project = Project(store, Settings(store=store.url, cache=Path(sys.argv[2]), device="cpu", recogniser="none"))
project.manifest()
with dg.DagsterInstance.ephemeral() as instance:
    assert project.run(instance).success
print(len(project.engine.spoken))
"""


def test_without_the_setting_ray_is_not_imported(tmp_path: Path, cache: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_RAY, str(tmp_path / "store"), str(cache)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "3", done.stderr[-2000:]
