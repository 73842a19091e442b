"""Each asset called directly, with plain objects: what it says, and what becomes of its failures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from f5_pipeline.defs.assets.delivered_audio import delivered_audio
from f5_pipeline.defs.assets.flash_attn_environment import flash_attn_environment
from f5_pipeline.defs.assets.generated_audio import generated_audio
from f5_pipeline.defs.assets.model_weights import model_weights
from f5_pipeline.defs.assets.utterances import utterances
from f5_pipeline.defs.assets.voice_files import voice_files
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.errors import StoreBusy, StoreUnusable
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.synthesis.executor import NullProgress
from tests.defs.conftest import MANIFEST, Project
from tests.synthesis.fake_engine import FakeEngine


@pytest.fixture
def proven(project: Project) -> Project:
    """``generated_audio`` looks whether the environment is still as it was proven."""
    prove_environment(project.settings)
    return project


def environment(project: Project) -> dg.MaterializeResult:
    with dg.build_asset_context() as context:
        result, *checks = flash_attn_environment(context, settings=project.settings)  # type: ignore[misc]
    assert isinstance(result, dg.MaterializeResult)
    return result._replace(check_results=checks)


def call(asset: Any, project: Project, batch: str | None = None, **given: object) -> dg.MaterializeResult:
    with dg.build_asset_context(partition_key=batch) as context:
        result = asset(context, store=project.store, **given)
    assert isinstance(result, dg.MaterializeResult)
    return result


def weights(project: Project) -> dg.MaterializeResult:
    return call(model_weights, project, settings=project.settings)


def voices(project: Project) -> dg.MaterializeResult:
    return call(voice_files, project, settings=project.settings)


def resolve(project: Project, batch: str = "b") -> dg.MaterializeResult:
    return call(utterances, project, batch, settings=project.settings)


def generate(project: Project, batch: str = "b") -> dg.MaterializeResult:
    given = {"load_engine": project.engine.load, "make_progress": lambda context: NullProgress(), "ray_cluster": None}
    return call(generated_audio, project, batch, settings=project.settings, **given)


def deliver(project: Project, batch: str = "b") -> dg.MaterializeResult:
    return call(delivered_audio, project, batch, settings=project.settings)


def values(result: dg.MaterializeResult) -> dict[str, Any]:
    return {name: getattr(value, "value", value) for name, value in (result.metadata or {}).items()}


def checks(result: dg.MaterializeResult) -> dict[str | None, bool]:
    return {check.check_name: check.passed for check in result.check_results or []}


def version(result: dg.MaterializeResult) -> str:
    assert result.data_version is not None
    return result.data_version.value


def cells(result: dg.MaterializeResult, table: str) -> list[dict[str, Any]]:
    assert result.metadata is not None
    value = result.metadata[table]
    assert isinstance(value, dg.TableMetadataValue)
    return [dict(record.data) for record in value.records]


# --- what they say --------------------------------------------------------------------------------------------


def test_the_environment_says_which_attention_and_why(project: Project) -> None:
    result = environment(project)
    said = values(result)
    assert said["attention"] == "torch"
    assert "F5_DEVICE is cpu" in said["reason"]
    assert said["torch"]
    assert said["python"].startswith("cp3")
    assert said["bytes_downloaded"] == 0
    assert "gpu" not in said  # what this machine does not have is left out
    assert checks(result) == {"fits_on_disk": True, "attention_proven": True}
    assert version(environment(project)) == version(result)


def test_weights_say_whose_they_are_and_what_they_hash_to(project: Project) -> None:
    result = weights(project)
    said = values(result)
    assert (said["model"], said["licence"], said["languages"], said["bytes_downloaded"]) == ("demo", "MIT", "en", 0)
    assert set(said["sha256"]) == {"checkpoint", "vocabulary", "vocoder_config", "vocoder_weights", "spacing"}
    assert all(len(digest) == 64 for digest in said["sha256"].values())
    assert Path(said["checkpoint"]).is_file()
    assert version(weights(project)) == version(result)


def test_voices_are_listed_with_what_is_wrong(project: Project) -> None:
    good = version(voices(project))
    project.store.write("voices/mute.wav", b"RIFF")
    project.store.write("voices/mute.txt", b"Nothing comes out.")
    result = voices(project)
    assert (values(result)["voices"], values(result)["unusable"]) == (3, 1)
    (check,) = result.check_results or []
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert list(check.metadata) == ["mute"]
    assert [(row["voice"], row["usable"]) for row in cells(result, "table")] == [
        ("f2", True),
        ("m1", True),
        ("mute", False),
    ]
    assert cells(result, "table")[0]["text"].startswith("every morning")
    assert version(result) != good


def test_utterances_say_what_will_be_spoken(project: Project) -> None:
    project.manifest(MANIFEST + "fourth,It costs $5.,m1\nfifth,,m1\n")
    result = resolve(project)
    said = values(result)
    assert (said["rows"], said["accepted"], said["rejected"]) == (5, 4, 1)
    assert (said["voices"], said["models"]) == ("f2, m1", "demo")
    assert Path(said["file"]).is_file()
    assert cells(result, "preview")[3] == {"id": "fourth", "voice": "m1", "spoken_text": "it costs five dollars."}
    assert checks(result) == {"every_row_accepted": False}
    project.manifest()
    mended = resolve(project)
    assert checks(mended) == {"every_row_accepted": True}
    assert version(resolve(project)) == version(mended) != version(result)


def test_generated_audio_says_what_it_did_and_what_it_cost(proven: Project) -> None:
    resolve(proven)
    said = values(generate(proven))
    assert {name: said[name] for name in ("ok", "suspect", "failed", "rejected", "cache_hits", "clips_spoken")} == {
        "ok": 3,
        "suspect": 0,
        "failed": 0,
        "rejected": 0,
        "cache_hits": 0,
        "clips_spoken": 3,
    }
    assert said["audio_seconds"] == said["audio_seconds_spoken"] > 1
    assert said["real_time_factor"] > 0
    assert said["times_real_time"] > 0
    assert said["device_seconds"] >= 0
    assert said["sample"].startswith("first  the first line\n\n![waveform and spectrogram](data:image/png;base64,")
    assert Path(said["index"]).is_file()
    assert Path(said["index_csv"]).is_file()


def test_a_second_time_it_says_that_nothing_was_spoken(proven: Project) -> None:
    resolve(proven)
    first = generate(proven)
    proven.engine = FakeEngine(dies_after=0)
    second = generate(proven)
    said = values(second)
    assert (said["clips_spoken"], said["cache_hits"], said["audio_seconds_spoken"]) == (0, 3, 0.0)
    assert "real_time_factor" not in said
    assert said["audio_seconds"] == values(first)["audio_seconds"]
    assert version(second) == version(first)


def test_the_preview_shows_what_needs_a_look_first(proven: Project) -> None:
    lines = "".join(f"l{n},Line number {n}.,f2\n" for n in range(30))
    proven.manifest(f"id,text,voice\n{lines}bad,,f2\n")
    resolve(proven)
    preview = cells(generate(proven), "preview")
    assert 5 < len(preview) < 31
    assert (preview[0]["id"], preview[0]["status"], preview[0]["reason"]) == (
        "bad",
        "rejected",
        "row 31: The text is empty.",
    )


def test_an_edited_line_changes_the_data_version(proven: Project) -> None:
    resolve(proven)
    before = version(generate(proven))
    proven.manifest(MANIFEST.replace("second line", "next line"))
    resolve(proven)
    assert version(generate(proven)) != before


def test_delivered_audio_says_where_to_listen(proven: Project) -> None:
    proven.manifest(toml='format = "flac"\njoin_sections = true\naudiobook = true')
    resolve(proven)
    generate(proven)
    result = deliver(proven)
    said = values(result)
    assert Path(said["listening_page"]).read_bytes().startswith(b"<!")
    assert said["format"] == "flac"
    assert [Path(key).name for key in said["sections"].split(", ")] == ["b.flac"]
    assert Path(said["audiobook"]).name == "b.m4b"
    assert (said["files"], said["written"]) == (5, 6)  # three clips, a section, the book, and the page
    assert said["audio_seconds"] > 1
    assert checks(result) == {"sections_complete": True}
    assert values(deliver(proven))["written"] == 0


def test_where_browsers_find_the_store_files_are_links(proven: Project) -> None:
    proven.settings = proven.settings.model_copy(update={"store_pages": "https://audio.example.org/f5/"})
    found = {
        **(resolve(proven).metadata or {}),
        **(generate(proven).metadata or {}),
        **(deliver(proven).metadata or {}),
    }
    for name, key in {
        "listening_page": "report.html",
        "index": "index.parquet",
        "index_csv": "index.csv",
        "file": "utterances.jsonl",
    }.items():
        assert found[name] == dg.MetadataValue.url(f"https://audio.example.org/f5/batches/b/{key}")


def test_a_section_that_lacks_a_line_fails_its_check(proven: Project) -> None:
    rows = "id,text,voice,section\na,One line.,f2,intro\nb,Two lines.,f2,intro\nc,Three lines.,m1,end\n"
    proven.manifest(rows, "join_sections = true")
    proven.engine = FakeEngine(fails="two")
    resolve(proven)
    generate(proven)
    (check,) = deliver(proven).check_results or []
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert {name: entry.value for name, entry in check.metadata.items()} == {"intro": "b"}


def test_changed_packages_fail_the_check_of_the_environment(proven: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(proven)
    monkeypatch.setattr("f5_pipeline.defs.checks.speech.changes_since_proof", lambda settings: ["torch was replaced"])
    (check,) = [one for one in generate(proven).check_results or [] if not one.passed]
    assert check.check_name == "environment_unchanged"
    assert check.severity == dg.AssetCheckSeverity.ERROR
    assert check.description == "torch was replaced"


# --- failures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asset", "toml", "says"),
    [
        (resolve, 'formt = "mp3"', "formt"),
        (resolve, 'model = "nobody"', "'nobody'"),
        (resolve, 'on_bad_rows = "fail"', "row 4"),
        (generate, "", "utterances"),
        (deliver, "", "utterances"),
    ],
)
def test_our_errors_are_one_paragraph_and_not_retried(
    proven: Project, asset: Callable[[Project], object], toml: str, says: str
) -> None:
    proven.manifest(MANIFEST + "bad,,f2\n", toml)
    with pytest.raises(dg.Failure, match=says) as failure:
        asset(proven)
    assert failure.value.allow_retries is False
    assert "\n" not in (failure.value.description or "")
    assert "Traceback" not in (failure.value.description or "")


def test_a_batch_without_a_manifest(project: Project) -> None:
    with pytest.raises(dg.Failure, match="'elsewhere'") as failure:
        resolve(project, "elsewhere")
    assert failure.value.allow_retries is False


def test_when_every_line_fails_so_does_the_asset(proven: Project) -> None:
    resolve(proven)
    proven.engine = FakeEngine(fails="")
    with pytest.raises(dg.Failure, match="no tongue") as failure:
        generate(proven)
    assert failure.value.allow_retries is False


def test_what_was_never_spoken_is_not_delivered(project: Project) -> None:
    """And what was delivered before is not taken for stale."""
    project.store.write("batches/b/audio/first.wav", b"of an earlier run")
    resolve(project)
    with pytest.raises(dg.Failure, match="f5-pipeline run b"):
        deliver(project)
    assert project.store.read("batches/b/audio/first.wav") == b"of an earlier run"


class Failing(LocalStore):
    """A store that cannot be read, for one reason or another."""

    error: StoreUnusable

    def read(self, key: str, first: int | None = None) -> bytes:
        raise self.error


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (StoreBusy("s3://b", "reading", "503 SlowDown"), True),
        (StoreUnusable("s3://b", "is not there.", "Make it."), False),
    ],
)
@pytest.mark.parametrize("asset", [resolve, generate, deliver])
def test_only_what_may_heal_is_retried(
    proven: Project, asset: Callable[[Project], object], error: StoreUnusable, again: bool
) -> None:
    store = Failing(proven.store.url)
    store.error = error
    with pytest.raises(dg.Failure) as failure:
        asset(replace(proven, store=store))
    assert failure.value.allow_retries is again
    assert failure.value.description == str(error)


def test_an_unknown_model_stops_everything_of_this_machine(project: Project) -> None:
    broken = replace(project, settings=Settings(**(project.settings.model_dump() | {"model": "nobody"})))
    for asset in (environment, weights, voices):
        with pytest.raises(dg.Failure, match="'nobody'"):
            asset(broken)


def test_a_licence_that_forbids_stops_the_weights(project: Project, tmp_path: Path) -> None:
    models = tmp_path / "models.toml"
    models.write_text('[mine]\nbase = "demo"\nlicence = "CC-BY-NC-4.0"\n')
    changed = {"models": models, "model": "mine", "commercial": True}
    broken = replace(project, settings=Settings(**(project.settings.model_dump() | changed)))
    for asset in (weights, resolve):
        with pytest.raises(dg.Failure, match="commercial"):
            asset(broken)


# --- hostile partition keys -----------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", ["../evil", "/etc/passwd", "a/b", "..", ".hidden", "a\\b", "a b", "x" * 129, "ä"])
@pytest.mark.parametrize("asset", [resolve, generate, deliver])
def test_hostile_partition_keys_are_refused(
    proven: Project, tmp_path: Path, asset: Callable[[Project, str], object], batch: str
) -> None:
    before = set(tmp_path.rglob("*"))
    with pytest.raises(dg.Failure, match="not a safe name") as failure:
        asset(proven, batch)
    assert failure.value.allow_retries is False
    assert set(tmp_path.rglob("*")) == before
