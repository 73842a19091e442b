"""Stale batches and reasons: each input of a batch changes in turn."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from f5_pipeline.errors import NothingSpoken
from f5_pipeline.manifests.inputs import CurrentInputs
from f5_pipeline.manifests.staleness import BatchState, batch_states
from f5_pipeline.models.spec import ModelSpec, SourceFile
from f5_pipeline.results.manifest_files import ManifestFiles
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import parquet_object, provenance_object
from f5_pipeline.storage.local import LocalStore
from tests.finished_batches import deliver, finish, resolve, speak
from tests.synthesis.fake_engine import FakeEngine

MANIFEST = "id,text,voice\nfirst,The first line.,f2\nsecond,The second line.,m1\n"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    for name in ("f2", "m1"):
        put_voice(store, name)
    store.write("manifests/b.csv", MANIFEST.encode())
    return store


@pytest.fixture
def settings(store: LocalStore, cache: Path) -> Settings:
    return Settings(store=store.url, cache=cache, device="cpu")


def put_voice(store: LocalStore, name: str, source: str = "") -> None:
    for suffix in ("wav", "txt"):
        data = files("f5_pipeline.demo").joinpath("voices", f"{source or name}.{suffix}").read_bytes()
        store.write(f"voices/{name}.{suffix}", data)


def with_models(settings: Settings, toml: str, **others: str) -> Settings:
    path = Path(settings.store) / "models.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(toml)
    return settings.model_copy(update={"models": path, **others})


def state(store: LocalStore, settings: Settings, batch: str = "b") -> BatchState:
    return next(state for state in batch_states(store, settings) if state.batch == batch)


def reason(store: LocalStore, settings: Settings) -> str:
    return state(store, settings).reason


def test_a_batch_needs_a_run_until_it_is_delivered(store: LocalStore, settings: Settings) -> None:
    assert reason(store, settings) == "not spoken yet"
    resolve(store, settings, "b")
    assert reason(store, settings) == "not spoken yet"
    speak(store, settings, "b")
    assert reason(store, settings) == "not delivered yet"
    deliver(store, settings, "b")
    assert reason(store, settings) == ""
    finish(store, settings, "b")
    assert reason(store, settings) == ""


def edit_manifest(store: LocalStore) -> None:
    store.write("manifests/b.csv", (MANIFEST + "third,One more.,f2\n").encode())


def change_format(store: LocalStore) -> None:
    store.write("manifests/b.txt", b"One paragraph.")
    store.delete("manifests/b.csv")


def add_settings(store: LocalStore) -> None:
    store.write("manifests/b.toml", b'format = "flac"\n')


def add_dictionary(store: LocalStore) -> None:
    store.write("manifests/b.pronunciations.csv", b"word,say\nline,lion\n")


def test_a_change_of_the_store_dictionary(store: LocalStore, settings: Settings) -> None:
    finish(store, settings, "b")
    before = state(store, settings).inputs_digest
    for text in (b"word,say\nline,lion\n", b"word,say\nline,lyne\n"):
        store.write("pronunciations.csv", text)
        assert reason(store, settings) == "changed since: pronunciations"
        assert state(store, settings).inputs_digest != before
        finish(store, settings, "b")
        assert reason(store, settings) == ""
    store.delete("pronunciations.csv")
    assert reason(store, settings) == "changed since: pronunciations"


@pytest.mark.parametrize("change", [edit_manifest, change_format, add_settings, add_dictionary])
def test_a_change_of_the_manifest_or_a_sidecar_file(
    store: LocalStore, settings: Settings, change: Callable[[LocalStore], None]
) -> None:
    finish(store, settings, "b")
    change(store)
    assert reason(store, settings) == "changed since: manifest"


def test_deleted_settings_are_a_change(store: LocalStore, settings: Settings) -> None:
    add_settings(store)
    finish(store, settings, "b")
    store.delete("manifests/b.toml")
    assert reason(store, settings) == "changed since: manifest"


def test_a_changed_voice_affects_the_batches_that_use_it(store: LocalStore, settings: Settings) -> None:
    store.write("manifests/other.csv", b"text,voice\nOnly one voice.,f2\n")
    for batch in ("b", "other"):
        finish(store, settings, batch)
    put_voice(store, "m1", source="m3")
    assert reason(store, settings) == "changed since: voice m1"
    assert state(store, settings, "other").reason == ""
    store.write("voices/f2.toml", b"speed = 1.1\n")
    assert reason(store, settings) == "changed since: voice f2, voice m1"
    finish(store, settings, "b")
    assert reason(store, settings) == ""


def test_adding_a_missing_voice_is_a_change(store: LocalStore, settings: Settings) -> None:
    store.write("manifests/b.csv", (MANIFEST + "third,His line.,m3\n").encode())
    finish(store, settings, "b")
    assert reason(store, settings) == ""  # a rejected row needs an edit, not another run
    put_voice(store, "m3")
    assert reason(store, settings) == "changed since: voice m3"


def test_another_default_model_affects_batches_without_a_model(store: LocalStore, settings: Settings) -> None:
    store.write("manifests/named.csv", MANIFEST.encode())
    store.write("manifests/named.toml", b'model = "demo"\n')
    for batch in ("b", "named"):
        finish(store, settings, batch)
    other = with_models(settings, '[mine]\nbase = "demo"\n', model="mine")
    assert reason(store, other) == "changed since: F5_MODEL"
    assert state(store, other, "named").reason == ""


def test_a_changed_model_affects_the_batches_that_use_it(store: LocalStore, settings: Settings) -> None:
    mine = with_models(settings, '[mine]\nbase = "demo"\n', model="mine")
    finish(store, mine, "b")
    assert reason(store, mine) == ""
    assert reason(store, with_models(settings, '[mine]\nbase = "demo"\ndescription = "Reworded"\n', model="mine")) == ""
    changed = with_models(settings, '[mine]\nbase = "demo"\nref_silence_seconds = 0.5\n', model="mine")
    assert reason(store, changed) == "changed since: model mine"


def test_a_new_engine_version_is_a_change(
    store: LocalStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(store, settings, "b")
    monkeypatch.setattr("f5_pipeline.manifests.inputs.ENGINE_VERSION", "another")
    assert reason(store, settings) == "changed since: engine"


def test_failed_lines_need_another_run(store: LocalStore, settings: Settings) -> None:
    finish(store, settings, "b", FakeEngine(fails="second"))
    assert reason(store, settings) == "1 failed line"
    finish(store, settings, "b")
    assert reason(store, settings) == ""


def test_a_batch_whose_lines_all_failed(store: LocalStore, settings: Settings) -> None:
    with pytest.raises(NothingSpoken):
        finish(store, settings, "b", FakeEngine(fails=""))
    assert reason(store, settings) == "not delivered yet"


def test_a_batch_spoken_again_needs_delivery(store: LocalStore, settings: Settings) -> None:
    finish(store, settings, "b")
    speak(store, settings, "b")
    assert reason(store, settings) == "not delivered yet"


def test_a_crash_between_index_and_provenance_is_detected(store: LocalStore, settings: Settings) -> None:
    finish(store, settings, "b")
    record = store.read(provenance_object("b"))
    speak(store, settings, "b")
    store.write(provenance_object("b"), record)
    assert reason(store, settings) == "its index was replaced or deleted"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"format": 1}', b'{"format": 99}', b"\xff"])
def test_a_lost_or_damaged_provenance_costs_a_run(store: LocalStore, settings: Settings, damage: bytes) -> None:
    finish(store, settings, "b")
    store.write(provenance_object("b"), damage)
    assert reason(store, settings) == "not spoken yet"
    store.delete(provenance_object("b"))
    assert reason(store, settings) == "not spoken yet"
    finish(store, settings, "b")
    assert reason(store, settings) == ""


def test_a_deleted_index_is_detected(store: LocalStore, settings: Settings) -> None:
    finish(store, settings, "b")
    store.delete(parquet_object("b"))
    assert reason(store, settings) == "its index was replaced or deleted"


def test_the_inputs_digest_changes_with_every_possible_input(store: LocalStore, settings: Settings) -> None:
    digests = [state(store, settings).inputs_digest]
    finish(store, settings, "b", FakeEngine(fails="second"))
    assert state(store, settings).inputs_digest == digests[0]
    for change in (
        lambda: edit_manifest(store),
        lambda: add_settings(store),
        lambda: put_voice(store, "m3"),  # not used by the batch, but the digest does not read the manifest
    ):
        change()
        digests.append(state(store, settings).inputs_digest)
    digests.append(state(store, with_models(settings, '[mine]\nbase = "demo"\n')).inputs_digest)
    assert len(set(digests)) == 5


def test_the_longest_waiting_batch_comes_first(store: LocalStore, settings: Settings) -> None:
    for age, batch in enumerate(("young", "old", "oldest")):
        store.write(f"manifests/{batch}.csv", MANIFEST.encode())
        moment = 1_700_000_000 - age
        os.utime(store.location(f"manifests/{batch}.csv"), (moment, moment))
    assert [state.batch for state in batch_states(store, settings)] == ["oldest", "old", "young", "b"]


def test_only_listings_and_provenance_are_read(
    store: LocalStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(store, settings, "b")
    read: list[str] = []
    real = LocalStore.read
    monkeypatch.setattr(LocalStore, "read", lambda self, key, first=None: read.append(key) or real(self, key, first))
    assert reason(store, settings) == ""
    assert read == [provenance_object("b")]


def test_unsafe_file_names_are_ignored(store: LocalStore, settings: Settings) -> None:
    folder = Path(store.url) / "manifests"
    for name in ("a b.csv", ".hidden.csv", "é.csv", "x" * 140 + ".csv", "notes.docx", "alone.toml", "-rf;.csv"):
        (folder / name).write_text(MANIFEST)
    (folder / "deep").mkdir()
    (folder / "deep" / "er.csv").write_text(MANIFEST)
    assert [state.batch for state in batch_states(store, settings)] == ["b"]


def test_foreign_files_beside_a_manifest_are_no_change(store: LocalStore, settings: Settings) -> None:
    finish(store, settings, "b")
    for name in ("b.docx", "b.csv.bak", "b.2.toml"):
        store.write(f"manifests/{name}", b"x")
    assert reason(store, settings) == ""


def test_the_version_of_a_model_is_that_from_before_there_were_solvers() -> None:
    """Otherwise an update of this package would mark all batches as out of date."""
    file = SourceFile("s3://models/a.safetensors", "a" * 64)
    spec = ModelSpec("m", "", "DiT", {"dim": 64}, "pinyin", file, file, file, file, ("en",), "MIT", True)
    inputs = CurrentInputs({}, {"m": spec}, "m")
    assert inputs.version("model m", ManifestFiles("b", ())) == "22d5cb5e7d69a7b1691548778758d784"
