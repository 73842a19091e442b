"""``results`` and ``fetch``: JSON, table and links; damaged and hostile content; the copied files."""

from __future__ import annotations

import pytest

from f5_pipeline.cli.results_table import quality_of
from f5_pipeline.results.index import IndexRow, write_index
from f5_pipeline.results.manifest_files import manifest_files
from f5_pipeline.results.provenance import record_spoken
from f5_pipeline.storage.local import LocalStore
from tests.cli.command_line import CLIP, KEY, MANIFEST, CommandLine, write_results


def test_json_has_the_index_columns(cli: CommandLine) -> None:
    write_results(cli.store)
    code, document = cli.json("results", "b")
    assert (code, set(document), document["batch"]) == (0, {"batch", "utterances"}, "b")
    one, two = document["utterances"]
    assert list(one)[:12] == [
        *("id", "text", "spoken_text", "voice", "model", "status", "reason", "key", "clip"),
        *("audio_seconds", "seed", "attempts"),
    ]
    assert (one["status"], one["audio_seconds"], one["seed"], one["cached"]) == ("ok", 1.25, 7, False)
    assert (two["status"], two["reason"], two["audio_seconds"]) == ("rejected", "row 2: The text is empty.", None)
    assert two["note"] == "x"


def test_table_has_a_row_per_utterance_and_the_locations(cli: CommandLine) -> None:
    write_results(cli.store)
    code, out, err = cli("results", "b")
    assert (code, err) == (0, "")
    header, one, two, totals, audio, page = out.splitlines()
    assert header.split() == ["id", "status", "seconds", "quality", "voice", "text", "clip"]
    assert one.split() == ["one", "ok", "1.2", "length", "104%", "f2", "hello.", str(cli.folder / "store" / CLIP)]
    assert "row 2: The text is empty." in two
    assert totals == "2 utterances (1 ok, 1 rejected), 1.2 s of audio"
    assert audio == f"Audio:  {cli.folder / 'store/batches/b/audio'}"
    assert page == f"Listen: {cli.folder / 'store/batches/b/report.html'}"


def test_pipe_gets_the_full_path_of_a_clip(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(cli.folder.joinpath(*["a-long-name-of-a-folder" * 3] * 6))
    write_results(store)
    monkeypatch.setenv("F5_STORE", store.url)
    assert store.location(CLIP) in cli("results", "b")[1].splitlines()[1].split()


@pytest.mark.parametrize(
    ("quality", "shown"),
    [
        ({"duration_ratio": 0.5, "word_error_rate": 0.125}, "words 88%"),
        ({"duration_ratio": 0.5, "word_error_rate": 3}, "words 0%"),
        ({"duration_ratio": 0.5}, "length 50%"),
        ({"word_error_rate": 0.0, "speaker_similarity": 0.831, "mos": 3.16}, "words 100%, voice 0.83, MOS 3.2"),
        ({}, ""),
    ],
)
def test_quality_column_shows_the_most_informative_measures(quality: dict[str, float], shown: str) -> None:
    assert quality_of(IndexRow("one", "Hello.", quality=quality)) == shown


def test_changed_manifest_gives_a_warning(cli: CommandLine) -> None:
    cli("submit", cli.write("b.csv", MANIFEST))
    write_results(cli.store)
    version = manifest_files(cli.store, "b").version
    record_spoken(cli.store, "b", {"manifest": version}, 0)
    code, before, err = cli("results", "b", "--json")
    assert (code, err) == (0, "")
    cli("submit", cli.write("b.csv", MANIFEST.replace("one", "first")))
    code, after, warning = cli("results", "b", "--json")
    assert (code, after) == (0, before)
    assert "manifest has changed" in warning
    assert "f5-pipeline run b" in warning
    assert cli("results", "b")[2] == warning
    for info in list(cli.store.list("manifests/")):
        cli.store.delete(info.key)
    assert cli("results", "b")[2] == ""


def test_links_open_the_clips(cli: CommandLine) -> None:
    write_results(cli.store)
    url = (cli.folder / "store" / CLIP).as_uri()
    assert cli("results", "b", "--links", "60") == (0, f"one\t{url}\n", "")
    one, two = cli.json("results", "b", "--links", "60")[1]["utterances"]
    assert one["link"] == url
    assert "link" not in two
    assert cli("results", "b", "--links", "0")[0] == 2


def test_one_utterance(cli: CommandLine) -> None:
    write_results(cli.store)
    assert [row["id"] for row in cli.json("results", "b", "--id", "one")[1]["utterances"]] == ["one"]
    error = cli.fails("results", "b", "--id", "three")
    assert [fact for fact in ("'b'", "'three'", "one", "two") if fact not in error] == []


def test_batch_that_has_not_been_spoken(cli: CommandLine) -> None:
    cli("submit", cli.write("b.csv", MANIFEST))
    code, out, err = cli("results", "b")
    assert (code, err) == (0, "")
    assert "f5-pipeline run b" in out
    assert cli.json("results", "b")[1] == {"batch": "b", "utterances": []}
    assert "f5-pipeline run b" in cli.fails("results", "b", "--id", "one")
    assert "f5-pipeline run b" in cli.fails("fetch", "b", "out")


def test_damaged_index(cli: CommandLine) -> None:
    cli.store.write("batches/b/index.parquet", b"PAR1 not really")
    error = cli.fails("results", "b")
    assert "index.parquet" in error
    assert "again" in error


def test_hostile_texts_are_printed_without_control_characters(cli: CommandLine) -> None:
    """Escape sequences could rename a window or hide lines; rich's own markup must not take effect either."""
    rows = [IndexRow("one", "x", "\x1b]0;evil\x07\x1b[2J[red]hello[/red] \u202e", "f2", key=KEY, clip="clips/x")]
    write_index(cli.store, "b", rows)
    _, out, _ = cli("results", "b")
    assert "[red]hello[/red]" in out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert cli.json("results", "b")[1]["utterances"][0]["spoken_text"] == rows[0].spoken_text


def test_long_text_is_truncated_in_the_table(cli: CommandLine) -> None:
    write_index(cli.store, "b", [IndexRow("one", "x", "many words " * 50, "f2")])
    assert "many words many words" in cli("results", "b")[1]
    assert all(len(line) < 250 for line in cli("results", "b")[1].splitlines())


def test_fetch_copies_the_delivered_files_once(cli: CommandLine) -> None:
    write_results(cli.store)
    code, out, err = cli("fetch", "b", "out")
    assert (code, err) == (0, "")
    assert (cli.folder / "out" / "audio" / "one.wav").read_bytes() == b"RIFF"
    assert (cli.folder / "out" / "report.html").exists()
    copied = int(out.split()[0])
    again = cli("fetch", "b", "out")[1]
    assert again.startswith("0 files copied to out, ")
    assert f" {copied} " in again


def test_fetch_into_a_file_is_refused(cli: CommandLine) -> None:
    write_results(cli.store)
    cli.write("out", "")
    assert "out" in cli.fails("fetch", "b", "out")
