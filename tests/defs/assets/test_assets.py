"""Each asset called directly, with plain objects: its metadata, checks, data version and failures."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet
import pytest

from f5_pipeline.defs.assets.delivered_audio import delivered_audio
from f5_pipeline.defs.assets.flash_attn_environment import flash_attn_environment
from f5_pipeline.defs.assets.generated_audio import generated_audio
from f5_pipeline.defs.assets.model_weights import model_weights
from f5_pipeline.defs.assets.utterances import utterances
from f5_pipeline.defs.assets.voice_files import voice_files
from f5_pipeline.defs.metadata.progress import LogProgress
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.errors import StoreBusy, StoreUnusable
from f5_pipeline.quality.asr.comparison import WordCheck
from f5_pipeline.quality.signal import QualityMeasures
from f5_pipeline.results.index_columns import COLUMNS
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.defs.conftest import MANIFEST, Project
from tests.paths import DOCS
from tests.synthesis.fake_engine import FakeEngine


@pytest.fixture
def proven(project: Project) -> Project:
    """``generated_audio`` checks that the environment is still the one that was verified."""
    prove_environment(project.settings)
    return project


def environment(project: Project) -> dg.MaterializeResult:
    with dg.build_asset_context(instance=project.instance) as context:
        result, *checks = flash_attn_environment(context, settings=project.settings)  # type: ignore[misc]
    assert isinstance(result, dg.MaterializeResult)
    return result._replace(check_results=checks)


def documented_figures() -> set[str]:
    """The metadata that ``docs/operations.md`` explains."""
    section = (DOCS / "operations.md").read_text().partition("## What an hour of speech costs")[2]
    names = re.findall(r"`(\w+)`", section.partition("|---|---|\n")[2].partition("\n\n")[0])
    assert len(names) == 11
    return set(names)


def call(asset: Any, project: Project, batch: str | None = None, **resources: object) -> dg.MaterializeResult:
    with dg.build_asset_context(instance=project.instance, partition_key=batch) as context:
        result = asset(context, store=project.store, **resources)
        if not isinstance(result, dg.MaterializeResult):  # events, the result first
            result = next(iter(result))
    assert isinstance(result, dg.MaterializeResult)
    return result


def weights(project: Project) -> dg.MaterializeResult:
    return call(model_weights, project, settings=project.settings)


def voices(project: Project) -> dg.MaterializeResult:
    return call(voice_files, project, settings=project.settings)


def resolve(project: Project, batch: str = "b") -> dg.MaterializeResult:
    return call(utterances, project, batch, settings=project.settings)


def generate(project: Project, batch: str = "b") -> dg.MaterializeResult:
    resources = {
        "load_engine": project.engine.load,
        "make_progress": LogProgress,
        "ray_cluster": None,
    }
    return call(generated_audio, project, batch, settings=project.settings, **resources)


def deliver(project: Project, batch: str = "b") -> dg.MaterializeResult:
    return call(delivered_audio, project, batch, settings=project.settings, make_progress=LogProgress)


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


# --- metadata, checks and data versions -----------------------------------------------------------------------


def test_the_environment_has_the_attention_and_its_reason(project: Project) -> None:
    result = environment(project)
    metadata = values(result)
    assert metadata["attention"] == "torch"
    assert "F5_DEVICE is cpu" in metadata["reason"]
    assert metadata["torch"]
    assert metadata["python"].startswith("cp3")
    assert metadata["bytes_downloaded"] == 0
    assert "gpu" not in metadata  # values that this machine does not have are left out
    assert checks(result) == {"fits_on_disk": True, "attention_proven": True}
    assert version(environment(project)) == version(result)


def test_weights_have_their_licence_and_their_hashes(project: Project) -> None:
    result = weights(project)
    metadata = values(result)
    assert (metadata["model"], metadata["licence"], metadata["languages"], metadata["bytes_downloaded"]) == (
        "demo",
        "MIT",
        "en",
        0,
    )
    assert set(metadata["sha256"]) == {"checkpoint", "vocabulary", "vocoder_config", "vocoder_weights", "spacing"}
    assert all(len(digest) == 64 for digest in metadata["sha256"].values())
    assert Path(metadata["checkpoint"]).is_file()
    assert version(weights(project)) == version(result)


def test_voices_are_listed_with_their_problems(project: Project) -> None:
    good = version(voices(project))
    project.store.write("voices/mute.wav", b"RIFF")
    project.store.write("voices/mute.txt", b"Nothing comes out.")
    project.store.write("voices/mute.docx", b"x")
    result = voices(project)
    assert (values(result)["voices"], values(result)["unusable"]) == (3, 1)
    assert values(result)["unused_files"] == ["voices/mute.docx"]
    (check,) = result.check_results or []
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert list(check.metadata) == ["mute"]
    assert str(check.description).startswith("1 of 3 voices unusable. mute: ")
    assert [(row["voice"], row["usable"]) for row in cells(result, "table")] == [
        ("f2", True),
        ("m1", True),
        ("mute", False),
    ]
    assert cells(result, "table")[0]["text"].startswith("every morning")
    assert version(result) != good


def test_utterances_have_the_lines_to_speak(project: Project) -> None:
    project.manifest(MANIFEST + "fourth,It costs $5.,m1\nfifth,,m1\n")
    result = resolve(project)
    metadata = values(result)
    assert (metadata["rows"], metadata["accepted"], metadata["rejected"]) == (5, 4, 1)
    assert (metadata["voices"], metadata["models"]) == ("f2, m1", "demo")
    assert metadata["languages"] == "en (script Latin): 4"
    assert Path(metadata["file"]).is_file()
    assert (metadata["dagster/row_count"], metadata["dagster/uri"]) == (4, metadata["file"])
    spoken = {"language": "en", "spoken_text": "it costs five dollars.", "notes": ""}
    assert cells(result, "preview")[3] == {"id": "fourth", "voice": "m1"} | spoken
    assert checks(result) == {"every_row_accepted": False}
    project.manifest()
    corrected = resolve(project)
    assert checks(corrected) == {"every_row_accepted": True}
    assert version(resolve(project)) == version(corrected) != version(result)


def test_generated_audio_has_counts_times_and_links(proven: Project) -> None:
    resolve(proven)
    metadata = values(generate(proven))
    assert {name: metadata[name] for name in ("ok", "suspect", "failed", "rejected", "cache_hits", "clips_spoken")} == {
        "ok": 3,
        "suspect": 0,
        "failed": 0,
        "rejected": 0,
        "cache_hits": 0,
        "clips_spoken": 3,
    }
    assert metadata["audio_seconds"] == metadata["audio_seconds_spoken"] > 1
    assert metadata["real_time_factor"] > 0
    assert metadata["times_real_time"] > 0
    assert metadata["device_seconds"] >= 0
    assert metadata["device"] == "fake:0"
    assert metadata["worst_clip"].startswith("first, ")
    assert " s: the first line\n\n![spectrogram](data:image/svg+xml," in metadata["worst_clip"]
    for name in ("index", "index_csv", "dagster/uri"):
        assert Path(metadata[name]).is_file()
    assert metadata["dagster/row_count"] == 3
    assert (metadata["ok_share"], metadata["reused_share"], metadata["takes_per_line"]) == (1.0, 0.0, 1.0)
    assert documented_figures() <= metadata.keys()
    assert metadata["seconds_per_line"] == pytest.approx(metadata["audio_seconds"] / 3, abs=0.05)
    first = ["ok", "suspect", "failed", "rejected", "listening_page", "worst_clip", "preview"]
    assert list(metadata)[: len(first)] == first  # the UI keeps this order


def test_the_columns_of_an_index_are_described(proven: Project) -> None:
    resolve(proven)
    generate(proven)
    table = pyarrow.parquet.read_schema(proven.store.location("batches/b/index.parquet"))
    own = {"pieces", "other_takes"}  # of joined clips and of repeated takes
    assert [name for name in COLUMNS if name in table.names] == [name for name in table.names if name not in own]
    assert {name: str(table.field(name).type) for name in table.names} == {n: COLUMNS[n].type for n in table.names}
    measures = {part.name for part in fields(QualityMeasures)} | WordCheck().measures.keys()
    assert COLUMNS.keys() >= measures


def test_a_second_materialization_speaks_nothing(proven: Project) -> None:
    resolve(proven)
    first = generate(proven)
    proven.engine = FakeEngine(dies_after=0)
    second = generate(proven)
    metadata = values(second)
    assert (metadata["clips_spoken"], metadata["cache_hits"], metadata["audio_seconds_spoken"]) == (0, 3, 0.0)
    assert "real_time_factor" not in metadata
    assert metadata["audio_seconds"] == values(first)["audio_seconds"]
    assert version(second) == version(first)


def test_the_preview_begins_with_rows_that_are_not_ok(proven: Project) -> None:
    lines = "".join(f"l{n},Line number {n}.,f2\n" for n in range(30))
    proven.manifest(f"id,text,voice\n{lines}bad,,f2\n")
    resolve(proven)
    result = generate(proven)
    preview = cells(result, "preview")
    assert 5 < len(preview) < 31
    assert (preview[0]["id"], preview[0]["status"]) == ("bad", "rejected")
    reason = "row 31: The text is empty."
    assert cells(result, "worst_lines") == [{"id": "bad", "status": "rejected", "reason": reason, "text": ""}]


def test_an_edited_line_changes_the_data_version(proven: Project) -> None:
    resolve(proven)
    before = version(generate(proven))
    proven.manifest(MANIFEST.replace("second line", "next line"))
    resolve(proven)
    assert version(generate(proven)) != before


def test_delivered_audio_has_the_listening_page_and_counts(proven: Project) -> None:
    proven.manifest(toml='format = "flac"\njoin_sections = true\naudiobook = true')
    resolve(proven)
    generate(proven)
    result = deliver(proven)
    metadata = values(result)
    assert Path(metadata["listening_page"]).read_bytes().startswith(b"<!")
    assert metadata["format"] == "flac"
    assert [Path(key).name for key in metadata["sections"].split(", ")] == ["b.flac"]
    assert Path(metadata["audiobook"]).name == "b.m4b"
    assert (metadata["files"], metadata["written"]) == (
        7,
        8,
    )  # three clips, two references, a section, the book, and the page
    assert metadata["audio_seconds"] > 1
    assert metadata["size"].endswith("B")
    assert Path(metadata["dagster/uri"]).is_dir()
    assert checks(result) == {"sections_complete": True}
    assert values(deliver(proven))["written"] == 0


def test_files_are_links_if_browsers_can_open_the_store(proven: Project) -> None:
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
    }.items():
        assert found[name] == dg.MetadataValue.url(f"https://audio.example.org/f5/batches/b/{key}")
    assert " [Play](https://audio.example.org/f5/clips/" in str(found["worst_clip"].value)
    assert found["file"] == dg.MetadataValue.path(proven.store.location("batches/b/utterances.jsonl"))  # no page


def test_a_section_that_lacks_a_line_fails_its_check(proven: Project) -> None:
    rows = "id,text,voice,section\na,One line.,f2,intro\nb,Two lines.,f2,intro\nc,Three lines.,m1,end\n"
    proven.manifest(rows, "join_sections = true")
    proven.engine = FakeEngine(fails="two")
    resolve(proven)
    generate(proven)
    (check,) = deliver(proven).check_results or []
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.description == "Batch b: 1 section incomplete: intro lacks b."
    assert {name: entry.value for name, entry in check.metadata.items()} == {"intro": "b"}


def test_changed_packages_fail_environment_unchanged(proven: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(proven)
    monkeypatch.setattr("f5_pipeline.defs.checks.speech.changes_since_proof", lambda settings: ["torch was replaced"])
    (check,) = [one for one in generate(proven).check_results or [] if not one.passed]
    assert check.check_name == "environment_unchanged"
    assert check.severity == dg.AssetCheckSeverity.ERROR
    assert check.description == "Batch b: torch was replaced"


# --- failures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asset", "toml", "expected"),
    [
        (resolve, 'formt = "mp3"', "formt"),
        (resolve, 'model = "nobody"', "'nobody'"),
        (resolve, 'on_bad_rows = "fail"', "row 4"),
        (generate, "", "utterances"),
        (deliver, "", "utterances"),
    ],
)
def test_our_errors_are_one_paragraph_and_not_retried(
    proven: Project, asset: Callable[[Project], object], toml: str, expected: str
) -> None:
    proven.manifest(MANIFEST + "bad,,f2\n", toml)
    with pytest.raises(dg.Failure, match=expected) as failure:
        asset(proven)
    assert failure.value.allow_retries is False
    assert "\n" not in (failure.value.description or "")
    assert "Traceback" not in (failure.value.description or "")


def test_a_batch_without_a_manifest(project: Project) -> None:
    with pytest.raises(dg.Failure, match="'elsewhere'") as failure:
        resolve(project, "elsewhere")
    assert failure.value.allow_retries is False


def test_the_asset_fails_if_every_line_fails(proven: Project) -> None:
    resolve(proven)
    proven.engine = FakeEngine(fails="")
    with pytest.raises(dg.Failure, match="engine failed") as failure:
        generate(proven)
    assert failure.value.allow_retries is False


def test_a_batch_that_was_never_spoken_is_not_delivered(project: Project) -> None:
    """And files that were delivered earlier are not removed."""
    project.store.write("batches/b/audio/first.wav", b"of an earlier run")
    resolve(project)
    with pytest.raises(dg.Failure, match="f5-pipeline run b"):
        deliver(project)
    assert project.store.read("batches/b/audio/first.wav") == b"of an earlier run"


class Failing(LocalStore):
    """A store that cannot be read."""

    error: StoreUnusable

    def read(self, key: str, first: int | None = None) -> bytes:
        raise self.error


@pytest.mark.parametrize(
    ("error", "retried"),
    [
        (StoreBusy("s3://b", "reading", "503 SlowDown"), True),
        (StoreUnusable("s3://b", "is not there.", "Make it."), False),
    ],
)
@pytest.mark.parametrize("asset", [resolve, generate, deliver])
def test_only_transient_errors_are_retried(
    proven: Project, asset: Callable[[Project], object], error: StoreUnusable, retried: bool
) -> None:
    store = Failing(proven.store.url)
    store.error = error
    with pytest.raises(dg.Failure) as failure:
        asset(replace(proven, store=store))
    assert failure.value.allow_retries is retried
    assert failure.value.description == str(error)


def test_an_unknown_model_fails_the_assets_of_the_machine(project: Project) -> None:
    broken = replace(project, settings=Settings(**(project.settings.model_dump() | {"model": "nobody"})))
    for asset in (environment, weights, voices):
        with pytest.raises(dg.Failure, match="'nobody'"):
            asset(broken)


def test_a_licence_without_commercial_use_fails_weights_and_utterances(project: Project, tmp_path: Path) -> None:
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
