"""The definitions: the asset graph, and the jobs, executed in this process with a fake engine."""

from __future__ import annotations

import re
from pathlib import Path

import dagster as dg
import dagster_webserver
import pytest

from f5_pipeline.defs.code_location import define
from f5_pipeline.manifests.staleness import batch_states
from f5_pipeline.results.index import read_index
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import CLIPS
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectInfo
from tests.defs.conftest import MANIFEST, Project
from tests.synthesis.fake_engine import FakeEngine, clipped

ASSETS = {
    "flash_attn_environment": set(),
    "model_weights": {"flash_attn_environment"},
    "voice_files": {"flash_attn_environment"},
    "utterances": set(),
    "generated_audio": {"model_weights", "voice_files", "utterances"},
    "delivered_audio": {"generated_audio"},
}
JOBS = ("setup", "speech_batch", "housekeeping", "verify_clips")
PARTITIONED = {"utterances", "generated_audio", "delivered_audio"}
BLOCKING = {
    ("flash_attn_environment", "attention_proven"),
    ("flash_attn_environment", "fits_on_disk"),
    ("generated_audio", "anything_spoken"),
    ("generated_audio", "every_clip_in_store"),
    ("generated_audio", "environment_unchanged"),
}
NOT_BLOCKING = {
    ("voice_files", "every_voice_usable"),
    ("utterances", "every_row_accepted"),
    ("generated_audio", "every_line_spoken"),
    ("generated_audio", "every_clip_sounds_right"),
    ("generated_audio", "every_clip_listened_to"),
    ("delivered_audio", "sections_complete"),
}


def materialized(result: dg.ExecuteInProcessResult) -> list[str]:
    return [event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key]


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, object]:
    (event,) = [e for e in result.get_asset_materialization_events() if e.asset_key == dg.AssetKey(asset)]
    return {name: entry.value for name, entry in event.materialization.metadata.items()}


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {check.check_name: check.passed for check in result.get_asset_check_evaluations()}


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    """The reason that the page of the run shows."""
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    return str(failure.step_failure_data.user_failure_data.description)


# --- the graph ------------------------------------------------------------------------------------------------


def test_the_assets_depend_on_each_other_as_designed() -> None:
    graph = define().resolve_asset_graph()
    found = {
        key.to_user_string(): {parent.to_user_string() for parent in graph.get(key).parent_keys}
        for key in graph.get_all_asset_keys()
    }
    assert found == ASSETS
    assert {key for key in found if graph.get(dg.AssetKey(key)).is_partitioned} == PARTITIONED
    for name in PARTITIONED:
        partitions = graph.get(dg.AssetKey(name)).partitions_def
        assert isinstance(partitions, dg.DynamicPartitionsDefinition)
        assert partitions.name == "batches"


def test_the_code_location_loads() -> None:
    dg.Definitions.validate_loadable(define())


def kinds_with_icons() -> set[str]:
    """The kinds of which the installed UI has an icon."""
    code = Path(dagster_webserver.__file__).parent / "webapp/build/_next/static/chunks"
    return {kind for file in code.rglob("*.js") for kind in re.findall(r"(\w+):\{icon:", file.read_text())}


def test_every_definition_has_a_description() -> None:
    graph, icons = define().resolve_asset_graph(), kinds_with_icons()
    for name in ASSETS:
        node = graph.get(dg.AssetKey(name))
        assert len(node.description or "") > 40
        assert node.group_name in ("setup", "speech", "delivery")
        assert node.kinds
        assert node.kinds <= icons
        assert node.owners
        (reference,) = node.metadata["dagster/code_references"].code_references
        assert f"def {name}(" in Path(reference.file_path).read_text().splitlines()[reference.line_number :][0:25]
        assert node.tags["f5/scope"] == ("batch" if name in PARTITIONED else "machine")
    repository = define().get_repository_def()
    for policy in (*repository.sensor_defs, *repository.schedule_defs, *map(define().resolve_job_def, JOBS)):
        assert len(policy.description or "") > 40


