"""Usable and unusable voices of a store."""

from __future__ import annotations

from pathlib import Path

from f5_pipeline.doctor.finding import Finding
from f5_pipeline.doctor.voices import check_voices, probe_voices
from f5_pipeline.models.catalogue import model_named
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.material import put_voices


def test_usable_and_unusable_voices_are_counted(tmp_path: Path, cache: Path) -> None:
    store, demo = LocalStore(tmp_path / "store"), model_named(Settings(), "demo")

    def finding() -> Finding:
        return check_voices(probe_voices(store, cache, demo))

    assert finding().status == "warn"
    put_voices(store, "f2")
    assert (finding().status, "1" in finding().found) == ("ok", True)
    store.write("voices/mute.wav", b"RIFF")
    store.write("voices/anna.wav", b"not a recording")
    store.write("voices/anna.txt", b"Hello.")
    assert finding().status == "warn"
    assert [fact for fact in ("1", "2", "anna: ", "mute: ") if fact not in finding().found] == []


def test_files_that_belong_to_no_voice_are_named() -> None:
    for problems in ({}, {"f2": ()}, {"f2": ("it is silent",)}):
        assert "Not part of any voice: voices/f2.docx." in check_voices(problems, ["voices/f2.docx"]).found
