"""The overview of batches whose runs have others, of an interrupted submission, and of thousands of batches."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from f5_pipeline.defs.batch_overview import BatchOverview, batch_overviews
from f5_pipeline.defs.code_location import define
from tests.defs.conftest import Project

NAMES = ["alder", "birch", "cedar"]


@pytest.fixture
def many(project: Project, instance: dg.DagsterInstance) -> Project:
    """Three batches, spoken by one run, which fails for the second of them."""
    for name in NAMES:
        project.manifest(f"id,text,voice\none,The {name} by the river.,f2\n", batch=name)
    project.manifest("words\nhello\n", batch="birch")
    instance.add_dynamic_partitions("batches", NAMES)
    values = {"settings": project.settings, "store": project.store, "load_engine": project.engine.load}
    tags = {"dagster/asset_partition_range_start": "alder", "dagster/asset_partition_range_end": "cedar"}
    job = define(**values).resolve_job_def("speech_batch")
    assert not job.execute_in_process(instance=instance, tags=tags, raise_on_error=False).success
    project.store.delete("manifests/b.csv")
    return project


def overviews(project: Project, instance: dg.DagsterInstance) -> dict[str, BatchOverview]:
    return {each.batch: each for each in batch_overviews(project.store, project.settings, instance)}


def test_a_failed_run_has_failed_for_some_of_its_batches_only(many: Project, instance: dg.DagsterInstance) -> None:
    many.manifest("id,text,voice\none,The alder by the lake.,f2\n", batch="alder")
    found = overviews(many, instance)
    assert {batch: each.state for batch, each in found.items()} == {
        "alder": "out of date",
        "birch": "failed",
        "cedar": "spoken",
    }
    assert found["alder"].reason == "changed since: manifest"
    assert found["birch"].last_run is not None
    assert found["birch"].last_run == found["cedar"].last_run


def test_an_interrupted_submission_is_not_spoken(many: Project, instance: dg.DagsterInstance) -> None:
    many.manifest("id,text,voice\none,Hello.,f2\n", batch="elder")
    many.store.write("manifests/elder.submitting", b"")
    found = overviews(many, instance)["elder"]
    assert (found.state, found.lines) == ("being submitted", None)
    assert "submit it again" in found.reason


def test_the_time_of_a_run_needs_no_look_into_its_events(many: Project, tmp_path: Path) -> None:
    """Dagster keeps the events of each run in a database of its own: opening it for each batch takes seconds."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        assert many.run(instance, "alder").success
        databases = list((tmp_path / "history" / "runs").glob("*-*.db"))
        assert databases
        for database in databases:
            database.unlink()
        assert overviews(many, instance)["alder"].last_run is not None