@pytest.mark.parametrize("job", JOBS)
def test_the_scaffolded_config_of_the_launchpad_works(project: Project, instance: dg.DagsterInstance, job: str) -> None:
    """*Scaffold all default config*, not edited afterwards."""
    resources = {"settings": project.settings, "store": project.store, "load_engine": project.engine.load}
    config = dict(dg.validate_run_config(define().resolve_job_def(job), {}) or {})
    ops = {name: {"config": op["config"]} for name, op in config["ops"].items() if op["config"]}
    dg.validate_run_config(define().resolve_job_def(job), {"ops": ops, "resources": config["resources"]})
    instance.add_dynamic_partitions("batches", ["b"])
    definition = define(**resources).resolve_job_def(job)
    partition = "b" if job == "speech_batch" else None
    assert definition.execute_in_process({"ops": ops}, instance, partition_key=partition).success


def test_the_checks_and_which_of_them_block() -> None:
    graph = define().resolve_asset_graph()
    found = {(key.asset_key.to_user_string(), key.name): graph.get(key).blocking for key in graph.asset_check_keys}
    assert {key for key, blocking in found.items() if blocking} == BLOCKING
    assert {key for key, blocking in found.items() if not blocking} == NOT_BLOCKING
    for key in graph.asset_check_keys:
        assert (graph.get(key).partitions_def is not None) is (key.asset_key.to_user_string() in PARTITIONED)


@pytest.mark.parametrize(
    ("job", "assets"),
    [("setup", {"flash_attn_environment", "model_weights", "voice_files"}), ("speech_batch", set(ASSETS))],
)
def test_jobs(job: str, assets: set[str]) -> None:
    definition = define().resolve_job_def(job)
    assert {key.to_user_string() for key in definition.asset_layer.executable_asset_keys} == assets
    assert definition.executor_def is dg.in_process_executor


# --- the job --------------------------------------------------------------------------------------------------


def test_a_batch_from_manifest_to_files(project: Project, instance: dg.DagsterInstance) -> None:
    result = project.run(instance)
    assert result.success
    order = materialized(result)
    assert sorted(order) == sorted(ASSETS)
    for asset, needed in ASSETS.items():
        assert all(order.index(asset) > order.index(one) for one in needed)
    assert set(checks(result).values()) == {True}
    skipped = {name for _, name in BLOCKING | NOT_BLOCKING} - set(checks(result))
    assert skipped == {"every_clip_listened_to"}  # there is no recogniser
    assert [row.status for row in read_index(project.store, "b") or []] == ["ok"] * 3
    delivered = {info.key.removeprefix("batches/b/") for info in project.store.list("batches/b/")}
    assert {"audio/first.wav", "audio/second.wav", "audio/third.wav", "report.html", "index.csv"} <= delivered


def test_a_manifest_that_was_copied_into_the_store_is_a_batch(project: Project, instance: dg.DagsterInstance) -> None:
    resources = {"settings": project.settings, "store": project.store, "load_engine": project.engine.load}
    job = define(**resources).resolve_job_def("speech_batch")
    assert job.execute_in_process(instance=instance, tags={"dagster/partition": "b"}).success
    assert instance.get_dynamic_partitions("batches") == ["b"]
    missing = job.execute_in_process(instance=instance, tags={"dagster/partition": "none"}, raise_on_error=False)
    assert not missing.success
    assert instance.get_dynamic_partitions("batches") == ["b"]


def test_a_second_run_speaks_and_writes_nothing(project: Project, instance: dg.DagsterInstance) -> None:
    project.run(instance)
    before = {info.key: info.etag for info in project.store.list("batches/b/audio/")}
    project.engine = FakeEngine(dies_after=0)
    result = project.run(instance)
    assert result.success
    assert project.engine.loaded == []
    generated = metadata(result, "generated_audio")
    assert (generated["clips_spoken"], generated["cache_hits"], generated["device_seconds"]) == (0, 3, 0.0)
    delivered = metadata(result, "delivered_audio")
    assert (delivered["written"], delivered["unchanged"]) == (0, 6)  # three clips, two references and the page
    assert {info.key: info.etag for info in project.store.list("batches/b/audio/")} == before


