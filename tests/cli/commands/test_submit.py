"""``submit``: which manifests are refused, what is stored, how a batch gets its name."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.cli.command_line import MANIFEST, CommandLine


@pytest.mark.parametrize(
    ("name", "data", "facts"),
    [
        ("missing.csv", None, ["No such file"]),
        ("empty.csv", "", ["empty"]),
        ("header.csv", "id,text,voice\n", ["no rows"]),
        ("columns.csv", "id,words\n1,hello\n", ["'text'"]),
        ("latin.csv", "id,text\n1,caf\xe9\n".encode("latin-1"), ["UTF-8", "line 2", "0xe9"]),
        ("utf16.csv", MANIFEST.encode("utf-16"), ["UTF-16"]),
        ("quote.csv", 'id,text\n1,"never closed\n', ["quote", "line 2"]),
        ("array.jsonl", '[{"text": "x"}]', ["JSON array"]),
        ("not.parquet", "PAR1", ["Parquet"]),
        ("letter.docx", b"PK\x03\x04", ["'.docx'"]),
    ],
)
def test_unreadable_manifest_is_refused(
    cli: CommandLine, name: str, data: str | bytes | None, facts: list[str]
) -> None:
    if data is not None:
        cli.write(name, data)
    error = cli.fails("submit", name)
    assert [fact for fact in (name, *facts) if fact not in error] == []
    assert cli.manifests() == {}
    assert cli.partitions() == set()


def test_folder_is_refused(cli: CommandLine) -> None:
    (cli.folder / "folder.csv").mkdir()
    assert "folder.csv" in cli.fails("submit", "folder.csv")


@pytest.mark.parametrize(
    ("toml", "facts"),
    [
        ("formt = 'mp3'", ["'formt'", "'format'"]),
        ("nfe_step = 0", ["'nfe_step'", "1"]),
        ("format = 'mp9'", ["'format'", "mp3"]),
        ("voice = '../x'", ["'voice'"]),
        ("= 3", ["TOML"]),
    ],
)
def test_invalid_batch_settings_are_refused(cli: CommandLine, toml: str, facts: list[str]) -> None:
    cli.write("x.csv", MANIFEST)
    cli.write("x.toml", toml)
    error = cli.fails("submit", "x.csv")
    assert [fact for fact in ("x.toml", *facts) if fact not in error] == []
    assert cli.manifests() == {}


def test_submit_stores_the_manifest_and_registers_the_partition(cli: CommandLine) -> None:
    code, out, _ = cli("submit", cli.write("chapter1.csv", MANIFEST))
    assert code == 0
    assert cli.manifests() == {"chapter1.csv": MANIFEST.encode()}
    assert cli.partitions() == {"chapter1"}
    assert str(cli.folder / "store") in out
    assert str(cli.folder / "dagster") in out
    assert out.endswith("f5-pipeline run chapter1\n")
    assert not (cli.folder / "store" / "batches").exists()


def test_submit_takes_the_settings_along_and_replaces_both(cli: CommandLine) -> None:
    cli.write("x.csv", MANIFEST)
    toml = cli.write("x.toml", 'format = "mp3"\n')
    cli("submit", "x.csv")
    assert cli.manifests() == {"x.csv": MANIFEST.encode(), "x.toml": b'format = "mp3"\n'}
    toml.write_text('format = "flac"\n')
    cli.write("x.csv", "text,voice\nAnother.,f2\n")
    cli("submit", "x.csv")
    assert cli.manifests() == {"x.csv": b"text,voice\nAnother.,f2\n", "x.toml": b'format = "flac"\n'}
    toml.unlink()
    (cli.folder / "x.csv").unlink()
    cli("submit", cli.write("x.jsonl", '{"text": "Hello.", "voice": "f2"}\n'))
    assert list(cli.manifests()) == ["x.jsonl"]
    assert cli.partitions() == {"x"}


def test_refused_resubmission_keeps_the_stored_files(cli: CommandLine) -> None:
    cli.write("x.csv", MANIFEST)
    cli.write("x.toml", 'format = "mp3"\n')
    cli("submit", "x.csv")
    before = cli.manifests()
    cli.write("x.toml", "nonsense = 1\n")
    cli.fails("submit", "x.csv")
    cli.write("x.csv", "words\nx\n")
    cli.fails("submit", "x.csv")
    assert cli.manifests() == before


@pytest.mark.parametrize(
    ("name", "batch"),
    [("Öl & Gas (2).csv", "Ol-Gas-2"), ("кни га 1.csv", "1"), ("..csv.csv", "csv"), ("a b.CSV", "a-b"), ("x.tsv", "x")],
)
def test_batch_is_named_after_the_file(cli: CommandLine, name: str, batch: str) -> None:
    data = MANIFEST.replace(",", "\t") if name.endswith("tsv") else MANIFEST
    code, out, err = cli("submit", cli.write(name, data))
    assert (code, err) == (0, "")
    assert repr(batch) in out
    assert cli.partitions() == {batch}


def test_file_name_without_usable_letters_needs_a_batch_name(cli: CommandLine) -> None:
    cli.write("книга.csv", MANIFEST)
    cli.fails("submit", "книга.csv")
    assert cli("submit", "книга.csv", "--batch", "kniga")[0] == 0
    assert cli.partitions() == {"kniga"}


@pytest.mark.slow
def test_concurrent_submissions_into_a_new_instance(cli: CommandLine) -> None:
    paths = [cli.write(f"m{number}.csv", MANIFEST) for number in range(3)]
    command = [sys.executable, "-m", "f5_pipeline.cli.main", "submit"]
    shutil.rmtree(cli.folder / "dagster")
    (cli.folder / "dagster").mkdir()
    cli.write("dagster/dagster.yaml", "telemetry: {enabled: false}\n")
    processes = [subprocess.Popen([*command, str(path)], stderr=subprocess.PIPE, text=True) for path in paths]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 3, errors
    assert "Traceback" not in "".join(errors)
    assert cli.partitions() == {"m0", "m1", "m2"}
