"""``voices``: JSON for programs, a table for people."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.cli.command_line import CommandLine
from tests.quality.neural.extra import needs_quality


def test_json_has_each_voice_with_its_problems(cli: CommandLine) -> None:
    cli.store.write("voices/mute.wav", b"RIFF")
    cli.store.write("voices/mute.txt", b"Nothing comes out.")
    code, voices = cli.json("voices")
    assert (code, [voice["name"] for voice in voices]) == (0, ["f2", "m1", "mute"])
    assert {"name", "usable", "problems", "audio_seconds", "warnings", "text"} <= set(voices[0])
    assert [voice["usable"] for voice in voices] == [True, True, False]
    assert (voices[0]["problems"], len(voices[2]["problems"])) == ([], 1)
    assert voices[0]["audio_seconds"] > 2


def test_table_shows_why_a_voice_is_unusable(cli: CommandLine) -> None:
    cli.store.write("voices/mute.txt", b"Nothing comes out.")
    soundfile.write(cli.folder / "short.wav", 0.1 * np.sin(np.arange(12_000) / 20), 24_000)
    cli.store.upload(cli.folder / "short.wav", "voices/short.wav")
    cli.store.write("voices/short.txt", b"[red]Hello[/red] there, you.")
    code, out, _ = cli("voices")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert lines["f2"].split()[1] == "yes"
    assert "every morning she drinks a cup of tea" in lines["f2"]
    assert lines["short"].split()[1] == "no"
    assert "1 s" in lines["short"]
    assert "[red]" in lines["short"]


@needs_quality
def test_the_mos_of_the_recordings_is_shown(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_NEURAL_MEASURES", "auto")
    cli.store.write("voices/mute.txt", b"Nothing comes out.")
    _, voices = cli.json("voices")
    assert [voice["mos"] for voice in voices] == [pytest.approx(2.86, abs=0.02), pytest.approx(2.77, abs=0.02), None]
    header, f2, *_ = cli("voices")[1].splitlines()
    assert (header.split()[3], f2.split()[3]) == ("MOS", f"{voices[0]['mos']:.1f}")


def test_a_broken_extra_leaves_out_the_mos(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_NEURAL_MEASURES", "auto")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr("f5_pipeline.quality.neural.mos.mos_model", lambda: Path("model.onnx"))
    _, voices = cli.json("voices")
    assert {voice["mos"] for voice in voices} == {None}


def test_files_that_belong_to_no_voice_are_named_once_beside_the_list(cli: CommandLine) -> None:
    cli.store.write("voices/f2.docx", b"x")
    for arguments in (("voices",), ("voices", "--json")):
        code, out, err = cli(*arguments)
        assert (code, out.count("f2.docx"), err.count("voices/f2.docx")) == (0, 0, 1)


def test_file_in_place_of_the_cache_folder_is_named(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_CACHE", str(cli.folder / "cache"))
    (cli.folder / "cache").mkdir()
    cli.write("cache/voices", b"a file")
    assert cli.fails("voices").startswith(str(cli.folder / "cache" / "voices"))


def test_store_without_voices(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_STORE", str(cli.folder / "[red]none"))
    assert str(cli.folder / "[red]none") in cli("voices")[1]
    assert cli.json("voices") == (0, [])