def test_rejected_rows_fail_their_checks_but_not_the_job(project: Project, instance: dg.DagsterInstance) -> None:
    project.manifest(MANIFEST + "bad,Nobody says this.,nobody\nworse,,f2\n")
    result = project.run(instance)
    assert result.success
    failed = {check.check_name: check for check in result.get_asset_check_evaluations() if not check.passed}
    assert set(failed) == {"every_row_accepted", "every_line_spoken"}
    assert {check.severity for check in failed.values()} == {dg.AssetCheckSeverity.WARN}
    reasons = {name: entry.value for name, entry in failed["every_row_accepted"].metadata.items()}
    assert reasons["rejected"] == 2
    assert str(reasons["row 4"]).startswith("The voice 'nobody' is not in the store.")
    assert reasons["row 5"] == "The text is empty."
    assert failed["every_line_spoken"].metadata["line bad"].value == f"row 4: {reasons['row 4']}"
    first = f"row 4: {reasons['row 4']}"
    assert (
        failed["every_line_spoken"].description == f"Batch b: 2 rows rejected, 0 lines failed. The first: bad, {first}"
    )
    assert materialized(result)[-1] == "delivered_audio"


def test_a_batch_without_a_speakable_row_fails_and_keeps_its_delivered_files(
    project: Project, instance: dg.DagsterInstance
) -> None:
    project.run(instance)
    before = {info.key: info.etag for info in project.store.list("batches/b/audio/")}
    project.manifest("id,text,voice\nfirst,Nobody says this.,nobody\nsecond,,f2\n")
    result = project.run(instance)
    assert not result.success
    (check,) = [check for check in result.get_asset_check_evaluations() if not check.passed and check.blocking]
    assert (check.check_name, check.severity) == ("anything_spoken", dg.AssetCheckSeverity.ERROR)
    assert check.description is not None
    assert check.description.startswith("Batch b: nothing was spoken. 2 of 2 rows rejected, ")
    assert "row 1: The voice 'nobody'" in check.description
    assert failure_of(result) == f"The check 'anything_spoken' failed. {check.description}"
    assert "delivered_audio" not in materialized(result)
    assert [row.status for row in read_index(project.store, "b") or []] == ["rejected"] * 2
    assert {info.key: info.etag for info in project.store.list("batches/b/audio/")} == before


def test_suspect_clips_fail_their_check_and_are_delivered(project: Project, instance: dg.DagsterInstance) -> None:
    project.engine = FakeEngine(takes={"second": [clipped] * 9})
    result = project.run(instance)
    assert result.success
    assert [name for name, passed in checks(result).items() if not passed] == ["every_clip_sounds_right"]
    assert project.store.stat("batches/b/audio/second.wav") is not None


def test_bad_rows_stop_the_batch_if_its_settings_say_so(project: Project, instance: dg.DagsterInstance) -> None:
    project.manifest(MANIFEST + "bad,Nobody says this.,nobody\n", 'on_bad_rows = "fail"')
    result = project.run(instance)
    assert not result.success
    assert "generated_audio" not in materialized(result)
    assert list(project.store.list(CLIPS)) == []


def test_setup_needs_no_batch(project: Project, instance: dg.DagsterInstance) -> None:
    result = project.run(instance, job="setup")
    assert result.success
    assert sorted(materialized(result)) == ["flash_attn_environment", "model_weights", "voice_files"]


# --- failures -------------------------------------------------------------------------------------------------


class LosesAClip(LocalStore):
    """A store that loses a clip as soon as the index is written."""

    def __init__(self, root: str, lost: int) -> None:
        super().__init__(root)
        self._lost = lost

    def write(self, key: str, data: bytes) -> ObjectInfo:
        info = super().write(key, data)
        if key.endswith("index.parquet"):
            rows = read_index(self, "b") or []
            self.delete(rows[self._lost].clip)
        return info


@pytest.mark.parametrize("lost", [0, 2])
def test_a_missing_clip_stops_the_delivery(project: Project, instance: dg.DagsterInstance, lost: int) -> None:
    project.store = LosesAClip(project.store.url, lost)
    result = project.run(instance)
    assert not result.success
    assert materialized(result)[-1] == "generated_audio"
    (failed,) = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert (failed.check_name, failed.severity) == ("every_clip_in_store", dg.AssetCheckSeverity.ERROR)
    assert failed.metadata["ids"].value == ["first", "second", "third"][lost]
    assert list(project.store.list("batches/b/audio/")) == []
    project.store = LocalStore(project.store.url)
    assert project.run(instance).success  # the clip is spoken again
    assert len(project.engine.spoken) == 4


