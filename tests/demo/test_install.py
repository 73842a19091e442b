"""Installing the demo's voices and manifest into a store without replacing the user's files."""

from __future__ import annotations

import csv
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from f5_pipeline.demo.install import VOICES, install
from f5_pipeline.storage.local import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def _actions(store: LocalStore) -> dict[str, str]:
    return {f"{each.kind} {each.name}": each.action for each in install(store)}


def test_an_empty_store_gets_voices_and_manifest(store: LocalStore) -> None:
    assert set(_actions(store).values()) == {"added"}
    keys = {info.key for info in store.list()}
    assert keys == {f"voices/{voice}.{suffix}" for voice in VOICES for suffix in ("wav", "txt")} | {
        "manifests/demo.csv"
    }


def test_a_second_time_changes_nothing(store: LocalStore) -> None:
    install(store)
    before = {info.key: info.etag for info in store.list()}
    assert set(_actions(store).values()) == {"already there"}
    assert {info.key: info.etag for info in store.list()} == before


def test_an_incomplete_voice_is_completed(store: LocalStore) -> None:
    install(store)
    store.delete("voices/m3.txt")
    assert _actions(store)["voice m3"] == "added"
    assert store.read("voices/m3.txt").startswith(b"a quick brown fox")


@pytest.mark.parametrize("key", ["voices/m3.wav", "voices/m3.mp3", "voices/m3.txt", "voices/m3.srt"])
def test_a_users_voice_of_the_same_name_is_kept(store: LocalStore, key: str) -> None:
    store.write(key, b"mine")
    assert _actions(store)["voice m3"] == "kept"
    assert {info.key for info in store.list("voices/m3.")} == {key}
    assert store.read(key) == b"mine"


def test_an_edited_manifest_is_kept(store: LocalStore) -> None:
    install(store)
    store.write("manifests/demo.csv", b"id,text\n1,mine\n")
    assert _actions(store)["manifest demo"] == "kept"
    assert store.read("manifests/demo.csv") == b"id,text\n1,mine\n"


def test_settings_files_and_similar_names_do_not_count_as_the_users_own(store: LocalStore) -> None:
    for key in ("voices/m3.toml", "voices/m3.old.wav", "manifests/demo.toml", "manifests/demo.2.csv"):
        store.write(key, b"")
    assert set(_actions(store).values()) == {"added"}


def test_the_manifest_covers_the_features_of_a_manifest() -> None:
    text = files("f5_pipeline.demo").joinpath("manifest.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    good = [row for row in rows if "bad on purpose" not in row["note"]]
    assert len(good) >= 14
    assert len(rows) - len(good) == 1
    assert len({row["id"] for row in rows}) == len(rows)
    assert {row["voice"] for row in good} == set(VOICES)
    assert max(len(row["text"]) for row in good) >= 600
    assert any(char.isdigit() for row in good for char in row["text"])
    assert {row["text"][-1] for row in good} >= set(".?!")
    assert len({row["section"] for row in good}) >= 3


@pytest.mark.slow
def test_the_command_reports_what_it_did(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "f5_pipeline.demo"]
    done = subprocess.run(
        command,
        env={"F5_STORE": str(tmp_path / "s"), "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"manifest demo: added ({tmp_path / 's' / 'manifests' / 'demo.csv'})" in done.stdout
    assert done.stdout.count("voice ") == len(VOICES)


@pytest.mark.slow
def test_a_store_that_is_a_file_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("")
    command = [sys.executable, "-m", "f5_pipeline.demo"]
    done = subprocess.run(
        command,
        env={"F5_STORE": str(tmp_path / "s"), "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "F5_STORE" in done.stderr
