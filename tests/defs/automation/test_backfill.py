"""A backfill of many batches, as *Materialize all… → Launch backfill* in the UI starts it: by Dagster's own code."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.backfill import execute_backfill_iteration

from f5_pipeline.results.index import read_index
from f5_pipeline.storage.local import LocalStore
from tests.material import put_voices

NAMES = ["alder", "birch", "cedar", "elder", "fir"]
IN_PROCESS = {
    "module": "dagster._core.launcher.sync_in_memory_run_launcher",
    "class": "SyncInMemoryRunLauncher",
}
WITHOUT_QUEUE = {"module": "dagster._core.run_coordinator", "class": "DefaultRunCoordinator"}


@pytest.fixture
def store(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    put_voices(store, "f2")
    for name in NAMES:
        store.write(f"manifests/{name}.csv", f"text,voice\nthe {name} by the river.,f2\n".encode())
        store.write(f"manifests/{name}.toml", b"nfe_step = 5\nmax_attempts = 1\n")
    for variable, value in {"F5_STORE": store.url, "F5_CACHE": str(cache), "F5_DEVICE": "cpu"}.items():
        monkeypatch.setenv(variable, value)
    return store


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_backfill_of_five_batches_is_one_run(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    overrides = {"run_launcher": IN_PROCESS, "run_coordinator": WITHOUT_QUEUE}
    with (
        dg.DagsterInstance.local_temp(str(tmp_path / "instance"), overrides=overrides) as instance,
        create_test_daemon_workspace_context(
            ModuleTarget("f5_pipeline.definitions", None, ".", "f5"), instance
        ) as workspace,
    ):
        instance.add_dynamic_partitions("batches", NAMES)
        (location,) = workspace.create_request_context().code_locations
        (repository,) = location.get_repositories().values()
        instance.add_backfill(
            PartitionBackfill(
                backfill_id="all",
                partition_set_origin=repository.get_partition_set("speech_batch_partition_set").get_remote_origin(),
                status=BulkActionStatus.REQUESTED,
                partition_names=NAMES,
                from_failure=False,
                reexecution_steps=None,
                tags={},
                backfill_timestamp=time.time(),
            )
        )
        for _ in range(2):
            errors = [error for error in execute_backfill_iteration(workspace, logging.getLogger("backfill")) if error]
            assert errors == []
        runs = instance.get_runs()
        assert [run.status for run in runs] == [dg.DagsterRunStatus.SUCCESS]
        backfill = instance.get_backfill("all")
        assert backfill is not None
        assert backfill.status is BulkActionStatus.COMPLETED_SUCCESS
        materialized = instance.get_materialized_partitions(dg.AssetKey("delivered_audio"))
        assert materialized == set(NAMES)
    for name in NAMES:
        assert [row.status for row in read_index(store, name) or []] in (["ok"], ["suspect"])
        assert store.stat(f"batches/{name}/report.html") is not None
