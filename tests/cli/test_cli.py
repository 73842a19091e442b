"""The command line: exit codes, one paragraph for every mistake, the shapes of its JSON, and what it works without."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from f5_pipeline.cli.main import main
from f5_pipeline.cli.results_table import quality_of
from f5_pipeline.results.index import IndexRow, write_index
from f5_pipeline.results.manifest_files import manifest_files
from f5_pipeline.results.provenance import record_spoken
from f5_pipeline.storage.local import LocalStore
from tests.material import put_voices
from tests.synthesis.fake_engine import FakeEngine

MANIFEST = "id,text,voice\none,The first line.,f2\ntwo,The second line.,m1\n"


class Here:
    """A working folder with a store, and the command line in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.store = LocalStore(folder / "store")

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as exit:
            code = int(exit.code or 0)
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def fails(self, *arguments: object, code: int = 1) -> str:
        """The one paragraph on stderr that it fails with."""
        exit_code, out, err = self(*arguments)
        assert (exit_code, out) == (code, "")
        assert "Traceback" not in err
        assert len(err.strip().splitlines()) == 1, err
        return err.strip()

    def file(self, name: str, data: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def partitions(self) -> set[str]:
        """Of the instance, read as its database has them."""
        with sqlite3.connect(self.folder / "dagster" / "history" / "runs" / "index.db") as database:
            rows = database.execute("select partitions_def_name, partition from dynamic_partitions").fetchall()
        assert {definition for definition, _ in rows} <= {"batches"}
        return {partition for _, partition in rows}

    def manifests(self) -> dict[str, bytes]:
        keys = [info.key for info in self.store.list("manifests/")]
        return {key.removeprefix("manifests/"): self.store.read(key) for key in keys}


@pytest.fixture(scope="session")
def new_instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Dagster home that was never used: making its databases takes longer than most tests."""
    from f5_pipeline.defs.instance.instance import open_instance

    home = tmp_path_factory.mktemp("dagster")
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        open_instance().dispose()
    return home


@pytest.fixture
def here(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    cache: Path,
    new_instance: Path,
) -> Here:
    shutil.copytree(new_instance, tmp_path / "dagster")
    for name in [name for name in os.environ if name.startswith("F5_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setenv("F5_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)
    here = Here(tmp_path, capsys)
    put_voices(here.store, "f2", "m1")
    return here


def write_results(store: LocalStore, batch: str = "b") -> None:
    """As a run leaves them."""
    rows = [
        IndexRow(
            *(
                "one",
                "Hello.",
                "hello.",
                "f2",
                "demo",
                "ok",
                "",
                "a" * 64,
                f"clips/aa/{'a' * 64}.flac",
                1.25,
                7,
                1,
                999,
            ),
            quality={"duration_ratio": 1.04},
        ),
        IndexRow("two", "", voice="m1", status="rejected", reason="row 2: The text is empty.", columns={"note": "x"}),
    ]
    write_index(store, batch, rows)
    store.write(f"batches/{batch}/audio/one.wav", b"RIFF")
    store.write(f"batches/{batch}/report.html", b"<!doctype html>")


# --- usage ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [(), ("sing",), ("submit",), ("run",), ("results",), ("fetch", "b"), ("voices", "--loud"), ("run", "b", "c")],
)
def test_wrong_usage_is_exit_code_2(here: Here, arguments: tuple[str, ...]) -> None:
    code, out, err = here(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("usage: f5-pipeline")
    assert "Traceback" not in err


def test_help_lists_the_commands(here: Here) -> None:
    code, out, _ = here("--help")
    assert code == 0
    for command in ("submit", "run", "results", "report", "fetch", "voices", "doctor", "clean", "mirror"):
        assert f"    {command} " in out


# --- mistakes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [("run", "nope"), ("results", "nope"), ("report", "nope"), ("fetch", "nope", "out")]
)
def test_an_unknown_batch_is_named_with_those_there_are(here: Here, command: tuple[str, ...]) -> None:
    here.store.write("manifests/chapter1.csv", MANIFEST.encode())
    said = here.fails(*command)
    assert said.startswith("Batch 'nope' is not in the store")
    assert "chapter1" in said
    assert "f5-pipeline submit" in said
    assert not (here.folder / "out").exists()


@pytest.mark.parametrize("command", [("run",), ("results",), ("fetch",), ("submit", "x.csv", "--batch")])
@pytest.mark.parametrize(
    "batch", ["../evil", "/etc/passwd", "a/b", ".hidden", "", "a b", "x" * 129, "naïve", "\x1b[31m"]
)
def test_hostile_batch_names(here: Here, command: tuple[str, ...], batch: str) -> None:
    here.file("x.csv", MANIFEST)
    before = set(here.folder.rglob("*"))
    arguments = [*command, batch, *(["out"] if command == ("fetch",) else [])]
    assert "is not a safe name" in here.fails(*arguments)
    assert set(here.folder.rglob("*")) == before
    assert "\x1b" not in here.fails(*arguments)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("missing.csv", None, "cannot be read: No such file or directory"),
        ("empty.csv", "", "is empty"),
        ("header.csv", "id,text,voice\n", "has no rows"),
        ("columns.csv", "id,words\n1,hello\n", "has no column 'text'"),
        ("latin.csv", "id,text\n1,caf\xe9\n".encode("latin-1"), "is not UTF-8: line 2 has the byte 0xe9"),
        ("utf16.csv", MANIFEST.encode("utf-16"), "is UTF-16"),
        ("quote.csv", 'id,text\n1,"never closed\n', "has a quote in line 2 that is never closed"),
        ("array.jsonl", '[{"text": "x"}]', "is a JSON array"),
        ("not.parquet", "PAR1", "cannot be read as Parquet"),
        ("letter.docx", b"PK\x03\x04", "is of an unknown kind '.docx'"),
    ],
)
def test_manifests_that_cannot_be_submitted(here: Here, name: str, data: str | bytes | None, says: str) -> None:
    if data is not None:
        here.file(name, data)
    said = here.fails("submit", name)
    assert name in said
    assert says in said
    assert here.manifests() == {}
    assert here.partitions() == set()


def test_a_folder_is_no_manifest(here: Here) -> None:
    (here.folder / "folder.csv").mkdir()
    assert "folder.csv" in here.fails("submit", "folder.csv")


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("formt = 'mp3'", "'formt' is not a setting. Did you mean 'format'?"),
        ("nfe_step = 0", "'nfe_step': must be at least 1"),
        ("format = 'mp9'", "'format': must be one of"),
        ("voice = '../x'", "'voice' is not a safe name"),
        ("= 3", "is not TOML"),
    ],
)
def test_settings_that_cannot_be_submitted(here: Here, toml: str, says: str) -> None:
    here.file("x.csv", MANIFEST)
    here.file("x.toml", toml)
    said = here.fails("submit", "x.csv")
    assert "x.toml" in said
    assert says in said
    assert here.manifests() == {}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("F5_DEVICE", "tpu"),
        ("F5_ATTENTION", "flash"),
        ("F5_BATCH_SECONDS", "many"),
        ("F5_BATCH_SECONDS", "-1"),
        ("F5_STORE", "ftp://there/is/none"),
        ("F5_MODELS", "/nowhere/models.toml"),
        ("F5_PRECISION", "int8"),
    ],
)
def test_bad_variables_are_named(here: Here, monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    said = here.fails("voices")
    assert variable in said
    assert value in said


def test_a_misspelt_variable_is_named(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_DEVCE", "cpu")
    said = here.fails("voices")
    assert "F5_DEVCE" in said
    assert "F5_DEVICE" in said


def test_a_variable_may_come_from_a_dot_env_file(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    here.file(".env", "F5_DEVICE=tpu\n")
    monkeypatch.setenv("F5_DEVICE", "")  # undone afterwards
    monkeypatch.delenv("F5_DEVICE")
    assert "'tpu'" in here.fails("voices")


def test_a_dot_env_file_with_a_byte_order_mark(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    here.file(".env", "\ufeffF5_DEVICE=tpu\n")
    monkeypatch.setenv("F5_DEVICE", "")  # undone afterwards
    monkeypatch.delenv("F5_DEVICE")
    assert "'tpu'" in here.fails("voices")


@pytest.mark.parametrize("data", ["F5_DEVICE=cpu\n".encode("utf-16"), b"F5_DEVICE=\xff\n", b"F5_MODEL=a\0b\n"])
def test_a_dot_env_file_that_is_no_text(here: Here, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_MODEL", "")  # undone afterwards
    monkeypatch.delenv("F5_MODEL")
    here.file(".env", data)
    assert "save it as UTF-8" in here.fails("voices")
    assert here("doctor", "--json")[0] == 1


def test_an_unknown_model(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_MODEL", "loud")
    for command in (("voices",), ("mirror", "quiet")):
        said = here.fails(*command)
        assert "is not in the catalogue" in said
        assert "demo" in said


def test_a_store_that_is_a_file(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_STORE", str(here.file("file", "")))
    for command in (("voices",), ("results", "b"), ("submit", here.file("x.csv", MANIFEST))):
        assert "F5_STORE" in here.fails(*command)


def test_an_interruption_is_said_in_a_sentence(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("f5_pipeline.results.lookup.batch_results", interrupt)
    assert here.fails("results", "b", code=130).startswith("Interrupted.")


# --- submit ---------------------------------------------------------------------------------------------------


def test_submit_puts_the_manifest_and_registers_the_batch(here: Here) -> None:
    code, out, _ = here("submit", here.file("chapter1.csv", MANIFEST))
    assert code == 0
    assert here.manifests() == {"chapter1.csv": MANIFEST.encode()}
    assert here.partitions() == {"chapter1"}
    assert f"Batch 'chapter1' is in the store {here.folder / 'store'}" in out
    assert str(here.folder / "dagster") in out
    assert out.endswith("Speak it with: f5-pipeline run chapter1\n")
    assert not (here.folder / "store" / "batches").exists()


def test_submit_takes_the_settings_along_and_replaces_both(here: Here) -> None:
    here.file("x.csv", MANIFEST)
    toml = here.file("x.toml", 'format = "mp3"\n')
    here("submit", "x.csv")
    assert here.manifests() == {"x.csv": MANIFEST.encode(), "x.toml": b'format = "mp3"\n'}
    toml.write_text('format = "flac"\n')
    here.file("x.csv", "text,voice\nAnother.,f2\n")
    here("submit", "x.csv")
    assert here.manifests() == {"x.csv": b"text,voice\nAnother.,f2\n", "x.toml": b'format = "flac"\n'}
    toml.unlink()
    (here.folder / "x.csv").rename(here.folder / "x.jsonl")
    here.file("x.jsonl", '{"text": "Hello.", "voice": "f2"}\n')
    here("submit", "x.jsonl")
    assert list(here.manifests()) == ["x.jsonl"]
    assert here.partitions() == {"x"}


def test_a_bad_second_submission_leaves_the_first(here: Here) -> None:
    here.file("x.csv", MANIFEST)
    here.file("x.toml", 'format = "mp3"\n')
    here("submit", "x.csv")
    before = here.manifests()
    here.file("x.toml", "nonsense = 1\n")
    here.fails("submit", "x.csv")
    here.file("x.csv", "words\nx\n")
    here.fails("submit", "x.csv")
    assert here.manifests() == before


@pytest.mark.parametrize(
    ("name", "batch"),
    [("Öl & Gas (2).csv", "Ol-Gas-2"), ("кни га 1.csv", "1"), ("..csv.csv", "csv"), ("a b.CSV", "a-b"), ("x.tsv", "x")],
)
def test_names_of_files_become_names_of_batches(here: Here, name: str, batch: str) -> None:
    data = MANIFEST.replace(",", "\t") if name.endswith("tsv") else MANIFEST
    code, out, err = here("submit", here.file(name, data))
    assert (code, err) == (0, "")
    assert out.startswith(f"Batch {batch!r} is in the store")
    assert here.partitions() == {batch}


def test_a_name_of_which_no_batch_can_be_made_asks_for_one(here: Here) -> None:
    here.file("книга.csv", MANIFEST)
    assert "is not a safe name" in here.fails("submit", "книга.csv")
    assert here("submit", "книга.csv", "--batch", "kniga")[0] == 0
    assert here.partitions() == {"kniga"}


def test_many_submissions_at_once(here: Here) -> None:
    """Each in a process of its own, all into one new instance."""
    paths = [here.file(f"m{number}.csv", MANIFEST) for number in range(3)]
    command = [sys.executable, "-m", "f5_pipeline.cli.main", "submit"]
    shutil.rmtree(here.folder / "dagster")
    (here.folder / "dagster").mkdir()
    here.file("dagster/dagster.yaml", "telemetry: {enabled: false}\n")
    running = [subprocess.Popen([*command, str(path)], stderr=subprocess.PIPE, text=True) for path in paths]
    assert [process.communicate()[1] for process in running] == [""] * 3
    assert here.partitions() == {"m0", "m1", "m2"}


# --- results and fetch ----------------------------------------------------------------------------------------


def test_results_as_json(here: Here) -> None:
    write_results(here.store)
    code, out, _ = here("results", "b", "--json")
    found = json.loads(out)
    assert (code, set(found), found["batch"]) == (0, {"batch", "utterances"}, "b")
    one, two = found["utterances"]
    assert list(one)[:12] == [
        *("id", "text", "spoken_text", "voice", "model", "status", "reason", "key", "clip"),
        *("audio_seconds", "seed", "attempts"),
    ]
    assert (one["status"], one["audio_seconds"], one["seed"], one["cached"]) == ("ok", 1.25, 7, False)
    assert (two["status"], two["reason"], two["audio_seconds"]) == ("rejected", "row 2: The text is empty.", None)
    assert two["note"] == "x"


def test_results_for_people(here: Here) -> None:
    write_results(here.store)
    code, out, err = here("results", "b")
    assert (code, err) == (0, "")
    header, one, two, total, audio, page = out.splitlines()
    assert header.split() == ["id", "status", "seconds", "quality", "voice", "text", "clip"]
    assert one.split() == [
        "one",
        "ok",
        "1.2",
        "length",
        "104%",
        "f2",
        "hello.",
        str(here.folder / "store" / f"clips/aa/{'a' * 64}.flac"),
    ]
    assert "row 2: The text is empty." in two
    assert total == "2 utterances (1 ok, 1 rejected), 1.2 s of audio"
    assert audio == f"Audio:  {here.folder / 'store/batches/b/audio'}"
    assert page == f"Listen: {here.folder / 'store/batches/b/report.html'}"


def test_where_a_clip_is_reaches_a_pipe_whole(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(here.folder.joinpath(*["a-long-name-of-a-folder" * 3] * 6))
    write_results(store)
    monkeypatch.setenv("F5_STORE", store.url)
    assert store.location(f"clips/aa/{'a' * 64}.flac") in here("results", "b")[1].splitlines()[1].split()


@pytest.mark.parametrize(
    ("quality", "shown"),
    [
        ({"duration_ratio": 0.5, "word_error_rate": 0.125}, "words 88%"),
        ({"duration_ratio": 0.5, "word_error_rate": 3}, "words 0%"),
        ({"duration_ratio": 0.5}, "length 50%"),
        ({}, ""),
    ],
)
def test_the_measure_that_tells_most(quality: dict[str, float], shown: str) -> None:
    assert quality_of(IndexRow("one", "Hello.", quality=quality)) == shown


def test_results_of_an_older_manifest_say_so(here: Here) -> None:
    here("submit", here.file("b.csv", MANIFEST))
    write_results(here.store)
    version = manifest_files(here.store, "b").version
    record_spoken(here.store, "b", {"manifest": version}, 0)
    code, before, err = here("results", "b", "--json")
    assert (code, err) == (0, "")
    here("submit", here.file("b.csv", MANIFEST.replace("one", "first")))
    said = "The manifest has changed since this was spoken; run: f5-pipeline run b\n"
    assert here("results", "b", "--json") == (0, before, said)
    assert here("results", "b")[2] == said
    for info in list(here.store.list("manifests/")):
        here.store.delete(info.key)
    assert here("results", "b")[2] == ""


def test_links_open_the_clips(here: Here) -> None:
    write_results(here.store)
    code, out, err = here("results", "b", "--links", "60")
    assert (code, err) == (0, "")
    clip = here.folder / "store" / f"clips/aa/{'a' * 64}.flac"
    assert out == f"one\t{clip.as_uri()}\n"
    one, two = json.loads(here("results", "b", "--links", "60", "--json")[1])["utterances"]
    assert one["link"] == clip.as_uri()
    assert "link" not in two
    assert here("results", "b", "--links", "0")[0] == 2


def test_results_of_one_line(here: Here) -> None:
    write_results(here.store)
    found = json.loads(here("results", "b", "--id", "one", "--json")[1])
    assert [row["id"] for row in found["utterances"]] == ["one"]
    assert here.fails("results", "b", "--id", "three") == "Batch 'b' has no utterance 'three'. It has 2: one, two."


def test_a_batch_that_was_not_spoken_yet(here: Here) -> None:
    here("submit", here.file("b.csv", MANIFEST))
    assert here("results", "b") == (0, "Batch 'b' was not spoken yet. Speak it with: f5-pipeline run b\n", "")
    assert json.loads(here("results", "b", "--json")[1]) == {"batch": "b", "utterances": []}
    assert "f5-pipeline run b" in here.fails("results", "b", "--id", "one")
    assert "f5-pipeline run b" in here.fails("fetch", "b", "out")


def test_a_damaged_index(here: Here) -> None:
    here.store.write("batches/b/index.parquet", b"PAR1 not really")
    assert "Run its batch again" in here.fails("results", "b")


def test_hostile_texts_reach_no_terminal(here: Here) -> None:
    """Escape sequences could rename a window, hide lines or worse; rich's own markup must not be read either."""
    rows = [IndexRow("one", "x", "\x1b]0;evil\x07\x1b[2J[red]hello[/red] \u202e", "f2", key="a" * 64, clip="clips/x")]
    write_index(here.store, "b", rows)
    _, out, _ = here("results", "b")
    assert "[red]hello[/red]" in out
    assert "\x1b" not in out
    assert "\x07" not in out
    found = json.loads(here("results", "b", "--json")[1])
    assert found["utterances"][0]["spoken_text"] == rows[0].spoken_text


def test_a_long_text_is_cut_in_the_table_only(here: Here) -> None:
    write_index(here.store, "b", [IndexRow("one", "x", "many words " * 50, "f2")])
    assert "many words many words" in here("results", "b")[1]
    assert all(len(line) < 250 for line in here("results", "b")[1].splitlines())


def test_fetch_copies_what_was_delivered(here: Here) -> None:
    write_results(here.store)
    code, out, err = here("fetch", "b", "out")
    assert (code, err) == (0, "")
    assert (here.folder / "out" / "audio" / "one.wav").read_bytes() == b"RIFF"
    assert (here.folder / "out" / "report.html").exists()
    copied = int(out.split()[0])
    assert here("fetch", "b", "out")[1] == f"0 files copied to out, {copied} there already.\n"


def test_fetch_into_something_that_is_no_folder(here: Here) -> None:
    write_results(here.store)
    here.file("out", "")
    assert "out" in here.fails("fetch", "b", "out")


# --- voices ---------------------------------------------------------------------------------------------------


def test_voices_as_json(here: Here) -> None:
    here.store.write("voices/mute.wav", b"RIFF")
    here.store.write("voices/mute.txt", b"Nothing comes out.")
    code, out, _ = here("voices", "--json")
    found: list[dict[str, Any]] = json.loads(out)
    assert (code, [voice["name"] for voice in found]) == (0, ["f2", "m1", "mute"])
    assert {"name", "usable", "problems", "audio_seconds", "warnings", "text"} <= set(found[0])
    assert [voice["usable"] for voice in found] == [True, True, False]
    assert (found[0]["problems"], len(found[2]["problems"])) == ([], 1)
    assert found[0]["audio_seconds"] > 2


def test_voices_for_people(here: Here) -> None:
    here.store.write("voices/mute.txt", b"Nothing comes out.")
    soundfile.write(here.folder / "short.wav", 0.1 * np.sin(np.arange(12_000) / 20), 24_000)
    here.store.upload(here.folder / "short.wav", "voices/short.wav")
    here.store.write("voices/short.txt", b"[red]Hello[/red] there, you.")
    code, out, _ = here("voices")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert lines["f2"].split()[1] == "yes"
    assert "every morning she drinks a cup of tea" in lines["f2"]
    assert lines["short"].split()[1] == "no"
    assert "needs 1 s" in lines["short"]
    assert "[red]" in lines["short"]


def test_a_cache_that_is_in_the_way(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_CACHE", str(here.folder / "cache"))
    (here.folder / "cache").mkdir()
    (here.folder / "cache" / "voices").write_bytes(b"a file")
    code, out, err = here("voices")
    assert (code, out) == (1, "")
    assert err.startswith(str(here.folder / "cache" / "voices"))
    assert "Move that file away." in err
    assert err.count("\n") == 1


def test_a_store_without_voices(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_STORE", str(here.folder / "[red]none"))
    assert here("voices")[1].startswith(f"The store {here.folder / '[red]none'} has no voices yet")
    assert json.loads(here("voices", "--json")[1]) == []


# --- clean and mirror -----------------------------------------------------------------------------------------


def test_clean_says_what_it_would_do_and_does_it(here: Here) -> None:
    here.store.write(f"clips/bb/{'b' * 64}.flac", b"x" * 2_000_000)
    dry = here("clean", "--dry-run")[1]
    assert "Would remove 0 partial files of dead processes and 1 clips that no batch names: 2.0 MB." in dry
    assert len(list(here.store.list("clips/"))) == 1
    assert "Removed 0 partial files of dead processes and 1 clips" in here("clean")[1]
    assert list(here.store.list("clips/")) == []


def test_the_embedded_model_needs_no_mirror(here: Here) -> None:
    assert here("mirror", "demo") == (
        0,
        "Nothing of 'demo' needs a mirror: its files come with a package, or are your own.\n",
        "",
    )


# --- run ------------------------------------------------------------------------------------------------------


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Instead of the real one, which ``test_commands`` lets speak."""
    engine = FakeEngine()
    monkeypatch.setattr("f5_pipeline.defs.resources.load_f5_engine", lambda model: engine.load(model))
    return engine


def test_run_speaks_delivers_and_says_where(here: Here, engine: FakeEngine) -> None:
    here("submit", here.file("b.csv", MANIFEST + "bad,,f2\n"))
    code, out, err = here("run", "b")
    assert code == 0
    assert out.splitlines() == [
        "2 ok, 0 suspect, 0 failed, 1 rejected; 2 clips spoken, 0 lines spoken before.",
        f"Audio:  {here.folder / 'store/batches/b/audio'}",
        f"Listen: {here.folder / 'store/batches/b/report.html'}",
    ]
    assert f"Dagster instance: {here.folder / 'dagster'}" in err
    assert "clips to speak: 2, about" in err
    assert "Traceback" not in err
    assert (here.folder / "store/batches/b/audio/one.wav").exists()
    code, out, err = here("run", "b")
    assert out.startswith("2 ok, 0 suspect, 0 failed, 1 rejected; 0 clips spoken, 2 lines spoken before.")
    assert "2 lines, all of them spoken before: nothing to speak." in err
    assert len(engine.spoken) == 2


def test_run_may_take_longer_than_a_day(here: Here, engine: FakeEngine) -> None:
    """Of runs that say nothing else, the daemon calls those failed that are going on after a day."""
    from dagster._daemon.monitoring.run_monitoring import check_run_timeout  # noqa: TID251

    from f5_pipeline.defs.instance.instance import open_instance

    here("submit", here.file("b.csv", MANIFEST))
    assert here("run", "b")[0] == 0
    with open_instance() as instance:
        (record,) = instance.get_run_records()
        assert record.start_time is not None
        check_run_timeout(instance, record, logging.getLogger(), default_timeout_seconds=1e-9)
        assert [run.status.value for run in instance.get_runs()] == ["SUCCESS"]


def test_run_registers_a_manifest_that_was_put_there_by_hand(here: Here, engine: FakeEngine) -> None:
    here.store.write("manifests/byhand.csv", MANIFEST.encode())
    assert here("run", "byhand")[0] == 0
    assert here.partitions() == {"byhand"}


@pytest.mark.parametrize(
    ("manifest", "toml", "says"),
    [
        ("words\nhello\n", "", "has no column 'text'"),
        ("", "", "is empty"),
        (MANIFEST.encode("utf-16"), "", "is UTF-16"),
        (MANIFEST, "formt = 'mp3'", "'formt' is not a setting"),
        (MANIFEST, "model = 'nobody'", "Model 'nobody'"),
        (MANIFEST + "bad,,f2\n", "on_bad_rows = 'fail'", "row 3: The text is empty"),
    ],
)
def test_run_fails_in_one_paragraph(
    here: Here, engine: FakeEngine, manifest: str | bytes, toml: str, says: str
) -> None:
    """Whatever was put into the store by hand."""
    here.store.write("manifests/b.csv", manifest if isinstance(manifest, bytes) else manifest.encode())
    here.store.write("manifests/b.toml", toml.encode())
    code, out, err = here("run", "b")
    assert (code, out) == (1, "")
    where, paragraph = (
        err.strip().replace("\n", " ").split(str(here.folder / "dagster"))[0],
        err.strip().splitlines()[-1],
    )
    assert where.startswith("Dagster instance:")
    assert says in paragraph
    assert "Traceback" not in err
    assert "dagster" not in paragraph.lower().replace(str(here.folder).lower(), "")
    assert engine.spoken == []


def test_run_says_why_everything_failed(here: Here, engine: FakeEngine) -> None:
    here("submit", here.file("b.csv", MANIFEST))
    engine.fails = ""
    code, _, err = here("run", "b")
    assert code == 1
    assert err.strip().splitlines()[-1].startswith("Batch 'b' was not spoken: all 2 lines failed")
    assert [row["status"] for row in json.loads(here("results", "b", "--json")[1])["utterances"]] == ["failed"] * 2


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ("b", "Batch 'b' has a run already, waiting or going on, and this one does not wait for it."),
        ("c", "Other runs are going on (1), and this one does not wait for them: they share the device."),
    ],
)
def test_run_says_that_it_waits_for_nobody(here: Here, engine: FakeEngine, other: str, says: str) -> None:
    from f5_pipeline.defs.instance.instance import open_instance
    from tests.defs.story import going_on

    here("submit", here.file("b.csv", MANIFEST))
    with open_instance() as instance:
        going_on(instance, other)
    code, out, err = here("run", "b")
    assert code == 0
    assert out.startswith("2 ok,")
    assert [line for line in err.splitlines() if says in line] != []


def test_run_with_an_unreadable_reference(here: Here, engine: FakeEngine) -> None:
    here.store.write("voices/broken.wav", b"RIFF and nothing else")
    here.store.write("voices/broken.txt", b"What it should say.")
    here("submit", here.file("b.csv", "text,voice\nHello there.,broken\nGood morning.,f2\n"))
    code, out, err = here("run", "b")
    assert code == 0
    assert out.startswith("1 ok, 0 suspect, 0 failed, 1 rejected; 1 clip spoken,")
    assert "row 1: " in err
    assert "'broken' cannot be used" in err
    here("submit", here.file("b.csv", "text,voice\nHello there.,broken\n"))
    code, _, err = here("run", "b")
    assert (code, "Traceback" in err) == (1, False)
    assert "'anything_spoken' failed: Nothing was spoken: all 1 rows were rejected, the first" in err.splitlines()[-1]


# --- without torch, f5_tts and dagster ------------------------------------------------------------------------

_WITHOUT = """
import importlib.abc, sys

class Without(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("torch", "torchaudio", "f5_tts", "vocos", "dagster", "boto3"):
            raise ImportError(f"{name} was to be imported")

sys.meta_path.insert(0, Without())
from f5_pipeline.cli.main import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["results", "b", "--json"], '"status": "ok"'),
        (["results", "b"], "2 utterances"),
        (["fetch", "b", "out"], "files copied to out"),
        (["voices"], "every morning"),
        (["clean", "--dry-run"], "Would remove"),
    ],
)
def test_looking_up_needs_neither_torch_nor_dagster(here: Here, arguments: list[str], says: str) -> None:
    """So a look-up cannot speak."""
    write_results(here.store)
    done = subprocess.run([sys.executable, "-c", _WITHOUT, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert says in done.stdout


def test_a_reader_that_leaves_early_is_no_error(here: Here) -> None:
    write_index(here.store, "b", [IndexRow(f"line-{n}", "x", "words " * 9, "f2") for n in range(1000)])
    command = f"{sys.executable} -m f5_pipeline.cli.main results b; echo code $? >&2"
    done = subprocess.run(["bash", "-c", f"({command}) | head -1"], capture_output=True, text=True, check=False)
    assert done.stdout.split()[0] == "id"
    assert done.stderr == "code 0\n"
