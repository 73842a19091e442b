"""Compute logs in a bucket, with the configuration that ``docs/automation.md`` gives, on a real S3 server."""

from __future__ import annotations

import re
from pathlib import Path

import dagster as dg
import pytest
import yaml

from f5_pipeline.defs.instance.instance import register_batch
from tests.defs.conftest import Project
from tests.storage import servers

ROOT = Path(__file__).resolve().parents[3]


def test_the_documented_configuration_stores_compute_logs_in_a_bucket(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs/automation.md").read_text(), re.M | re.S)
    (tmp_path / "served").mkdir()
    home = tmp_path / "home"
    with servers.rclone(tmp_path / "served") as server:
        for name, value in servers.environment(server.endpoint).items():
            monkeypatch.setenv(name, value)
        servers.client(server.endpoint).create_bucket(Bucket=yaml.safe_load(block)["compute_logs"]["config"]["bucket"])
        monkeypatch.setenv("DAGSTER_HOME", str(home))
        home.mkdir()
        ours = (ROOT / "f5_pipeline/defs/dagster.yaml").read_text()
        (home / "dagster.yaml").write_text(f"{ours}\n{block}")
        register_batch("b")
        with dg.DagsterInstance.from_config(str(home)) as instance:
            assert project.run(instance).success
            (run,) = instance.get_runs()
        listed = servers.client(server.endpoint).list_objects_v2(Bucket="my-logs", Prefix="dagster/")
        keys = [entry["Key"] for entry in listed["Contents"]]
        assert {Path(key).suffix for key in keys if run.run_id in key} >= {".out", ".err"}