def remote_model(folder: Path, size: int) -> Path:
    """A catalogue with a model that would have to be downloaded."""
    models = folder / "models.toml"
    models.write_text(
        f"""
        [far]
        base = "demo"
        checkpoint = {{source = "https://127.0.0.1:9/far.safetensors", size = {size}}}
        """
    )
    return models


@pytest.fixture
def no_downloads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    requested: list[str] = []

    def refuse(name: str, *_: object) -> None:
        requested.append(name)
        raise AssertionError(f"{name} is fetched")

    monkeypatch.setattr("f5_pipeline.models.weights.fetch", refuse)
    monkeypatch.setattr("f5_pipeline.voices.prepare.fetch", refuse)
    return requested


@pytest.mark.parametrize(
    ("settings", "expected", "failed"),
    [
        ({"attention": "flash_attn"}, "F5_ATTENTION=flash_attn", set()),
        ({"size": 10**16}, "is too small", {"fits_on_disk"}),
    ],
    ids=["attention", "disk"],
)
def test_nothing_is_fetched_before_the_environment_is_verified(
    project: Project,
    instance: dg.DagsterInstance,
    tmp_path: Path,
    no_downloads: list[str],
    settings: dict[str, object],
    expected: str,
    failed: set[str],
) -> None:
    models = remote_model(tmp_path, int(str(settings.pop("size", 1000))))
    values = project.settings.model_dump() | {"cache": tmp_path / "cache", "models": models, "model": "far"}
    project.settings = Settings(**(values | settings))
    result = project.run(instance)
    assert not result.success
    assert materialized(result) == ["utterances"]  # depends on nothing of this machine
    assert no_downloads == []
    assert project.engine.loaded == []
    (failure,) = [e for e in result.all_events if e.is_step_failure]
    assert failure.step_key == "flash_attn_environment"
    assert expected in failure_of(result)
    assert "\n" not in failure_of(result)
    assert {name for name, passed in checks(result).items() if not passed} == failed


def test_a_hostile_partition_key_is_refused_and_changes_nothing(project: Project, instance: dg.DagsterInstance) -> None:
    before = {info.key for info in project.store.list()}
    result = project.run(instance, batch="../evil")
    assert not result.success
    assert "'../evil' is not a safe name." in failure_of(result)
    assert {info.key for info in project.store.list()} == before
    assert not (Path(project.store.url).parent / "evil").exists()


def test_damaged_clips_are_found_and_their_batch_needs_a_run(project: Project, instance: dg.DagsterInstance) -> None:
    project.run(instance)
    clip = Path(project.store.location(next(project.store.list(CLIPS)).key))
    clip.write_bytes(clip.read_bytes()[:-1] + b"?")
    job = define(settings=project.settings, store=project.store).resolve_job_def("verify_clips")
    assert job.execute_in_process(instance=instance).success
    (state,) = batch_states(project.store, project.settings)
    assert state.reason == "1 damaged clip"
    spoken = len(project.engine.texts)
    project.run(instance)
    assert len(project.engine.texts) == spoken + 1
    assert batch_states(project.store, project.settings)[0].reason == ""


def test_housekeeping_deletes_clips_that_no_batch_refers_to(project: Project, instance: dg.DagsterInstance) -> None:
    project.run(instance)
    project.manifest(MANIFEST.replace("The second line.", "Another line."))
    project.run(instance)
    settings = project.settings.model_copy(update={"clean_days": 0})
    job = define(settings=settings, store=project.store).resolve_job_def("housekeeping")
    for dry_run, left in ((True, 4), (False, 3)):
        config = {"ops": {"remove_leftovers": {"config": {"dry_run": dry_run}}}}
        assert job.execute_in_process(instance=instance, run_config=config).success
        assert len(list(project.store.list(CLIPS))) == left
