"""The pipeline as a library: several in one project, batches from upstream assets, the component."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

import f5_pipeline
from f5_pipeline.defs.automation.batch_runs import busy_batches, latest_run
from f5_pipeline.defs.code_location import define
from f5_pipeline.defs.component import SpeechPipeline
from f5_pipeline.defs.pipeline import DEFAULT, Pipeline
from f5_pipeline.errors import BadSetting
from f5_pipeline.results.index import read_index
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.defs.conftest import Project
from tests.defs.story import START, add_run_in_progress

ROWS: list[dict[str, Any]] = [{"id": "one", "text": "A first line.", "voice": "f2"}]


def of_project(project: Project, **options: Any) -> dg.Definitions:
    resources = {"settings": project.settings, "store": project.store, "load_engine": project.engine.load}
    return f5_pipeline.speech_definitions(resources=resources, **options)


def upstream(value: Any, **options: Any) -> dg.AssetsDefinition:
    @dg.asset(**options)
    def lines() -> Any:
        return value

    return lines


def write(project: Project, instance: dg.DagsterInstance, lines: dg.AssetsDefinition, **options: Any) -> Any:
    """Materialize the upstream asset and ``manifests``."""
    definitions = dg.Definitions.merge(
        of_project(project, key_prefix="p", manifests_from="lines", **options),
        dg.Definitions(assets=[lines], resources={"io_manager": dg.mem_io_manager}),
    )
    job = definitions.resolve_implicit_global_asset_job_def()
    keys = [dg.AssetKey("lines"), dg.AssetKey(["p", "manifests"])]
    return job.execute_in_process(instance=instance, asset_selection=keys, raise_on_error=False)


def manifests(project: Project) -> dict[str, bytes]:
    keys = [info.key for info in project.store.list("manifests/") if "/b." not in info.key]
    return {key.removeprefix("manifests/"): project.store.read(key) for key in keys}


def failure(result: Any) -> str:
    (failed,) = result.get_step_failure_events()
    return str(failed.step_failure_data.user_failure_data.description)


# --- several pipelines in one project -------------------------------------------------------------------------


def names(definitions: dg.Definitions) -> list[str]:
    repository = definitions.get_repository_def()
    graph = definitions.resolve_asset_graph()
    policies = [each.name for each in (*repository.sensor_defs, *repository.schedule_defs)]
    jobs = [name for name in repository.job_names if not name.startswith("__")]
    keys = [key.to_python_identifier() for key in graph.get_all_asset_keys()]
    partitions = {str(each.name) for key in graph.get_all_asset_keys() if (each := graph.get(key).partitions_def)}  # type: ignore[attr-defined]
    return [*policies, *jobs, *keys, *partitions, *(definitions.resources or {})]


def test_pipelines_of_one_project_share_no_name() -> None:
    parts = [define(), *(f5_pipeline.speech_definitions(key_prefix=name) for name in ("french", "german"))]
    all_names = [name for part in parts for name in names(part)]
    assert len(all_names) == len(set(all_names)) > 50
    merged = dg.Definitions.merge(*parts)
    dg.Definitions.validate_loadable(merged)
    assert sorted(names(merged)) == sorted(all_names)


def test_a_pipeline_with_a_prefix_speaks_a_batch(project: Project, instance: dg.DagsterInstance) -> None:
    job = of_project(project, key_prefix=["audio", "french"]).resolve_job_def("audio__french__speech_batch")
    instance.add_dynamic_partitions("audio__french__batches", ["b"])
    assert job.execute_in_process(instance=instance, partition_key="b").success
    assert [row.status for row in read_index(project.store, "b") or []] == ["ok"] * 3
    assert instance.get_dynamic_partitions("batches") == []
    pipeline = Pipeline(("audio", "french"))
    assert latest_run(instance, "b", pipeline) is not None
    assert latest_run(instance, "b") is None


def test_a_run_of_several_batches_works_with_a_prefix(project: Project, instance: dg.DagsterInstance) -> None:
    project.manifest(batch="c")
    instance.add_dynamic_partitions("p__batches", ["b", "c"])
    job = of_project(project, key_prefix="p").resolve_job_def("p__speech_batch")
    span = {"dagster/asset_partition_range_start": "b", "dagster/asset_partition_range_end": "c"}
    assert job.execute_in_process(instance=instance, tags=span).success
    assert all(read_index(project.store, batch) for batch in ("b", "c"))


def test_runs_of_other_jobs_with_the_same_partition_are_no_runs_of_a_batch(instance: dg.DagsterInstance) -> None:
    add_run_in_progress(instance, "b")
    assert busy_batches(instance, START, DEFAULT) == {"b"}
    assert busy_batches(instance, START, Pipeline(("french",))) == frozenset()


@pytest.mark.parametrize("prefix", ["a-b", "", "a b", ["a", "é"]])
def test_a_prefix_that_makes_no_names_is_refused(prefix: str | list[str]) -> None:
    with pytest.raises(BadSetting, match="key_prefix"):
        f5_pipeline.speech_definitions(key_prefix=prefix)


# --- settings -------------------------------------------------------------------------------------------------


def test_settings_replace_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("F5_STORE", "elsewhere")
    monkeypatch.setenv("F5_DEVICE", "cpu")
    monkeypatch.setenv("F5_AUTOMATION", "on")
    definitions = f5_pipeline.speech_definitions(store=str(tmp_path), nightly_cron="5 5 * * *", automation="off")
    schedule = definitions.get_repository_def().get_schedule_def("nightly_batches")
    assert (schedule.cron_schedule, schedule.default_status) == ("5 5 * * *", dg.DefaultScheduleStatus.STOPPED)
    with dg.build_resources(definitions.resources or {}) as resources:
        assert isinstance(resources.settings, Settings)
        assert (resources.settings.store, resources.settings.device) == (str(tmp_path), "cpu")
        assert isinstance(resources.store, LocalStore)
        assert resources.store.url == str(tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"devise": "cpu"}, "setting 'devise' is not a setting. Did you mean 'device'?"),
        ({"nightly_cron": "noon"}, "SpeechPipeline, setting 'nightly_cron' is not a valid cron expression"),
        ({"batches_per_run": 0}, "SpeechPipeline, setting 'batches_per_run': must be at least 1 (it is '0')."),
        ({"manifests_from": "a", "batch_settings": {"formt": "mp3"}}, "Did you mean 'format'?"),
        ({"batch_settings": {"format": "mp3"}}, "needs manifests_from"),
        ({"manifests_from": "a", "manifests_input": "table"}, "must be one of 'value', 'path', 'store'"),
    ],
)
def test_wrong_settings_are_refused_when_definitions_load(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadSetting) as error:
        f5_pipeline.speech_definitions(**settings)
    assert message in str(error.value)


# --- batches from an asset ------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [ROWS, pd.DataFrame(ROWS), {"lines": ROWS}], ids=["list", "frame", "dict"])
def test_a_table_becomes_a_batch(project: Project, instance: dg.DagsterInstance, table: Any) -> None:
    assert write(project, instance, upstream(table), batch_settings={"format": "flac"}).success
    assert manifests(project) == {
        "lines.jsonl": b'{"id": "one", "text": "A first line.", "voice": "f2"}\n',
        "lines.toml": b'"format" = "flac"\n',
    }
    assert instance.get_dynamic_partitions("p__batches") == ["lines"]


def test_a_column_splits_the_table(project: Project, instance: dg.DagsterInstance) -> None:
    table = [{**ROWS[0], "batch": batch} for batch in ("a", "b 2", "a")]
    assert write(project, instance, upstream(pd.DataFrame(table))).success
    assert {name: data.count(b"\n") for name, data in manifests(project).items()} == {"a.jsonl": 2, "b-2.jsonl": 1}


def test_each_partition_is_a_batch(project: Project, instance: dg.DagsterInstance) -> None:
    for partitions in (["only"], ["monday", "tuesday"]):
        definition = dg.StaticPartitionsDefinition(partitions)

        @dg.asset(partitions_def=definition)
        def lines() -> Any:
            return ROWS

        definitions = dg.Definitions.merge(
            of_project(project, key_prefix="p", manifests_from="lines"), dg.Definitions(assets=[lines])
        )
        job = definitions.resolve_implicit_global_asset_job_def()
        for key in partitions:
            run = {"asset_selection": [dg.AssetKey("lines")], "partition_key": key}
            assert job.execute_in_process(instance=instance, **run).success
        assert job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey(["p", "manifests"])]).success
    assert set(manifests(project)) == {"only.jsonl", "monday.jsonl", "tuesday.jsonl"}


def test_an_unchanged_table_is_not_written_again(project: Project, instance: dg.DagsterInstance) -> None:
    project.store.write("manifests/lines.pronunciations.csv", b"word,pronunciation\ncolonel,kernel\n")
    assert write(project, instance, upstream(ROWS)).success
    before = {info.key: info.modified for info in project.store.list("manifests/")}
    assert write(project, instance, upstream(ROWS)).success
    assert {info.key: info.modified for info in project.store.list("manifests/")} == before
    assert write(project, instance, upstream([*ROWS, {"id": "two", "text": "More.", "voice": "f2"}])).success
    assert manifests(project)["lines.jsonl"].count(b"\n") == 2
    assert "lines.pronunciations.csv" in manifests(project)


def test_missing_values_and_numbers_stay_what_they_are(project: Project, instance: dg.DagsterInstance) -> None:
    frame = pd.DataFrame({"text": ["Ö 1.", "Two."], "seed": [7, None], "when": pd.to_datetime(["2026-01-01", None])})
    assert write(project, instance, upstream(frame)).success
    assert manifests(project)["lines.jsonl"].decode() == (
        '{"text": "Ö 1.", "seed": 7, "when": "2026-01-01 00:00:00"}\n{"text": "Two."}\n'
    )


def test_the_value_may_be_a_path(project: Project, instance: dg.DagsterInstance, tmp_path: Path) -> None:
    (tmp_path / "any.csv").write_text("text,voice\nFrom a file.,f2\n")
    assert write(project, instance, upstream(str(tmp_path / "any.csv"))).success
    assert manifests(project) == {"lines.csv": b"text,voice\nFrom a file.,f2\n"}
    assert write(project, instance, upstream(ROWS)).success
    assert set(manifests(project)) == {"lines.jsonl"}  # one manifest, not two


@pytest.mark.parametrize("name", ["path", "dagster/uri"])
def test_the_metadata_may_name_a_file(
    project: Project, instance: dg.DagsterInstance, tmp_path: Path, name: str
) -> None:
    (tmp_path / "any.csv").write_text("text,voice\nFrom a file.,f2\n")

    @dg.asset
    def lines() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={name: str(tmp_path / "any.csv")})

    assert write(project, instance, lines, manifests_input="path").success
    assert set(manifests(project)) == {"lines.csv"}


def test_a_materialization_without_a_file_says_so(project: Project, instance: dg.DagsterInstance) -> None:
    message = failure(write(project, instance, upstream(ROWS), manifests_input="path"))
    assert message.startswith("The asset 'lines' has no materialization with the metadata 'path' or 'dagster/uri'.")


def test_the_upstream_asset_may_write_into_the_store(project: Project, instance: dg.DagsterInstance) -> None:
    assert write(project, instance, upstream(None), manifests_input="store").success
    assert instance.get_dynamic_partitions("p__batches") == ["b"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "is no table of lines, but of the type int."),
        ([1, 2], "is no table of lines, but of the type list."),
        ([{"words": "no column of texts"}], "'text'"),
        ([{"text": "x", "batch": None}], "has no batch in row 1."),
        ([{"text": "x", "batch": "a b"}, {"text": "x", "batch": "a-b"}], "which have the same name 'a-b'"),
        ([{"text": "x", "batch": "日本"}], "is not a safe name"),
    ],
)
def test_what_is_no_table_is_refused(project: Project, instance: dg.DagsterInstance, value: Any, message: str) -> None:
    assert message in failure(write(project, instance, upstream(value)))
    assert manifests(project) == {}


def test_an_empty_table_is_no_batch(project: Project, instance: dg.DagsterInstance) -> None:
    assert write(project, instance, upstream([])).success
    assert manifests(project) == {}


# --- the component --------------------------------------------------------------------------------------------


def test_the_component_has_the_settings_by_their_names() -> None:
    options = {"key_prefix", "group_name", "manifests_from", "manifests_input", "batch_settings"}
    fields = SpeechPipeline.model().model_fields
    assert fields.keys() - options < Settings.model_fields.keys()
    assert all(field.description for field in fields.values())


def test_the_component_builds_the_same_definitions() -> None:
    text = "key_prefix: p\nmanifests_from: lines\nmodel: demo\nautomation: on\nbatches_per_run: 3\n"
    lines = dg.Definitions(assets=[upstream(ROWS)])
    component = SpeechPipeline.resolve_from_yaml(text)
    built = component.build_defs(dg.ComponentTree.for_test().load_context)  # type: ignore[attr-defined]
    expected = f5_pipeline.speech_definitions(
        key_prefix="p", manifests_from="lines", model="demo", automation="on", batches_per_run=3
    )
    built, expected = (dg.Definitions.merge(each, lines) for each in (built, expected))
    assert sorted(names(built)) == sorted(names(expected))
    sensor = built.get_repository_def().get_sensor_def("p__write_manifests")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
