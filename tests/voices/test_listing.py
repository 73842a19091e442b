"""The files under ``voices/``: which belong to a voice, and what the listing alone reveals."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.audio import recording_formats
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.voices import listing
from f5_pipeline.voices.listing import describe_unused, list_voices, unused_files


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def test_suffixes_in_any_case_select_the_files_of_a_voice(store: LocalStore) -> None:
    for key in ("anna.WAV", "anna.Txt", "anna.TOML", "ben.Flac", "ben.VTT", "c.d.M4A", "c.d.txt"):
        store.write(f"voices/{key}", b"x")
    voices = list_voices(store)
    assert [(name, files.problems) for name, files in voices.items()] == [("anna", ()), ("ben", ()), ("c.d", ())]
    assert [file.key for file in voices["anna"].objects] == ["voices/anna.WAV", "voices/anna.Txt", "voices/anna.TOML"]


#: files → voice → parts of its first problem
CLASHES = [
    (["a.wav", "a.WAV", "a.txt"], "a", ["more than one audio file", "voices/a.WAV", "voices/a.wav"]),
    (["a.wav", "a.txt", "a.TXT"], "a", ["more than one transcript", "voices/a.TXT", "voices/a.txt"]),
    (["a.wav", "a.txt", "a.toml", "a.Toml"], "a", ["more than one settings file", "a.Toml", "a.toml"]),
    (["Anna.wav", "anna.txt"], "Anna", ["voices/Anna.wav and voices/anna.txt", "case only"]),
    (["Anna.wav", "anna.txt"], "anna", ["voices/Anna.wav and voices/anna.txt", "case only"]),
    (["a.mp4", "a.mkv", "a.txt"], "a", ["more than one audio file", "voices/a.mkv", "voices/a.mp4"]),
]


@pytest.mark.parametrize(("names", "voice", "parts"), CLASHES)
def test_files_that_differ_in_case_only_are_both_named(
    store: LocalStore, names: list[str], voice: str, parts: list[str]
) -> None:
    for name in names:
        store.write(f"voices/{name}", b"x")
    problem = list_voices(store)[voice].problems[0]
    assert [part for part in parts if part not in problem] == []


def test_files_that_belong_to_no_voice_are_listed_once(store: LocalStore) -> None:
    for key in ("anna.wav", "anna.txt", "README.md", "cover.PNG", "notes", "old/ben.wav", "old/more/c.wav"):
        store.write(f"voices/{key}", b"x")
    Path(store.location("voices/anna.wav")).with_name(".DS_Store").write_bytes(b"x")
    unused = ["voices/README.md", "voices/cover.PNG", "voices/notes", "voices/old/"]
    assert unused_files(store) == unused
    assert ", ".join(unused) in describe_unused(unused)
    assert list(list_voices(store)) == ["anna"]


def test_a_long_list_of_unused_files_is_shortened() -> None:
    assert "voices/9.md and 3 more" in describe_unused([f"voices/{number}.md" for number in range(13)])
    assert describe_unused([]) == ""


def test_a_huge_recording_is_refused_before_its_download(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recording_formats.MAX_BYTES == listing.MAX_BYTES
    monkeypatch.setattr(listing, "MAX_BYTES", 2**20)
    store.write("voices/a.wav", bytes(2**20 + 1))
    store.write("voices/a.txt", b"x")
    assert "larger than 1 MiB" in list_voices(store)["a"].problems[0]


def test_an_empty_recording_is_a_problem(store: LocalStore) -> None:
    store.write("voices/a.wav", b"")
    store.write("voices/a.txt", b"x")
    assert "empty" in list_voices(store)["a"].problems[0]
